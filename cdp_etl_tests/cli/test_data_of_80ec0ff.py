"""Every command works with a data folder written by commit 80ec0ff, before stored names were renamed.

`data_of_80ec0ff.tar.xz` was written by the commands of that commit, in the folder /srv/cdp_etl:

- `data`: landing zone, archive, lake, warehouse, published versions, alert state, metrics, Dagster's home folder.
  Loaded are 2026-03-01 and 2026-03-02 of all entities; comments of the second date were delivered twice.
  The dump of sms-interaction of 2026-03-03 was refused, and the webhook was notified.
- `expected`: the output of read-only commands of that commit.

Absolute paths in `data` are of /srv/cdp_etl, where no test looks. They are in manifests and views of published
versions, which the next publish replaces, and in the history of Dagster's runs, which no command follows.
"""

import json
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_etl.entities import ENTITIES
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl_tests.alerts.servers import Webhook, webhook
from cdp_etl_tests.cli.conftest import Command, commands_in, load_dump, publish_marts
from cdp_etl_tests.conftest import Template
from cdp_etl_tests.defs.pipeline import FIRST, SECOND

ARCHIVE = Path(__file__).with_name("data_of_80ec0ff.tar.xz")
REFUSED = "sms-interaction 2026-03-03"
CHANGE_LOG = "customer_identity_change"
SCHEMA = (
    "SELECT schema_name FROM duckdb_schemas() WHERE NOT internal ORDER BY ALL",
    # A migration appends columns at the end of a table.
    """
    SELECT schema_name, table_name, comment, list_sort(string_split(rtrim(sql, ');'), ', '))
    FROM duckdb_tables()
    ORDER BY ALL
    """,
    "SELECT schema_name, view_name, comment, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL",
    "SELECT schema_name, table_name, column_name, is_nullable, comment FROM duckdb_columns() ORDER BY ALL",
)


@pytest.fixture(autouse=True)
def _only_refused_dumps_are_findings(cdp_etl: Command, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - runs after it
    monkeypatch.setenv("CDP_ETL_LOOKBACK_DAYS", "0")
    monkeypatch.setenv("CDP_ETL_ALERT_DEADLINE", "99:00")
    monkeypatch.setenv("CDP_ETL_ALERT_STALE_HOURS", "1000000")  # until the next run, the marts are missing


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with webhook() as started:
        monkeypatch.setenv("CDP_ETL_ALERT_WEBHOOK_URL", started.url)
        yield started


@pytest.fixture(scope="session")
def unpacked_once(template_folder: Template) -> Path:
    return template_folder("data_of_80ec0ff", _unpack)


def _unpack(folder: Path) -> None:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")


@pytest.fixture(scope="session")
def refreshed_once(template_folder: Template, unpacked_once: Path) -> Path:
    """Return a copy of the folder after one run of the present version."""

    def run(folder: Path) -> None:
        shutil.copytree(unpacked_once / "data", folder / "data")
        with commands_in(folder) as cdp_etl:
            assert cdp_etl("run", "--from", "2026-03-02").code == 0

    return template_folder("refreshed_data_of_80ec0ff", run)


@pytest.fixture
def unpacked(cdp_etl: Command, unpacked_once: Path, tmp_path: Path) -> Command:
    """Return the command in the folder as 80ec0ff left it."""
    shutil.copytree(unpacked_once / "data", tmp_path / "data")
    return cdp_etl


@pytest.fixture
def refreshed(cdp_etl: Command, refreshed_once: Path, tmp_path: Path) -> Command:
    """Return the command in the folder after one run."""
    shutil.copytree(refreshed_once / "data", tmp_path / "data")
    return cdp_etl


@pytest.fixture
def expected(unpacked_once: Path) -> Path:
    """Return the folder of the outputs of 80ec0ff."""
    return unpacked_once / "expected"


def test_status_and_quarantine_have_the_output_of_before(unpacked: Command, expected: Path) -> None:
    status = json.loads(unpacked("status", "--json").out)
    quarantine = json.loads(
        unpacked("quarantine", "list", "--json", "--from", "2026-03-01", "--to", "2026-03-03").out
    )

    before = json.loads((expected / "status.json").read_text("utf-8"))
    assert [
        {name: dump[name] for name in former}
        for dump, former in zip(status["dumps"], before["dumps"], strict=True)
    ] == before["dumps"]
    former_marts = [mart["mart"] for mart in before["marts"]]
    assert [mart["mart"] for mart in status["marts"] if mart["mart"] in former_marts] == former_marts
    quarantined_before = json.loads((expected / "quarantine_list.json").read_text("utf-8"))
    assert [
        {name: record[name] for name in former}
        for record, former in zip(quarantine, quarantined_before, strict=True)
    ] == quarantined_before


def test_an_alert_sent_by_80ec0ff_is_known(unpacked: Command, server: Webhook, expected: Path) -> None:
    rows = json.loads(unpacked("alerts", "check", "--json").out)

    assert rows == json.loads((expected / "alerts_check.json").read_text("utf-8"))
    assert server.requests == 0


@pytest.mark.full
@pytest.mark.usefixtures("cdp_etl")
def test_after_a_run_the_warehouse_equals_one_filled_by_this_version(refreshed_once: Path, tmp_path: Path) -> None:
    shutil.copytree(refreshed_once / "data/landing", tmp_path / "data/landing")
    assert [load_dump(day, entity).error for day in (FIRST, SECOND) for entity in ENTITIES] == [None] * 2 * len(
        ENTITIES
    )
    publish_marts()
    migrated, fresh = (folder / "data/warehouse/cdp.duckdb" for folder in (refreshed_once, tmp_path))

    assert read(migrated, SCHEMA) == read(fresh, SCHEMA)
    tables = [f"{schema}.{name}" for schema, name in read(fresh, [ROW_TABLES])[0]]
    assert len(tables) > len(MARTS)
    for table in tables:
        (names,) = read(fresh, [f"SELECT name FROM pragma_table_info('{table}') ORDER BY ALL"])
        columns = ", ".join(name for (name,) in names if not name.endswith("load_seq"))
        # Each load of a dump states again what it states, and the run loads all dumps again by the new rules.
        repeats = "DISTINCT " if table == "staging.consent_statement" else ""
        query = [f"SELECT {repeats}{columns} FROM {table} ORDER BY ALL"]
        assert (table, read(migrated, query)) == (table, read(fresh, query))


ROW_TABLES = f"""
    SELECT schema_name, table_name FROM duckdb_tables()
    WHERE schema_name IN ('staging', 'mart_storage') AND table_name NOT LIKE '{CHANGE_LOG}%'
      AND table_name NOT LIKE '%\\_tombstones' ESCAPE '\\'
    ORDER BY ALL
"""


@pytest.mark.full
def test_the_identity_log_is_carried_over(unpacked_once: Path, refreshed_once: Path) -> None:
    query = "SELECT company_id, identifier, person_before, person_after, load_seq, changed_at FROM {} ORDER BY ALL"
    before = read(unpacked_once / "data/warehouse/cdp.duckdb", [query.format(f"kept.{CHANGE_LOG}")])

    after = read(refreshed_once / "data/warehouse/cdp.duckdb", [query.format(f"mart_storage.{CHANGE_LOG}")])

    assert len(before[0]) == 2
    assert after == before


@pytest.mark.full
def test_a_run_publishes_all_marts(refreshed: Command) -> None:
    snapshot = latest_snapshot(Path("data/published"))
    (newest,) = read(Path("data/warehouse/cdp.duckdb"), ["SELECT max(load_seq) FROM ops.load"])
    published = refreshed("sql", "SELECT count(*) AS n FROM marts.interaction", "--format", "json")

    assert snapshot is not None
    assert [(snapshot.as_of,)] == newest
    assert json.loads(published.out)[0]["n"] > 0


@pytest.mark.full
def test_a_run_loads_again_what_earlier_rules_normalized_and_metrics_have_their_names(
    refreshed: Command, expected: Path
) -> None:
    status = json.loads(refreshed("status", "--json", "--from", "2026-03-02", "--to", "2026-03-02").out)
    metrics = refreshed("metrics").out

    assert {dump["status"] for dump in status["dumps"]} == {"loaded"}
    # The one value that was renamed: a dump without files.
    before = (expected / "metrics.prom").read_text("utf-8").replace('status="empty"', 'status="missing"')
    assert series(metrics) >= series(before)


@pytest.mark.full
@pytest.mark.usefixtures("marts_without_dagster")
def test_replay_reads_archive_and_lake(refreshed: Command) -> None:
    replay = ("quarantine", "replay", "--from", "2026-03-01", "--entity", "sms-interaction")

    first, second = refreshed(*replay), refreshed(*replay)

    assert (first.code, second.code) == (0, 0)
    assert "The same files were loaded under the same rules already." not in " ".join(first.out.split())
    assert "The same files were loaded under the same rules already." in " ".join(second.out.split())


@pytest.mark.full
@pytest.mark.usefixtures("marts_without_dagster")
def test_an_alert_sent_by_80ec0ff_is_resolved_when_the_dump_is_corrected(
    refreshed: Command, server: Webhook
) -> None:
    assert refreshed("alerts", "send").code == 0
    assert server.posted == []

    landing = Path("data/landing/sms-interaction")
    shutil.copy(landing / "2026-03-02/part-1.ndjson", landing / "2026-03-03/part-1.ndjson")
    assert refreshed("run", "--from", "2026-03-03", "--entity", "sms-interaction").code == 0
    assert json.loads(refreshed("alerts", "check", "--json").out) == []
    assert refreshed("alerts", "send").code == 0

    (message,) = server.posted
    assert REFUSED in message["text"]


def read(path: Path, queries: Any) -> list[list[tuple[Any, ...]]]:
    """Return the rows of each query."""
    with duckdb.connect(path, read_only=True) as connection:
        return [connection.execute(query).fetchall() for query in queries]


def series(text: str) -> set[str]:
    """Return names and labels of the metrics, without values, times and lines of particular runs."""
    return {re.sub(r" \S+$", "", line) for line in text.splitlines() if not line.startswith("#")}
