"""Dispatch of a file to the reader of its format."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import DataFile, classify
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_slices import RecordSlices
from cdp_etl.normalize.readers.byte_stream import ByteSource, ReadBounds
from cdp_etl.normalize.readers.csv.rows import read_csv
from cdp_etl.normalize.readers.json.ndjson import read_lines
from cdp_etl.normalize.readers.json.payload import expand_payload_lines
from cdp_etl.normalize.readers.json.rows import JsonRows
from cdp_etl.normalize.readers.json.stream import read_json
from cdp_etl.normalize.readers.parquet.rows import read_parquet
from cdp_etl.normalize.record_batch import RecordBatch

MAX_ROWS: Final = 200_000
"""Records per batch: more very short records would exceed the memory once they are validated."""


def decode(entity: Entity, file: str, path: Path, bounds: ReadBounds) -> Iterator[RecordBatch]:
    """Yield the records of a file in batches; a companion file has none.

    Args:
        entity: The entity of the records.
        file: Path within the dump; its name determines the format.
        path: Path on disk.
        bounds: Limits on memory and decompressed size.

    Raises:
        DumpUnreadableError: If the file cannot be read to its end.
    """
    kind = classify(file)
    if not isinstance(kind, DataFile):
        return
    if kind.encrypted:
        raise DumpUnreadableError(file, "is encrypted; expected it decrypted by landing")
    source = ByteSource(file, path, kind.compression, bounds)
    match kind.format:
        case "ndjson":
            for slices in read_lines(source):
                yield from _json_rows(entity, expand_payload_lines(slices))
        case "json":
            for slices in read_json(source):
                yield from _json_rows(entity, slices)
        case "csv":
            for rows in read_csv(entity, source):
                yield from rows.chunks(MAX_ROWS)
        case "parquet":
            yield from read_parquet(entity, file, path, bounds)


def _json_rows(entity: Entity, slices: RecordSlices) -> Iterator[JsonRows]:
    for _, chunk in slices.chunks(MAX_ROWS):
        yield JsonRows(entity, chunk)
