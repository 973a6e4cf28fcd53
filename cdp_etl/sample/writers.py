"""Where a dump's parts are written to: text, plain or compressed, or Parquet. One batch after another.

The same records give the same bytes: no time of writing and no file name goes into a part.
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
    """Writes records' text to a part, with the format's text around and between them."""

    def __init__(self, target: _Writable, text: TextFormat) -> None:
        self._target = target
        self._text = text
        self._is_begun = False

    def write(self, lines: Iterable[bytes]) -> None:
        """Write the text of some records."""
        body = self._text.separator.join(lines)
        if body:
            self._target.write(self._text.separator if self._is_begun else self._text.prefix)
            self._target.write(body)
            self._is_begun = True

    def close(self) -> None:
        """Write what stands at the end."""
        self._target.write(self._text.suffix if self._is_begun else self._text.empty)


@contextmanager
def open_text(path: Path, compression: Compression, text: TextFormat) -> Iterator[TextWriter]:
    """Open a part for text, and finish it when the block ends well."""
    with path.open("wb") as file, _compressed(file, compression) as target:
        sink = TextWriter(target, text)
        yield sink
        sink.close()


@contextmanager
def open_parquet(path: Path, empty: pl.DataFrame) -> Iterator[pq.ParquetWriter]:
    """Open a part for frames like this empty one."""
    with pq.ParquetWriter(path, to_arrow(empty).schema, compression="zstd") as writer:
        yield writer


def to_arrow(frame: pl.DataFrame) -> pa.Table:
    """Give the frame as Arrow, with text as other tools read it too."""
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
