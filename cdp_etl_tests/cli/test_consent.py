"""`cdp-etl consent`: withdraw and refill."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.settings import load_settings
from cdp_etl.warehouse import withdraw_consent_statements
from cdp_etl.warehouse.schema import consent_backfill
from cdp_etl.warehouse.sql import transaction
from cdp_etl_tests.cli.conftest import Command, load_dump, publish_marts
from cdp_etl_tests.defs.pipeline import FIRST, SMS, sms

FOLDER = Path("data/landing/sms-interaction/2026-03-01")
WITHDRAW = ("consent", "withdraw", "--entity", "sms-interaction", "--dump-date", "2026-03-01", "--load-seq")


@pytest.fixture
def opted_out(cdp_etl: Command) -> Command:
    """Return the command after a load of one opt-out whose newer version is no opt-out."""
    FOLDER.mkdir(parents=True)
    lines = [json.dumps(sms("1", FIRST, event=event)) for event in ("unsubscribed", "clicked")]
    (FOLDER / "part-1.ndjson").write_text("\n".join(lines), encoding="utf-8")
    assert load_dump().error is None
    return cdp_etl


def query(sql: str) -> list[tuple[Any, ...]]:
    with load_settings().open_warehouse().reading() as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.full
def test_a_withdrawal_is_in_the_ledger_and_in_the_marts(opted_out: Command) -> None:
    publish_marts()
    assert query("SELECT contact, is_given FROM marts.consent") == [("p:+84986851234", False)]

    ended = opted_out(*WITHDRAW, "1")

    assert ended.code == 0
    assert "1 consent statements of load 1 were withdrawn. The ledger records that as number 2." in " ".join(
        ended.out.split()
    )
    assert query("SELECT status, reason FROM ops.load ORDER BY load_seq") == [
        ("loaded", None),
        ("withdrawn", "1 consent statements of load 1 were withdrawn."),
    ]
    assert query("SELECT contact FROM marts.consent") == []
    (dump,) = json.loads(opted_out("status", "--json").out)["dumps"]
    assert dump["status"] == "loaded"


@pytest.mark.full
@pytest.mark.parametrize("load_seq", ["2", "1"], ids=["no load", "withdrawn already"])
def test_nothing_to_withdraw_is_an_error(opted_out: Command, load_seq: str) -> None:
    if load_seq == "1":
        withdraw_consent_statements(load_settings().open_warehouse(), SMS, FIRST, 1)

    ended = opted_out(*WITHDRAW, load_seq)

    assert ended.code == 2
    assert f"Load {load_seq} of sms-interaction 2026-03-01 has no consent statement in force." in ended.err


@pytest.mark.full
@pytest.mark.parametrize("has_archive", [True, False])
def test_refill_reads_superseded_records_from_the_archive(opted_out: Command, *, has_archive: bool) -> None:
    settings = load_settings()
    shutil.rmtree(settings.lake)
    with settings.open_warehouse().writing() as connection, transaction(connection):
        connection.execute("DELETE FROM staging.consent_statement")
        consent_backfill.fill(connection, settings.lake)
    if not has_archive:
        shutil.rmtree(settings.archive)

    ended = opted_out("consent", "refill")

    assert ended.code == 0
    assert f"{int(has_archive)} dumps loaded again." in ended.out
    assert ("sms-interaction 2026-03-01: the archive was pruned" in ended.out) is not has_archive
    assert query("SELECT contact, is_given FROM staging.consent_statement") == (
        [("p:+84986851234", False)] if has_archive else []
    )


@pytest.mark.full
def test_refill_lists_dumps_that_it_cannot_load_and_loads_the_others(
    opted_out: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings()
    for day in ("2026-02-28", "2026-03-02"):
        shutil.copytree(
            settings.archive / "sms-interaction/2026-03-01", settings.archive / "sms-interaction" / day
        )
    (settings.archive / "sms-interaction/2026-03-02/latest.json").write_bytes(b"{")
    monkeypatch.setenv("CDP_ETL_FIRST_DUMP_DATE", "2026-03-01")
    gaps = json.dumps([["sms_interaction", f"2026-{day}"] for day in ("02-28", "03-01", "03-02")])
    with settings.open_warehouse().writing() as connection:
        connection.execute("INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", ["consent_gaps", gaps])

    ended = opted_out("consent", "refill")

    assert ended.code == 1
    assert "1 dumps loaded again." in ended.out.replace("1 of 1 ", "1 ")
    assert "sms-interaction 2026-02-28: 2026-02-28 is before the first dump date" in ended.out
    assert "03-02/latest.json: not a record of a pull. Move it away and pull the dump again" in ended.out
