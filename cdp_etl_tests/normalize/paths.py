"""Comparison of the fast path with the reference path, for every input that a reader can decode."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.table import validated_columns
from cdp_etl.normalize.fast_path.validate import validate_columns
from cdp_etl.normalize.readers.byte_stream import ReadBounds
from cdp_etl.normalize.readers.dispatch import decode
from cdp_etl.normalize.record_batch import ROW, RecordBatch
from cdp_etl.normalize.reference_path import Accepted, Quarantined, validate_record
from cdp_etl_tests.normalize.harness import DUMP_DATE

CONTEXT = ValidationContext(NormalizationSettings(epoch_is_utc=frozenset({"x"})), DUMP_DATE)
FUZZ_CORPUS = Path(__file__).with_name("fuzz_corpus")
"""Inputs by format, one folder each; `fuzz_decode.py` starts from them."""
FUZZ_BOUNDS = ReadBounds(batch_bytes=512, record_bytes=4_096)


def decoded(entity: Entity, name: str, content: bytes, bounds: ReadBounds | None = None) -> list[RecordBatch]:
    """Write a file and decode it.

    Raises:
        DumpUnreadableError: If the file cannot be read to its end.
    """
    with TemporaryDirectory() as directory:
        path = Path(directory) / name
        path.write_bytes(content)
        return list(decode(entity, name, path, bounds or ReadBounds(1 << 20, 1 << 20)))


def assert_file_agrees(entity: Entity, batches: Sequence[RecordBatch]) -> None:
    """Compare every record of a file, and check that positions never decrease."""
    positions = [position for batch in batches for position in batch.positions.tolist()]
    assert positions == sorted(positions)
    for batch in batches:
        assert_paths_agree(entity, batch)


def assert_paths_agree(entity: Entity, batch: RecordBatch) -> int:
    """Compare every record of the fast path with the reference path; return the number of records.

    Raises:
        DumpUnreadableError: If the reference path shows that the file is malformed.
    """
    columns = batch.columns()
    result = validate_columns(entity, columns, CONTEXT)
    fast = dict(zip(result.frame[ROW].to_list(), result.frame.iter_rows(named=True), strict=True))
    known = {*entity.by_contract_name, "ignoredUpdateCfs"}
    for row in range(len(batch.positions)):
        record = batch.record(row)
        reference = record if isinstance(record, Quarantined) else validate_record(entity, record, CONTEXT)
        if row in fast:
            assert isinstance(reference, Accepted), reference
            assert {column.name: fast[row][column.name] for column in validated_columns(entity)} == reference.row
            assert isinstance(record, dict)
            assert columns.other_keys[fast[row]["other_keys"]] == tuple(key for key in record if key not in known)
        elif isinstance(reference, Quarantined):
            assert reference.reasons
            assert isinstance(batch.raw(row), bytes)
    assert len(fast) + sum(result.unsupported.values()) >= len(batch.positions)
    return len(fast)
