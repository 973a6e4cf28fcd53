"""From a delivered file to batches of rows, by its format.

Put here which decoder reads a file. How a format is read stands in that format's own modules.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import DataFile, classify
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_slices import Texts
from cdp_etl.normalize.readers.byte_stream import ByteSource, ReadBounds
from cdp_etl.normalize.readers.csv.rows import read_csv
from cdp_etl.normalize.readers.json.file import read_json
from cdp_etl.normalize.readers.json.ndjson import read_lines
from cdp_etl.normalize.readers.json.payload import open_payload_lines
from cdp_etl.normalize.readers.json.rows import JsonRows
from cdp_etl.normalize.readers.parquet.rows import read_parquet
from cdp_etl.normalize.record_batch import Rows

MOST_ROWS: Final = 200_000
"""Records in one batch: very short ones would make more of them than fit into memory once they are judged."""


def decode(entity: Entity, file: str, path: Path, bounds: ReadBounds) -> Iterator[Rows]:
    """Give the records of a file in batches; a companion file holds none.

    Args:
        entity: What the records are of.
        file: Path within the dump: its name says the format.
        path: Where the file lies.
        bounds: How much of it is held at once, and how far it may expand.

    Raises:
        DumpUnreadableError: where the file cannot be read to its end.
    """
    kind = classify(file)
    if not isinstance(kind, DataFile):
        return
    if kind.encrypted:
        raise DumpUnreadableError(file, "is encrypted; expected it decrypted by landing")
    source = ByteSource(file, path, kind.compression, bounds)
    match kind.format:
        case "ndjson":
            for texts in read_lines(source):
                yield from _json_rows(entity, open_payload_lines(texts))
        case "json":
            for texts in read_json(source):
                yield from _json_rows(entity, texts)
        case "csv":
            for rows in read_csv(entity, source):
                yield from rows.pieces(MOST_ROWS)
        case "parquet":
            yield from read_parquet(entity, file, path, bounds)


def _json_rows(entity: Entity, texts: Texts) -> Iterator[JsonRows]:
    for _, piece in texts.pieces(MOST_ROWS):
        yield JsonRows(entity, piece)
