"""Rows of a query, from Arrow batches: as Python values, and as files."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from cdp_etl.cli.output import json_value, write_csv
from cdp_etl.export_file import export_file


def rows_of(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows. From Arrow, because timestamps with a zone as DuckDB's own values require pytz."""
    for batch in batches:
        columns = [column.to_pylist(maps_as_pydicts="strict") for column in batch.columns]
        yield from zip(*columns, strict=True)


def write_rows(schema: pa.Schema, batches: Iterable[pa.RecordBatch], target: Path, *, is_exact: bool) -> int:
    """Write the rows to a new file in the format of its suffix, and return their number.

    Args:
        schema: Columns of the batches.
        batches: The rows.
        target: The file; its suffix is one of OUTPUT_SUFFIXES.
        is_exact: Whether texts that look like formulas stay as they are in CSV.

    Raises:
        ExportExistsError: If the file exists.
        SheetLimitError: If the rows do not fit into a sheet of an .xlsx file.
    """
    with export_file(target) as unfinished:
        return _WRITERS[target.suffix](schema, batches, unfinished, is_exact)


def _write_csv(schema: pa.Schema, batches: Iterable[pa.RecordBatch], path: Path, is_exact: bool) -> int:  # noqa: FBT001
    with path.open("w", encoding="utf-8", newline="") as file:
        return write_csv(file, schema.names, rows_of(batches), is_exact=is_exact)


def _write_ndjson(schema: pa.Schema, batches: Iterable[pa.RecordBatch], path: Path, _is_exact: bool) -> int:  # noqa: FBT001
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for row in rows_of(batches):
            values = dict(zip(schema.names, row, strict=True))
            file.write(json.dumps(values, ensure_ascii=False, default=json_value) + "\n")
            count += 1
    return count


def write_parquet(schema: pa.Schema, batches: Iterable[pa.RecordBatch], target: Path | IO[bytes]) -> int:
    """Write rows as Parquet to a file or a stream, and return their number."""
    count = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def _write_parquet(schema: pa.Schema, batches: Iterable[pa.RecordBatch], path: Path, _is_exact: bool) -> int:  # noqa: FBT001
    return write_parquet(schema, batches, path)


def _write_xlsx(schema: pa.Schema, batches: Iterable[pa.RecordBatch], path: Path, _is_exact: bool) -> int:  # noqa: FBT001
    from cdp_etl.cli.xlsx_rows import write_xlsx  # noqa: PLC0415 - for this format alone

    return write_xlsx(schema, rows_of(batches), path)


_WRITERS: Final[dict[str, Callable[[pa.Schema, Iterable[pa.RecordBatch], Path, bool], int]]] = {
    ".csv": _write_csv,
    ".ndjson": _write_ndjson,
    ".parquet": _write_parquet,
    ".xlsx": _write_xlsx,
}
OUTPUT_SUFFIXES: Final = tuple(_WRITERS)
