"""Stream of a file's decompressed bytes in bounded blocks, and the limits on its size.

A file is read to its end or the dump is refused. The readers of the formats interpret the bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

from backports.zstd import ZstdDecompressor, ZstdError
from isal import igzip_lib

from cdp_etl.contract.file_names import Compression
from cdp_etl.normalize.errors import DumpUnreadableError

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
OTHER_BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
"""First bytes of UTF-16 and UTF-32 files."""

_READ_BYTES: Final = 1 << 20
_CORRUPT: Final[tuple[Any, ...]] = (igzip_lib.IsalError, ZstdError)  # one of them is typed as an instance
_MIN_BYTES_FOR_RATIO: Final = 256 << 20
"""Decompressed bytes up to which the ratio is not checked: short files may compress very well."""


@dataclass(frozen=True, slots=True)
class ExpansionBound:
    """Limits on the decompressed size of a file, against decompression bombs.

    Attributes:
        ratio: Decompressed bytes per compressed byte, checked after 256 MiB of decompressed bytes.
        bytes: Decompressed bytes of one file.
    """

    ratio: float = 1000.0
    bytes: int = 1 << 40


@dataclass(frozen=True, slots=True)
class ReadBounds:
    """Limits on the memory used to read a file.

    Attributes:
        batch_bytes: Approximate number of bytes per batch.
        record_bytes: Maximum length of a record.
        expansion: Limits on the decompressed size.
    """

    batch_bytes: int
    record_bytes: int
    expansion: ExpansionBound = ExpansionBound()


@dataclass(frozen=True, slots=True)
class ByteSource:
    """A file that can be read from its beginning, more than once.

    Attributes:
        file: Path within the dump, for messages.
        path: Path on disk.
        compression: Compression, by the file's name.
        bounds: Limits on memory and decompressed size.
    """

    file: str
    path: Path
    compression: Compression
    bounds: ReadBounds

    def blocks(self, density: int = 1) -> Iterator[bytes]:
        """Yield the decompressed bytes in blocks of `batch_bytes`; the last one is shorter, none is empty.

        Args:
            density: Records per byte of the format, relative to JSON. Blocks are shorter by this factor, so that
                batches of all formats use the same memory.

        Raises:
            DumpUnreadableError: If the file cannot be opened, is truncated or corrupt, or exceeds a limit.
        """
        block_bytes = self.bounds.batch_bytes // density
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
    while data := stream.read(_READ_BYTES):
        bytes_in += len(data)
        while True:
            if member.eof:
                member_offset = bytes_in - len(data)
                member = _new_member(source.compression)
            try:
                block = member.decompress(data, _READ_BYTES)
            except _CORRUPT as error:
                fact = f"corrupt {source.compression} data in the member from offset {member_offset} ({error})"
                raise DumpUnreadableError(source.file, fact, bytes_in - len(data)) from None
            bytes_out += len(block)
            _check_expansion(source, bytes_out, bytes_in)
            if block:
                yield block
            data = member.unused_data if member.eof else b""
            if not data and (member.eof or member.needs_input):
                break
    if not member.eof:
        fact = f"cut short: the {source.compression} member from offset {member_offset} has no end"
        raise DumpUnreadableError(source.file, fact, bytes_in)


def _check_expansion(source: ByteSource, bytes_out: int, bytes_in: int) -> None:
    bound = source.bounds.expansion
    if bytes_out > bound.bytes:
        fact = f"expands to more than the limit of {bound.bytes} bytes"
        raise DumpUnreadableError(source.file, fact, bytes_in)
    if bytes_out > _MIN_BYTES_FOR_RATIO and bytes_out > bytes_in * bound.ratio:
        fact = f"expands to more than {bound.ratio:g} times its size"
        raise DumpUnreadableError(source.file, fact, bytes_in)


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
