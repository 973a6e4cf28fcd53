"""Damaged files of an installation: each command says which file it is and which command fixes it."""

import json
import shutil
from pathlib import Path

import pytest

from cdp_etl_tests.alerts.servers import webhook
from cdp_etl_tests.cli.conftest import Command, CommandResult

WAREHOUSE = Path("data/warehouse/cdp.duckdb")
RUN = ("run", "--from", "2026-03-01", "--entity", "sms-interaction")


@pytest.fixture(autouse=True)
def _nothing_is_expected(cdp_etl: Command, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - set after it
    monkeypatch.setenv("CDP_ETL_LOOKBACK_DAYS", "0")
    monkeypatch.setenv("CDP_ETL_ALERT_DEADLINE", "99:00")


def damaged(ended: CommandResult) -> dict[str, str]:
    """Return subject and sentence of the findings about damage."""
    return {one["place"]: one["what"] for one in json.loads(ended.out) if one["kind"] == "data damaged"}


def failed(ended: CommandResult) -> dict[str, str]:
    """Return name and detail of the failed checks of doctor."""
    return {one["what"]: one["sentence"] for one in json.loads(ended.out) if not one["is_well"]}


def manifest() -> Path:
    """Return the manifest of the newest snapshot."""
    return max(Path("data/published/snapshots").glob("2*")) / "manifest.json"


@pytest.mark.full
def test_a_damaged_warehouse_is_told_by_every_command_and_replaced_by_a_backup(
    loaded: Command, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    loaded("backup", "monday.duckdb")
    WAREHOUSE.write_bytes(b"no database")

    for command in (("status",), RUN, ("marts", "publish"), ("compact",), ("backup", "tuesday.duckdb")):
        ended = loaded(*command)
        assert ended.code == 1, command
        assert f"{WAREHOUSE} is damaged" in ended.err.replace("\n", " "), command
        assert "`cdp-etl restore FILE --replace`" in ended.err.replace("\n", " "), command
    assert "is damaged" in failed(loaded("doctor", "--json"))["warehouse"]
    assert "cdp-etl restore" in damaged(loaded("alerts", "check", "--json"))["warehouse"]
    with webhook() as server:
        monkeypatch.setenv("CDP_ETL_ALERT_WEBHOOK_URL", server.url)
        assert "findings sent" in loaded("alerts", "send").out
        assert "cdp.duckdb is damaged" in str(server.posted)
        monkeypatch.delenv("CDP_ETL_ALERT_WEBHOOK_URL")

    request.getfixturevalue("marts_without_dagster")
    restored = loaded("restore", "monday.duckdb", "--replace")

    assert "The former warehouse was damaged. It is kept as" in restored.out
    assert loaded(*RUN).code == 0
    assert damaged(loaded("alerts", "check", "--json")) == {}


def test_a_missing_warehouse_is_told_if_there_is_a_snapshot_of_it(loaded: Command) -> None:
    shutil.rmtree(WAREHOUSE.parent)

    assert "`cdp-etl restore FILE`" in damaged(loaded("alerts", "check", "--json"))["warehouse"]
    assert "`cdp-etl restore FILE`" in failed(loaded("doctor", "--json"))["warehouse"]


@pytest.mark.full
def test_a_warehouse_created_after_the_loss_of_another_one_is_told_until_all_dumps_are_loaded(
    loaded: Command,
) -> None:
    everything_again = ("run", "--from", "2026-03-01", "--to", "2026-03-02")
    everything = loaded("sql", "SELECT count(*) AS n FROM marts.interaction").out
    shutil.rmtree(WAREHOUSE.parent)

    ended = loaded("run", "--from", "2026-03-02")

    assert ended.code == 1
    assert "`cdp-etl restore FILE --replace`" in " ".join(ended.err.split())
    assert "--new-warehouse" in damaged(loaded("alerts", "check", "--json"))["warehouse"]
    assert "--new-warehouse" in failed(loaded("doctor", "--json"))["warehouse"]
    assert loaded("sql", "SELECT count(*) AS n FROM marts.interaction").out == everything
    assert loaded(*everything_again).code == 1
    assert loaded("marts", "publish", "--new-warehouse").code == 0
    assert loaded(*everything_again).code == 0
    assert loaded("sql", "SELECT count(*) AS n FROM marts.interaction").out == everything


@pytest.mark.full
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"layout": 4}', None], ids=str)
def test_a_damaged_manifest_is_told_and_replaced_by_the_next_publish(
    loaded: Command, content: bytes | None
) -> None:
    if content is None:
        manifest().unlink()
    else:
        manifest().write_bytes(content)

    told = damaged(loaded("alerts", "check", "--json"))["snapshot"]
    assert str(manifest()) in told
    assert "`cdp-etl marts publish`" in told
    assert "`cdp-etl marts publish`" in failed(loaded("doctor", "--json"))["snapshot"]
    assert "pseudonym key" not in failed(loaded("doctor", "--json"))
    assert loaded("metrics").code == 0

    assert loaded("marts", "publish").code == 0
    assert damaged(loaded("alerts", "check", "--json")) == {}
    assert "customer" in loaded("sql", "SHOW ALL TABLES").out


def test_a_damaged_manifest_and_a_missing_key_publish_nothing(loaded: Command) -> None:
    manifest().write_bytes(b"{")
    Path("data/keys/pseudonym").unlink()
    assert "--new-key" in failed(loaded("doctor", "--json"))["pseudonym key"]

    ended = loaded("marts", "publish")

    assert ended.code == 1
    assert "--new-key" in ended.err


@pytest.mark.full
@pytest.mark.usefixtures("marts_without_dagster")
def test_a_missing_file_of_the_snapshot_is_written_by_the_next_publish(loaded: Command) -> None:
    customer = max(manifest().parent.glob("customer/*.parquet"))
    customer.unlink()
    shutil.copytree("data/landing/sms-interaction/2026-03-02", "data/landing/sms-interaction/2026-03-03")

    assert loaded("run", "--from", "2026-03-03", "--entity", "sms-interaction").code == 0
    assert "yes" in loaded("sql", "SELECT count(*) > 0 AS filled FROM marts.customer").out


@pytest.mark.parametrize("name", ["history/runs.db", "history/runs/index.db", "schedules/schedules.db"])
@pytest.mark.full
def test_a_damaged_storage_of_dagster_is_told_with_the_command_that_fixes_it(loaded: Command, name: str) -> None:
    path = Path("data/dagster") / name
    path.write_bytes(b"no database " * 1000)
    for log in ("-wal", "-shm"):
        path.with_name(path.name + log).unlink(missing_ok=True)

    ended = loaded("doctor", "--json")
    told = failed(ended)["Dagster's storage"]

    assert f"{path.resolve()} is damaged" in told
    assert f"`mv {path.resolve()} {path.resolve()}.damaged`" in told
    path.rename(f"{path}.damaged")
    assert "Dagster's storage" not in failed(loaded("doctor", "--json"))


@pytest.mark.full
def test_findings_are_told_while_the_storage_of_dagster_is_damaged(loaded: Command) -> None:
    Path("data/dagster/history/runs.db").write_bytes(b"no database " * 1000)
    WAREHOUSE.write_bytes(b"no database")

    assert sorted(damaged(loaded("alerts", "check", "--json"))) == ["Dagster's storage", "warehouse"]


def test_damaged_durations_are_named_and_stop_nothing(loaded: Command) -> None:
    (durations,) = Path("data/metrics").glob("*.sqlite*")
    durations.write_bytes(b"no database " * 1000)

    ended = loaded("metrics")

    assert ended.code == 0
    assert str(durations) in ended.err
