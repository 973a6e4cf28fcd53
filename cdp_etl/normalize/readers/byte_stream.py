"""Stream of a file's decompressed bytes in bounded blocks, and the limits on its size.

A file is read to its end or the dump is refused. The readers of the formats interpret the bytes.
"""

import codecs
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Protocol

from backports.zstd import ZstdDecompressor, ZstdError
from isal import igzip_lib

from cdp_etl.contract.file_names import Compression
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.file_findings import FileFindings

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
MARKS_WITHIN: Final = "byte order marks at the start of lines, which are ignored"
"""A finding: files or gzip members with a byte order mark each were joined."""
OTHER_BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
"""First bytes of UTF-16 and UTF-32 files."""

MAX_COLUMNS: Final = 5_000
"""Default number of columns of a CSV or Parquet file."""

_READ_BYTES: Final = 1 << 20
_FIRST_STEP: Final = 1 << 11
"""Bytes of a member that are read first; the steps double.

The rest of a step is copied after each member: with long steps, many empty members cost five times as much.
"""
_CORRUPT: Final[tuple[Any, ...]] = (igzip_lib.IsalError, ZstdError)  # one of them is typed as an instance
_MIN_BYTES_FOR_RATIO: Final = 32 << 20
"""Decompressed bytes up to which the ratio is not checked: short files may compress very well."""


@dataclass(frozen=True, slots=True)
class ExpansionBound:
    """Limits on the decompressed size of a file, against decompression bombs.

    Attributes:
        ratio: Decompressed bytes per byte of the file, checked after 32 MiB of decompressed bytes.
        bytes: Decompressed bytes of one file.
    """

    ratio: float = 1000.0
    bytes: int = 1 << 40

    def fault(self, unpacked: int, delivered: int) -> str | None:
        """Return why a file may not expand to a number of bytes, or None if it may."""
        if unpacked > self.bytes:
            return f"expands to more than the limit of {self.bytes} bytes"
        if unpacked > _MIN_BYTES_FOR_RATIO and unpacked > delivered * self.ratio:
            return f"expands to more than {self.ratio:g} times its size"
        return None


@dataclass(frozen=True, slots=True)
class ReadBounds:
    """Limits on the memory used to read a file.

    Attributes:
        batch_bytes: Approximate number of bytes per batch.
        record_bytes: Maximum length of a record.
        expansion: Limits on the decompressed size.
        columns: Maximum number of columns of a CSV or Parquet file.
    """

    batch_bytes: int
    record_bytes: int
    expansion: ExpansionBound = ExpansionBound()
    columns: int = MAX_COLUMNS


@dataclass(frozen=True, slots=True)
class ByteSource:
    """A file that can be read from its beginning, more than once.

    Attributes:
        file: Path within the dump, for messages.
        path: Path on disk.
        compression: Compression, by the file's name or its first bytes.
        bounds: Limits on memory and decompressed size.
        findings: Findings about the files of the dump.
        encoding: Encoding that is converted to UTF-8; None if the bytes are read as they are.
    """

    file: str
    path: Path
    compression: Compression
    bounds: ReadBounds
    findings: FileFindings = field(default_factory=FileFindings)
    encoding: str | None = None

    def note(self, fact: str) -> None:
        """Add a finding about the file."""
        self.findings.add(self.file, fact)

    def head(self, size: int) -> bytes:
        """Return the first `size` bytes of the decompressed file, or all if it is shorter."""
        found = b""
        for block in self._blocks(size):
            found += block
            if len(found) >= size:
                break
        return found[:size]

    def blocks(self, density: int = 1) -> Iterator[bytes]:
        """Yield the decompressed bytes in blocks of `batch_bytes`; the last one is shorter, none is empty.

        Args:
            density: Records per byte of the format, relative to JSON. Blocks are shorter by this factor, so that
                batches of all formats use the same memory.

        Raises:
            DumpUnreadableError: If the file cannot be opened, is truncated or corrupt, or exceeds a limit.
        """
        return self._blocks(self.bounds.batch_bytes // density)

    def _blocks(self, block_bytes: int) -> Iterator[bytes]:
        blocks = self._delivered(block_bytes)
        return blocks if self.encoding is None else _as_utf_8(self, self.encoding, blocks)

    def _delivered(self, block_bytes: int) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as stream:
                if self.compression == "none":
                    while block := stream.read(block_bytes):
                        yield block
                else:
                    yield from _rechunk(_decompress(self, stream), block_bytes)
        except OSError as error:
            raise DumpUnreadableError(self.file, f"cannot be read ({error.strerror})") from error


class _Decompressor(Protocol):
    """Common interface of both libraries' streaming decompressors: each decompresses one member or frame."""

    @property
    def eof(self) -> bool:
        """True after the end of the member."""

    @property
    def needs_input(self) -> bool:
        """True if more output needs more input."""

    @property
    def unused_data(self) -> bytes:
        """Input after the end of the member."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Decompress data and return at most `max_length` bytes."""


def _new_member(compression: Compression) -> _Decompressor:
    if compression == "gz":
        return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return ZstdDecompressor()


def _decompress(source: ByteSource, stream: IO[bytes]) -> Iterator[bytes]:
    """Decompress all members of a file: concatenated members are one file, and each must be complete."""
    member = _new_member(source.compression)
    member_offset = bytes_in = bytes_out = 0
    file_bytes = os.fstat(stream.fileno()).st_size
    step = _FIRST_STEP
    while data := stream.read(step):
        bytes_in += len(data)
        while True:
            if member.eof and not data.strip(b"\0"):
                source.note("bytes of zero behind the compressed data, which are ignored")
                break
            if member.eof:
                member_offset, step = bytes_in - len(data), _FIRST_STEP
                member = _new_member(source.compression)
            try:
                block = member.decompress(data, _READ_BYTES)
            except _CORRUPT as error:
                fact = f"corrupt {source.compression} data in the member from offset {member_offset} ({error})"
                raise DumpUnreadableError(source.file, fact, bytes_in - len(data)) from None
            bytes_out += len(block)
            fault = source.bounds.expansion.fault(bytes_out, file_bytes)
            if fault is not None:
                raise DumpUnreadableError(source.file, fault, bytes_in)
            if block:
                yield block
            data = member.unused_data if member.eof else b""
            if not data and (member.eof or member.needs_input):
                break
        step = min(2 * step, _READ_BYTES)
    if not member.eof:
        fact = f"cut short: the {source.compression} member from offset {member_offset} has no end"
        raise DumpUnreadableError(source.file, fact, bytes_in)


def _as_utf_8(source: ByteSource, encoding: str, blocks: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    offset = 0
    try:
        for block in blocks:
            if text := decoder.decode(block):
                yield text.encode()
            offset += len(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise DumpUnreadableError(
            source.file, f"not {encoding.upper()}, as which it begins", offset + error.start
        ) from None


def _rechunk(chunks: Iterator[bytes], block_bytes: int) -> Iterator[bytes]:
    """Join chunks into blocks of equal size."""
    pending: list[bytes] = []
    size = 0
    for chunk in chunks:
        pending.append(chunk)
        size += len(chunk)
        while size >= block_bytes:
            joined = b"".join(pending)
            yield joined[:block_bytes]
            rest = joined[block_bytes:]
            pending, size = [rest], len(rest)
    if size:
        yield b"".join(pending)
