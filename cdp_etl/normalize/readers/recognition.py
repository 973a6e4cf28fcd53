"""Recognition of a file's bytes: compression and encoding that the name does not say but the first bytes show.

Only the head of a file is read. What is recognised is a finding. What cannot be read is refused with its cause.
"""

from dataclasses import replace
from typing import Final

from cdp_etl.contract.file_names import Compression
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_stream import ByteSource

HEAD_BYTES: Final = 1 << 16
"""Decompressed bytes of a file that recognition looks at."""

_COMPRESSIONS: Final[dict[bytes, tuple[Compression, str]]] = {
    b"\x1f\x8b\x08": ("gz", "gzip"),
    b"\x28\xb5\x2f\xfd": ("zst", "Zstandard"),
}
_PARQUET: Final = b"PAR1"
_OTHER_FORMATS: Final = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    _PARQUET: "Parquet; expected .parquet as the end of its name",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "PDF",
    b"\x1f\x8b\x08": "gzip within the file's compression; it is compressed twice",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}
_UTF_32_MARKS: Final = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_UTF_16_MARKS: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_PROBED_BYTES: Final = 512
_MIN_NUL_SHARE: Final = 0.7
"""Share of NUL among every second byte, from which text is UTF-16 without a byte order mark: ASCII gives 1."""


def is_parquet(source: ByteSource) -> bool:
    """Return whether a file whose name says no format is Parquet, and note it."""
    found = source.compression == "none" and source.head(len(_PARQUET)) == _PARQUET
    if found:
        source.note("its content is Parquet, although its name says no format")
    return found


def recognise_bytes(source: ByteSource) -> tuple[ByteSource, bytes]:
    """Return the source with its compression and encoding as its first bytes show them, and its head in UTF-8.

    Raises:
        DumpUnreadableError: If the bytes are of another format, or cannot be read.
    """
    if source.compression == "none":
        magic = source.head(len(b"\x28\xb5\x2f\xfd"))
        for start, (compression, name) in _COMPRESSIONS.items():
            if magic.startswith(start):
                source.note(f"compressed with {name}, although its name does not say so")
                source = replace(source, compression=compression)
    head = source.head(HEAD_BYTES)
    for start, name in _OTHER_FORMATS.items():
        if head.startswith(start):
            raise DumpUnreadableError(source.file, f"the content is {name}", 0)
    encoding = _utf_16(head)
    if encoding is not None:
        source.note("UTF-16, read as if it were UTF-8; offsets and stored bytes are of its UTF-8 form")
        source = replace(source, encoding=encoding)
        head = source.head(HEAD_BYTES)
    return source, head


def _utf_16(head: bytes) -> str | None:
    if head.startswith(_UTF_32_MARKS):
        return None
    for mark, encoding in _UTF_16_MARKS.items():
        if head.startswith(mark):
            return encoding
    probed = head[:_PROBED_BYTES]
    half = len(probed) // 2
    at_even, at_odd = probed[0::2].count(0), probed[1::2].count(0)
    if half > 1 and not at_even and at_odd >= half * _MIN_NUL_SHARE:
        return "utf-16-le"
    return "utf-16-be" if half > 1 and not at_odd and at_even >= half * _MIN_NUL_SHARE else None
