"""A delivered file as a stream of its decompressed bytes, in bounded blocks, read to its end or refused.

Put here compression and its bounds. What the bytes mean is decided by each format's own module.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

from backports.zstd import ZstdDecompressor, ZstdError
from isal import igzip_lib

from cdp_etl.contract.file_names import Compression
from cdp_etl.normalize.errors import DumpUnreadableError

_READ_BYTES: Final = 1 << 20
_CORRUPT: Final[tuple[Any, ...]] = (igzip_lib.IsalError, ZstdError)  # one of them is typed as an instance
_EXPANSION_FLOOR: Final = 256 << 20
"""Bytes that any file may expand to: a ratio says something of long files only."""


@dataclass(frozen=True, slots=True)
class ExpansionBound:
    """How far a compressed file may expand before it is taken for a bomb.

    Attributes:
        ratio: Decompressed bytes to compressed ones, held against a file once it gave 256 MiB.
        bytes: Decompressed bytes of one file.
    """

    ratio: float = 1000.0
    bytes: int = 1 << 40


@dataclass(frozen=True, slots=True)
class ReadBounds:
    """How much of a file is held in memory at once.

    Attributes:
        batch_bytes: About how much is read at once.
        record_bytes: The longest record.
        expansion: How far a compressed file may expand.
    """

    batch_bytes: int
    record_bytes: int
    expansion: ExpansionBound = ExpansionBound()


@dataclass(frozen=True, slots=True)
class ByteSource:
    """A file that can be read from its beginning, more than once.

    Attributes:
        file: Path within the dump, for messages.
        path: Where it lies.
        compression: How it is compressed, by its name.
        bounds: How much of it is held at once, and how far it may expand.
    """

    file: str
    path: Path
    compression: Compression
    bounds: ReadBounds

    def blocks(self, denser: int = 1) -> Iterator[bytes]:
        """Give its decompressed bytes in blocks of `batch_bytes`, the last one shorter, none empty.

        Args:
            denser: How many times as many records as JSON has the format puts into a byte; the blocks are as
                much shorter, so that batches take the same memory.

        Raises:
            DumpUnreadableError: where it cannot be opened, is cut or corrupt, or expands beyond the bound.
        """
        block_bytes = self.bounds.batch_bytes // denser
        try:
            with self.path.open("rb") as stream:
                if self.compression == "none":
                    while block := stream.read(block_bytes):
                        yield block
                else:
                    yield from _gathered(_decompressed(self, stream), block_bytes)
        except OSError as error:
            raise DumpUnreadableError(self.file, f"cannot be read ({error.strerror})") from error


class _Decompressor(Protocol):
    """What both libraries' streaming decompressors have in common: one member or frame each."""

    @property
    def eof(self) -> bool:
        """Whether the member's end was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out without more going in."""

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the member's end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take in data and give at most so many bytes."""


def _new_member(compression: Compression) -> _Decompressor:
    if compression == "gz":
        return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    return ZstdDecompressor()


def _decompressed(source: ByteSource, stream: IO[bytes]) -> Iterator[bytes]:
    """Decompress all members of a file: concatenated ones are one file, and each must be whole."""
    member = _new_member(source.compression)
    member_offset = taken = given = 0
    while data := stream.read(_READ_BYTES):
        taken += len(data)
        while True:
            if member.eof:
                member_offset = taken - len(data)
                member = _new_member(source.compression)
            try:
                block = member.decompress(data, _READ_BYTES)
            except _CORRUPT as error:
                fact = f"corrupt {source.compression} data in the member from offset {member_offset} ({error})"
                raise DumpUnreadableError(source.file, fact, taken - len(data)) from None
            given += len(block)
            _hold_to_bound(source, given, taken)
            if block:
                yield block
            data = member.unused_data if member.eof else b""
            if not data and (member.eof or member.needs_input):
                break
    if not member.eof:
        fact = f"cut short: the {source.compression} member from offset {member_offset} has no end"
        raise DumpUnreadableError(source.file, fact, taken)


def _hold_to_bound(source: ByteSource, given: int, taken: int) -> None:
    bound = source.bounds.expansion
    if given > bound.bytes:
        raise DumpUnreadableError(source.file, f"expands to more than the limit of {bound.bytes} bytes", taken)
    if given > _EXPANSION_FLOOR and given > taken * bound.ratio:
        fact = f"expands to more than {bound.ratio:g} times its size"
        raise DumpUnreadableError(source.file, fact, taken)


def _gathered(pieces: Iterator[bytes], block_bytes: int) -> Iterator[bytes]:
    gathered: list[bytes] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        while size >= block_bytes:
            joined = b"".join(gathered)
            yield joined[:block_bytes]
            rest = joined[block_bytes:]
            gathered, size = [rest], len(rest)
    if size:
        yield b"".join(gathered)
