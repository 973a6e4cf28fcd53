"""Unapplied loads: loads that a mart or the snapshot has not applied."""

from datetime import date
from types import SimpleNamespace

import pytest

from cdp_etl.entities import BY_NAME
from cdp_etl.pipeline import unapplied_loads
from cdp_etl.pipeline.unapplied_loads import UnappliedLoads, find_unapplied_loads
from cdp_etl.warehouse import WarehouseMissingError, withdraw_consent_statements
from cdp_etl_tests.pipeline.dumps import DAY, DumpPipeline, sms

NEXT = date(2026, 3, 2)


@pytest.fixture
def loaded(pipeline: DumpPipeline) -> DumpPipeline:
    """Return a pipeline with the loads 1 and 2."""
    for day in (DAY, NEXT):
        pipeline.deliver([sms(day.isoformat(), day)], day)
        pipeline.process(day)
    return pipeline


def apply_load(monkeypatch: pytest.MonkeyPatch, load_seq: int) -> None:
    """Let every mart report that it has applied a load."""
    monkeypatch.setattr(unapplied_loads, "state_of", lambda *_: SimpleNamespace(load_seq=load_seq))


def test_all_loads_are_unapplied_if_no_mart_exists(loaded: DumpPipeline) -> None:
    assert find_unapplied_loads(loaded.settings.open_warehouse()) == UnappliedLoads(2, DAY, NEXT)


def test_the_newer_loads_are_unapplied(loaded: DumpPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    apply_load(monkeypatch, 1)

    assert find_unapplied_loads(loaded.settings.open_warehouse()) == UnappliedLoads(2, NEXT, NEXT)


def test_nothing_is_unapplied_after_the_newest_load(loaded: DumpPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    apply_load(monkeypatch, 2)

    assert find_unapplied_loads(loaded.settings.open_warehouse()) is None


def test_a_missing_snapshot_has_applied_nothing(loaded: DumpPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    apply_load(monkeypatch, 2)
    warehouse = loaded.settings.open_warehouse()

    assert find_unapplied_loads(warehouse, loaded.settings.published) == UnappliedLoads(2, DAY, NEXT)


def test_without_a_warehouse_there_are_no_loads(pipeline: DumpPipeline) -> None:
    with pytest.raises(WarehouseMissingError):
        find_unapplied_loads(pipeline.settings.open_warehouse())


def test_a_withdrawal_of_consent_counts_like_a_load(
    pipeline: DumpPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.deliver([sms("1", DAY, event="unsubscribed")], DAY)
    pipeline.process(DAY)
    warehouse = pipeline.settings.open_warehouse()
    apply_load(monkeypatch, 1)
    before = find_unapplied_loads(warehouse)

    withdraw_consent_statements(warehouse, BY_NAME["sms-interaction"], DAY, 1)

    assert (before, find_unapplied_loads(warehouse)) == (None, UnappliedLoads(2, DAY, DAY))
