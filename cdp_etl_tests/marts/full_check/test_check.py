"""Full check: the marts are compared with a rebuild that a fresh process computes from staging."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from cdp_etl.marts.full_check import check, rebuild_worker
from cdp_etl.marts.full_check.check import FullCheckError, check_marts
from cdp_etl.marts.full_check.rebuild_worker import DiskTooSmallError
from cdp_etl.marts.refresh import refresh_marts
from cdp_etl.marts.registry import MARTS, mart_named
from cdp_etl_tests.marts.loading import ACTIVITY, Loader, make_record
from cdp_etl_tests.marts.published import damage

_COMPARED = [mart.name for mart in MARTS if mart.change_log_of is None]


def _ignore(_sentence: str) -> None:
    pass


def _names(loader: Loader) -> Iterable[str]:
    return (path.name for path in loader.folder.iterdir())


@pytest.mark.full
def test_marts_that_equal_their_rebuild_pass_and_nothing_is_left(published: Loader) -> None:
    before = set(_names(published))
    sentences: list[str] = []

    results = check_marts(published.warehouse, published.settings, MARTS, sentences.append)

    assert all(result.passed for of_mart in results.values() for result in of_mart)
    compared = [name for name in results if "equals_its_rebuild" in {one.check.name for one in results[name]}]
    assert compared == _COMPARED
    count = len(_COMPARED)
    assert sentences[-1] == f"Rebuilding marts.{_COMPARED[-1]} in a process of its own ({count} of {count}) …"
    assert set(_names(published)) == before


def test_a_mart_that_differs_fails_with_counts_and_no_value_and_is_rebuilt(published: Loader) -> None:
    damage(published, "UPDATE mart_storage.customer SET customer_name = 'Nguyen Van A'")

    results = check_marts(published.warehouse, published.settings, [mart_named("customer")], _ignore)
    rebuilt = {run.mart: run.rebuild_reason for run in refresh_marts(published.warehouse, published.settings)}

    failed = [result for result in results["customer"] if not result.passed]
    assert [(result.check.name, result.found, result.expected) for result in failed] == [
        ("equals_its_rebuild", 1, 1)
    ]
    assert failed[0].sentence == (
        "equals_its_rebuild failed (all rows): 1 rows that only the rebuild has, 1 rows that the rebuild lacks."
    )
    assert {name for name, reason in rebuilt.items() if reason} == {"customer", "customer_rfm", "segment_member"}
    assert published.rows("SELECT count(*) AS n FROM marts.customer WHERE customer_name = 'Nguyen Van A'") == [
        {"n": 0}
    ]


@pytest.mark.full
def test_a_wrong_upstream_mart_does_not_hide_the_same_fault_downstream(published: Loader) -> None:
    """The rebuild starts from staging, so a mart that agrees with a wrong mart differs all the same."""
    damage(
        published,
        "UPDATE mart_storage.customer_product_daily SET action_counts = MAP {'purchase': interaction_count}",
    )
    damage(published, "UPDATE mart_storage.customer_product SET affinity_score = 10 * interaction_count")

    results = check_marts(published.warehouse, published.settings, [mart_named("customer_product")], _ignore)

    assert [result.check.name for result in results["customer_product"] if not result.passed] == [
        "equals_its_rebuild"
    ]


@pytest.mark.full
def test_a_load_meanwhile_repeats_the_comparison(published: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = iter([[make_record(ACTIVITY, "later")]])

    def refresh_then_load(*arguments: Any) -> Sequence[Any]:
        results = refresh_marts(*arguments)
        for records in loads:
            published.load(ACTIVITY, 2, records)
            break
        return results

    monkeypatch.setattr(check, "refresh_marts", refresh_then_load)

    results = check_marts(published.warehouse, published.settings, [mart_named("interaction")], _ignore)

    assert [result.passed for result in results["interaction"] if result.check.name == "equals_its_rebuild"] == [
        True
    ]
    assert published.rows("SELECT count(*) AS n FROM marts.interaction") == [{"n": 5}]


@pytest.mark.full
def test_loads_that_do_not_stop_end_the_check_with_advice(
    published: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.load(ACTIVITY, 2, [make_record(ACTIVITY, "pending")])
    monkeypatch.setattr(check, "refresh_marts", lambda *_: [])
    monkeypatch.setattr(check, "check_mart", lambda *_: [])

    with pytest.raises(FullCheckError, match="Run `cdp-etl check --full` when no load is running"):
        check_marts(published.warehouse, published.settings, [mart_named("interaction")], _ignore)


def test_a_process_that_dies_is_an_error_and_not_a_result(
    published: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "sys", SimpleNamespace(executable=shutil.which("false")))

    with pytest.raises(FullCheckError, match="ended with status 1"):
        check_marts(published.warehouse, published.settings, [mart_named("shared_identifier")], _ignore)


def test_a_disk_without_room_is_an_error_before_anything_is_written(
    published: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    before = set(_names(published))

    with pytest.raises(DiskTooSmallError, match="Free disk space, then run `cdp-etl check --full`"):
        list(rebuild_worker.compare(published.warehouse, published.settings, MARTS[:1]))

    assert set(_names(published)) == before


def test_an_unexpected_error_is_reported_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    error = duckdb.ConversionException("Could not convert string 'Nguyen Van A'")

    rebuild_worker.report_error(type(error), error, error.__traceback__)
    rebuild_worker.report_error(DiskTooSmallError, DiskTooSmallError(1 << 30, 0), None)

    unexpected, expected = map(json.loads, capsys.readouterr().out.splitlines())
    assert unexpected["error"].startswith("Unexpected ConversionException (bug?) in the rebuild of the marts")
    assert "Nguyen" not in unexpected["error"]
    assert expected == {"error": str(DiskTooSmallError(1 << 30, 0))}


@pytest.mark.full
def test_an_error_of_the_process_ends_the_check(published: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warehouse is no DuckDB file any more, so the process cannot attach it."""
    published.warehouse.path.write_bytes(b"not a database")
    monkeypatch.setattr(check, "refresh_marts", lambda *_: [])
    monkeypatch.setattr(check, "check_mart", lambda *_: [])

    with pytest.raises(FullCheckError, match=r"Unexpected IOException \(bug\?\) in the rebuild of the marts"):
        check_marts(published.warehouse, published.settings, [mart_named("customer")], _ignore)


@pytest.mark.full
def test_the_process_ends_with_the_process_that_started_it(published: Loader) -> None:
    """Its standard input is closed then. Here it waits for the lock meanwhile."""
    request = check.request_line(published.warehouse, published.settings, ["customer"])
    command = [sys.executable, "-m", rebuild_worker.__name__]
    with published.warehouse.locked(), subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(request)
        process.stdin.close()

        assert process.wait(timeout=60) == 3
