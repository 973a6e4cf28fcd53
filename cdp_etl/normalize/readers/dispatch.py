"""Dispatch of a file to the reader of its format."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import DataFile, DataFormat, classify
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.file_findings import FileFindings
from cdp_etl.normalize.readers.byte_slices import RecordSlices
from cdp_etl.normalize.readers.byte_stream import ByteSource, ReadBounds
from cdp_etl.normalize.readers.csv.dialect import is_csv
from cdp_etl.normalize.readers.csv.rows import read_csv
from cdp_etl.normalize.readers.json.ndjson import read_lines
from cdp_etl.normalize.readers.json.payload import expand_lines
from cdp_etl.normalize.readers.json.rows import JsonRows
from cdp_etl.normalize.readers.json.shape import JsonShape, is_json, json_shape
from cdp_etl.normalize.readers.json.stream import read_json
from cdp_etl.normalize.readers.json.values import read_values
from cdp_etl.normalize.readers.parquet.rows import read_parquet
from cdp_etl.normalize.readers.recognition import is_parquet, recognise_bytes
from cdp_etl.normalize.record_batch import RecordBatch

MAX_ROWS: Final = 200_000
"""Records per batch: more very short records would exceed the memory once they are validated."""


def decode(
    entity: Entity, file: str, path: Path, bounds: ReadBounds, findings: FileFindings | None = None
) -> Iterator[RecordBatch]:
    """Yield the records of a file in batches; a companion file has none.

    Args:
        entity: The entity of the records.
        file: Path within the dump; its name determines the format, or its content if the name says none.
        path: Path on disk.
        bounds: Limits on memory and decompressed size.
        findings: Receives what is recognised in the file beyond its name.

    Raises:
        DumpUnreadableError: If the file cannot be read to its end.
    """
    kind = classify(file)
    if not isinstance(kind, DataFile):
        return
    if kind.encrypted:
        raise DumpUnreadableError(file, "is encrypted; expected it decrypted by landing")
    found = findings or FileFindings()
    delivered = ByteSource(file, path, kind.compression, bounds, found)
    if kind.format == "parquet" or (kind.format is None and is_parquet(delivered)):
        yield from read_parquet(entity, file, path, bounds, found)
        return
    source, head = recognise_bytes(delivered)
    if _is_json(entity, source, kind.format, head):
        for slices in _read_json_file(entity, source, json_shape(source, kind.format, head)):
            yield from _json_rows(entity, slices)
        return
    for rows in read_csv(entity, source, head):
        yield from rows.chunks(MAX_ROWS)


def _is_json(entity: Entity, source: ByteSource, named: DataFormat | None, head: bytes) -> bool:
    """Return whether a file is JSON, by its name if that says so, else by its content. Any other file is CSV.

    Raises:
        DumpUnreadableError: If the name says no format, and the content is not unmistakable.
    """
    if named in {"ndjson", "json"} or is_json(head):
        return True
    if named is None and not is_csv(entity, head):
        fact = "its name says no format, and it begins neither as JSON nor with the names of fields as CSV does"
        raise DumpUnreadableError(
            source.file, fact if head.strip() else "its name says no format, and it is empty"
        )
    return False


def _read_json_file(entity: Entity, source: ByteSource, shape: JsonShape) -> Iterator[RecordSlices]:
    match shape:
        case JsonShape.DOCUMENT:
            yield from read_json(entity, source)
        case JsonShape.LINES:
            for slices in read_lines(source):
                yield expand_lines(entity, source, slices)
        case JsonShape.VALUES:
            for slices in read_values(source):
                yield expand_lines(entity, source, slices)


def _json_rows(entity: Entity, slices: RecordSlices) -> Iterator[JsonRows]:
    for _, chunk in slices.chunks(MAX_ROWS):
        yield JsonRows(entity, chunk)
