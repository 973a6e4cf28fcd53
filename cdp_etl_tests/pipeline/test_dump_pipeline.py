"""Pipeline of one dump: its stages, and the ledger after success, refusal and failure."""

import pytest

from cdp_etl.landing import DumpRefusedError, FilesMissingError
from cdp_etl.normalize import DumpUnreadableError
from cdp_etl.pipeline.dump_pipeline import (
    NO_FILES,
    NONE_EXPECTED,
    LoadRefusedError,
    StageMissingError,
    is_recorded_in_ledger,
)
from cdp_etl.pipeline.layers import Layer
from cdp_etl.warehouse import WarehouseLockedError
from cdp_etl_tests.pipeline.dumps import DAY, DumpPipeline, sms

LEDGER = "SELECT status, reason FROM ops.load ORDER BY load_seq"


def test_a_dump_passes_all_stages(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1"), sms("2")])

    outcome = pipeline.process()

    assert outcome.error is None
    assert outcome.pull is not None
    assert outcome.normalized is not None
    assert outcome.load is not None
    assert (len(outcome.pull.files), outcome.normalized.accepted, outcome.load.status) == (1, 2, "loaded")
    assert pipeline.query("SELECT id FROM staging.sms_interaction ORDER BY id") == [("1",), ("2",)]
    assert pipeline.progress[0] == "sms-interaction 2026-03-01: pulling"
    assert pipeline.progress[-1] == "sms-interaction 2026-03-01: loading 2 records"


def test_the_stages_of_a_dump_can_be_requested_one_at_a_time(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])

    pulled = pipeline.process(layers=[Layer.LANDING])
    normalized = pipeline.process(layers=[Layer.NORMALIZED])
    loaded = pipeline.process(layers=[Layer.STAGING])

    assert (pulled.normalized, normalized.load) == (None, None)
    assert loaded.load is not None
    assert loaded.load.status == "loaded"


@pytest.mark.parametrize(
    ("layer", "done"),
    [(Layer.NORMALIZED, []), (Layer.STAGING, [Layer.LANDING])],
    ids=["not pulled", "not normalized"],
)
def test_a_stage_without_its_predecessor_fails(pipeline: DumpPipeline, layer: Layer, done: list[Layer]) -> None:
    pipeline.deliver([sms("1")])
    if done:
        pipeline.process(layers=done)

    outcome = pipeline.process(layers=[layer])

    assert isinstance(outcome.error, StageMissingError)
    assert pipeline.query(LEDGER) == [("failed", str(outcome.error))]


@pytest.mark.parametrize(
    ("weekdays", "reason"),
    [(frozenset({"sun"}), NO_FILES), (frozenset(), NONE_EXPECTED)],
    ids=["expected", "not expected"],
)
def test_a_date_without_files_is_recorded_as_empty(
    pipeline: DumpPipeline, weekdays: frozenset[str], reason: str
) -> None:
    pipeline.settings = pipeline.settings.model_copy(update={"delivery_weekdays": weekdays})

    outcome = pipeline.process()

    assert (outcome.pull, outcome.error) == (None, None)
    assert pipeline.query(LEDGER) == [("missing", reason)]


def test_an_unreadable_dump_is_recorded_as_refused(pipeline: DumpPipeline) -> None:
    (pipeline.folder(DAY) / "part-1.ndjson.gz").write_bytes(b"not gzip")

    outcome = pipeline.process()

    assert isinstance(outcome.error, DumpUnreadableError)
    assert outcome.pull is not None
    assert [status for status, _ in pipeline.query(LEDGER)] == ["refused"]


def test_a_manifest_with_another_record_count_refuses_the_dump(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    (pipeline.folder(DAY) / "_manifest.json").write_text('{"files": [{"path": "part-1.ndjson", "records": 2}]}')

    outcome = pipeline.process()

    assert isinstance(outcome.error, DumpRefusedError)
    assert "has 1 records, the manifest declares 2" in str(outcome.error)
    assert outcome.load is None


def test_the_removal_of_files_that_were_never_loaded_is_accepted(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    pipeline.deliver([sms("2")], name="part-2.ndjson")
    pipeline.process(layers=[Layer.LANDING])
    (pipeline.folder(DAY) / "part-2.ndjson").unlink()

    assert pipeline.process().error is None
    assert pipeline.query("SELECT id FROM staging.sms_interaction") == [("1",)]


def test_the_removal_of_loaded_files_is_refused_unless_accepted(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    pipeline.deliver([sms("2")], name="part-2.ndjson")
    pipeline.process()
    (pipeline.folder(DAY) / "part-2.ndjson").unlink()

    refused = pipeline.process()
    accepted = pipeline.process(accept_removal=True)

    assert isinstance(refused.error, FilesMissingError)
    assert accepted.error is None
    assert [status for status, _ in pipeline.query(LEDGER)] == ["loaded", "refused", "loaded"]


def test_a_load_that_exceeds_the_quarantine_limit_is_refused(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1", event=None)])

    outcome = pipeline.process()

    assert isinstance(outcome.error, LoadRefusedError)
    assert is_recorded_in_ledger(outcome.error)
    assert pipeline.query(LEDGER) == [("refused", str(outcome.error))]


def test_an_error_of_a_locked_warehouse_is_not_in_the_ledger(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    pipeline.process()
    pipeline.deliver([sms("2")])

    with pipeline.settings.open_warehouse().writing():
        outcome = pipeline.process()

    assert isinstance(outcome.error, WarehouseLockedError)
    assert not is_recorded_in_ledger(outcome.error)
    assert [status for status, _ in pipeline.query(LEDGER)] == ["loaded"]
