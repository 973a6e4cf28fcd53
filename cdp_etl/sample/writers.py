"""Writers of a dump's parts: text, optionally compressed, or Parquet.

Equal records produce equal bytes, because parts contain neither the time of writing nor a file name.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from isal import igzip

from cdp_etl.contract.file_names import Compression
from cdp_etl.sample.text_formats import TextFormat

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_GZIP_LEVEL: Final = 2
_ZSTD_LEVEL: Final = 3


class _Writable(Protocol):
    def write(self, data: bytes, /) -> int: ...


class TextWriter:
    """Write encoded records to a part, with the format's prefix, separator and suffix."""

    def __init__(self, target: _Writable, text: TextFormat) -> None:
        self._target = target
        self._text = text
        self._has_records = False

    def write(self, lines: Iterable[bytes]) -> None:
        """Write encoded records."""
        body = self._text.separator.join(lines)
        if body:
            self._target.write(self._text.separator if self._has_records else self._text.prefix)
            self._target.write(body)
            self._has_records = True

    def close(self) -> None:
        """Write the suffix, or the text of an empty file."""
        self._target.write(self._text.suffix if self._has_records else self._text.empty)


@contextmanager
def open_text(path: Path, compression: Compression, text: TextFormat) -> Iterator[TextWriter]:
    """Open a text part. Its suffix is written if the block ends without an error."""
    with path.open("wb") as file, _compressed(file, compression) as target:
        sink = TextWriter(target, text)
        yield sink
        sink.close()


@contextmanager
def open_parquet(path: Path, empty: pl.DataFrame) -> Iterator[pq.ParquetWriter]:
    """Open a Parquet part with the schema of an empty frame."""
    with pq.ParquetWriter(path, to_arrow(empty).schema, compression="zstd") as writer:
        yield writer


def to_arrow(frame: pl.DataFrame) -> pa.Table:
    """Convert a frame to Arrow, with a text type that other tools can read."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


@contextmanager
def _compressed(file: BinaryIO, compression: Compression) -> Iterator[_Writable]:
    match compression:
        case "none":
            yield file
        case "gz":
            with igzip.IGzipFile(  # type: ignore[no-untyped-call] # isal types its functions, not this class
                "", "wb", _GZIP_LEVEL, file, mtime=0
            ) as packed:
                yield cast("_Writable", packed)
        case "zst":
            with zstd.ZstdFile(file, "wb", level=_ZSTD_LEVEL) as packed:
                yield cast("_Writable", packed)
