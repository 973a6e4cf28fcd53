"""Commands from generated dumps to a query, and their messages for wrong usage."""

import csv
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cdp_etl.cli.options import last_dates, parse_date
from cdp_etl.cli.snapshot_reading import NoSnapshotError
from cdp_etl.settings import load_settings
from cdp_etl_tests.cli.conftest import Command, load_dump, publish_marts
from cdp_etl_tests.defs.pipeline import FIRST, SECOND

GENERATE = ("generate", "--out", "data/landing", "--from", "2026-03-01", "--rows", "60")
RUN = ("run", "--from", "2026-03-01")
SMS_FOLDER = Path("data/landing/sms-interaction/2026-03-01")


def test_loaded_data_can_be_queried(loaded: Command) -> None:
    queried = loaded("sql", "SELECT count(DISTINCT entity) AS entities FROM marts.interaction", "--format", "csv")

    assert (queried.code, queried.out) == (0, "entities\n6\n")


def test_the_counts_equal_those_of_the_generated_dumps(loaded: Command) -> None:
    status = json.loads(loaded("status", "--json").out)

    names = ("accepted", "superseded", "quarantined", "with_warnings")
    counted = {(dump["entity"], dump["dump_date"]): [dump[name] for name in names] for dump in status["dumps"]}
    expected = {
        (generated["entity"].replace("-", "_"), generated["dump_date"]): [generated[name] for name in names]
        for generated in (json.loads(path.read_text()) for path in Path("data/landing").rglob("_expected.json"))
    }
    assert counted == expected
    assert len(expected) == 12


def test_everything_that_commands_write_is_for_its_owner(loaded_folder: Path) -> None:
    """Includes what DuckDB, SQLite, polars and Dagster write. The commands were started with umask 022."""
    written = [path for path in (loaded_folder / "data").rglob("*") if not path.is_symlink()]

    assert len(written) > 100
    assert [str(path) for path in written if path.stat().st_mode & 0o077] == []


@pytest.mark.full
def test_the_group_of_readers_reads_what_commands_publish_and_nothing_else(
    loaded: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_ETL_READERS_GROUP", str(os.getegid()))

    ended = [loaded("marts", "publish"), loaded("report", "--date", "2026-03-01"), loaded("doctor", "--json")]

    data = Path("data")
    of_group = [path for path in data.rglob("*") if path.stat().st_mode & 0o070]
    assert [one.code for one in ended[:2]] == [0, 0]
    assert [one["is_well"] for one in json.loads(ended[2].out) if one["what"] == "access"] == [True]
    assert data.stat().st_mode & 0o777 == 0o750
    assert {path.relative_to(data).parts[0] for path in of_group} == {"published", "reports"}
    assert [path for path in data.rglob("*") if path.stat().st_mode & 0o007] == []


def test_every_quarantined_record_is_listed_with_its_reasons(loaded: Command) -> None:
    generated = [json.loads(path.read_text()) for path in Path("data/landing").rglob("_expected.json")]

    refused = json.loads(loaded("quarantine", "list", "--json").out)

    assert len(refused) == sum(one["quarantined"] for one in generated) > 0
    assert all(record["reasons"] for record in refused)


@pytest.mark.full
@pytest.mark.usefixtures("marts_without_dagster")
def test_a_second_run_reports_unchanged_dumps(loaded: Command) -> None:
    again = loaded(*RUN, "--entity", "sms-interaction")
    forced = loaded(*RUN, "--entity", "sms-interaction", "--force")

    assert (again.code, "unchanged" in again.out) == (0, True)
    assert (forced.code, "unchanged" in forced.out) == (0, False)


def test_status_shows_the_changes_of_a_redelivery_and_none_of_a_first_load(cdp_etl: Command) -> None:
    day = ("--entity", "sms-interaction", "--from", "2026-03-01")
    cdp_etl("generate", "--out", "data/landing", "--rows", "60", "--days", "2", *day)
    for dump_date in (FIRST, SECOND):
        load_dump(dump_date)
    first = cdp_etl("status").out.splitlines()
    (part,) = SMS_FOLDER.glob("part-*")
    lines = part.read_bytes().splitlines(keepends=True)
    (SMS_FOLDER / "part-9.ndjson").write_bytes(lines[0])

    load_dump(FIRST)

    again = cdp_etl("status").out.splitlines()
    dates = [row.split()[0] for row in first if row.split()[1:3] == ["sms-interaction", "loaded"]]
    assert dates == ["2026-03-02", "2026-03-01"]
    assert [row for row in first if "files" in row] == []
    (redelivered,) = [row for row in again if "files" in row]
    assert redelivered.startswith("2026-03-01 sms-interaction: Redelivered: files +1")


def gzip_part_without_suffix() -> None:
    """Compress the generated part of the sample dump, and let its name not say so."""
    (part,) = SMS_FOLDER.glob("part-*")
    part.write_bytes(gzip.compress(part.read_bytes()))


def test_status_shows_the_findings_of_the_load_also_after_an_unchanged_attempt(cdp_etl: Command) -> None:
    cdp_etl(*GENERATE, "--entity", "sms-interaction")
    gzip_part_without_suffix()
    shown: list[str] = []
    for _ in range(2):
        load_dump()
        shown.append(" ".join(cdp_etl("status").out.split()))

    (row,) = json.loads(cdp_etl("status", "--json").out)["dumps"]
    assert (row["status"], "compressed with gzip" in row["loaded_findings"]) == ("unchanged", True)
    assert [row["loaded_findings"].split()[-1] in text for text in shown] == [True, True]


@pytest.mark.full
@pytest.mark.usefixtures("marts_without_dagster")
def test_a_run_prints_the_findings_about_loaded_files(cdp_etl: Command) -> None:
    cdp_etl(*GENERATE, "--entity", "sms-interaction")
    gzip_part_without_suffix()

    loaded, again = (cdp_etl(*RUN, "--entity", "sms-interaction") for _ in range(2))

    assert (loaded.code, again.code, "unchanged" in again.out) == (0, 0, True)
    for ran in (loaded, again):
        assert "2026-03-01 sms-interaction: part-" in ran.err
        assert "compressed with gzip" in ran.err


@pytest.mark.full
def test_a_refused_dump_exits_with_1_and_the_marts_apply_the_others(cdp_etl: Command) -> None:
    cdp_etl(*GENERATE, "--days", "2", "--entity", "sms-interaction")
    next(SMS_FOLDER.glob("part-*")).rename(SMS_FOLDER / "part-1.xlsx")

    ran = cdp_etl(*RUN, "--to", "2026-03-02", "--entity", "sms-interaction")

    assert ran.code == 1
    assert "2026-03-01 sms-interaction: " in ran.err
    assert "part-1.xlsx" in ran.err
    assert "1 dump is not loaded. `cdp-etl landing check --date 2026-03-01`" in ran.err
    assert "Traceback" not in ran.err
    counted = cdp_etl(
        "sql", "SELECT count(DISTINCT dump_date) FROM marts.interaction WHERE channel = 'sms'", "--format", "json"
    )
    assert list(json.loads(counted.out)[0].values()) == [1]


@pytest.mark.full
@pytest.mark.usefixtures("marts_without_dagster")
def test_an_expected_date_without_files_exits_with_1_and_a_holiday_does_not(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("data/landing").mkdir(parents=True)

    ran = cdp_etl(*RUN, "--entity", "sms-interaction")

    assert ran.code == 1
    assert "missing" in ran.out
    assert "2026-03-01 sms-interaction: No file was delivered" in ran.err
    assert "cdp-etl landing check --date 2026-03-01" in ran.err
    assert str(Path("data/landing").absolute()) in ran.err
    monkeypatch.setenv("CDP_ETL_DELIVERY_HOLIDAYS", "2026-03-01")
    assert cdp_etl(*RUN, "--entity", "sms-interaction").code == 0


@pytest.mark.full
def test_a_wrong_landing_zone_is_reported_once_and_nothing_is_published(cdp_etl: Command) -> None:
    ran = cdp_etl(*RUN, "--landing", "nowhere")

    assert ran.code == 1
    assert (ran.out + ran.err).count("the folder does not exist") == 1
    assert "2026-03-01, 6 dumps: " in ran.err
    assert "Nothing was ever loaded, so nothing was published." in ran.err
    assert not Path("data/published").exists()


def test_yesterday_and_the_last_dates_are_days_of_the_dump_time_zone(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_ETL_DUMP_TIMEZONE", "Pacific/Kiritimati")
    settings = load_settings()
    yesterday = datetime.now(ZoneInfo("Pacific/Kiritimati")).date() - timedelta(days=1)

    assert parse_date("yesterday") == yesterday
    assert last_dates(settings, 1) == (yesterday, yesterday)
    assert last_dates(settings, 7) == (yesterday - timedelta(days=6), yesterday)
    assert last_dates(settings, 100_000)[0] == settings.first_dump_date
    assert [cdp_etl("run").code, cdp_etl("run", "--from", "2026-03-01", "--last", "2").code] == [2, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("run", "--from", "2026-3"), "expected a day such as 2026-03-01", id="no day"),
        pytest.param(("run", "--from", "2026-03-01", "--entity", "emails"), "expected one of", id="no entity"),
        pytest.param(("run", "--from", "2025-12-31"), "CDP_ETL_FIRST_DUMP_DATE", id="before the first day"),
        pytest.param(("run", "--from", "2999-01-01"), "is after today", id="in the future"),
        pytest.param(("run", "--from", "2026-03-02", "--to", "2026-03-01"), "is before the first", id="backwards"),
        pytest.param(("run", "--from", "2026-03-01", "--landing", "ftp://host/x"), "ftp://", id="no such zone"),
        pytest.param(
            ("generate", "--out", "x", "--from", "2026-03-01", "--dirty", "2"),
            "share of bad records",
            id="no share",
        ),
        pytest.param(("sql",), "expected a query", id="no query"),
        pytest.param(("marts", "rebuild"), "add --mart", id="no mart"),
        pytest.param(("check",), "add --full", id="no check"),
        pytest.param(("frobnicate",), "No such command", id="no such command"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_sentence(
    cdp_etl: Command, arguments: tuple[str, ...], message: str
) -> None:
    ended = cdp_etl(*arguments)

    assert ended.code == 2
    assert message in " ".join(ended.err.replace("│", " ").split())
    assert "Traceback" not in ended.err


def test_a_wrong_setting_exits_with_2_and_names_it(cdp_etl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_MAX_QUARANTINE_RATE", "half")

    ended = cdp_etl("status")

    assert ended.code == 2
    assert ended.err.startswith("Error: CDP_ETL_MAX_QUARANTINE_RATE: ")


@pytest.mark.parametrize(
    "statement", ["SELEC 1", "CREATE TABLE x (i INT)", "SELECT nothing FROM marts.interaction"]
)
def test_an_invalid_query_is_reported(loaded: Command, statement: str) -> None:
    ended = loaded("sql", statement)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Error: ")


def test_without_a_snapshot_the_next_command_is_named(cdp_etl: Command) -> None:
    ended = cdp_etl("sql", "SELECT 1")

    assert ended.code == 1
    assert "`cdp-etl run` publishes one" in ended.err


def test_an_unexpected_error_is_reported_by_its_type_only() -> None:
    """Run in its own process, because Typer could install a hook that shows the whole error."""
    fault = "def fail(): raise ValueError('Nguyen Van Canary')"
    program = f"import cdp_etl.cli.metrics as m, cdp_etl.cli as c\n{fault}\nm.load_settings = fail\nc.main()"
    command = [sys.executable, "-c", program, "metrics"]

    reported = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    debugged = subprocess.run([*command, "--debug"], capture_output=True, text=True, check=False, timeout=60)

    assert (reported.returncode, reported.stdout) == (1, "")
    assert "Error: unexpected ValueError (bug?)" in reported.stderr
    assert "Traceback" not in reported.stderr
    assert "Canary" not in reported.stderr
    assert "Nguyen Van Canary" in debugged.stderr


def test_a_traceback_is_shown_only_with_debug(cdp_etl: Command) -> None:
    with pytest.raises(NoSnapshotError):
        cdp_etl("--debug", "sql", "SELECT 1")


def test_the_formats_of_a_query_have_the_same_rows(loaded: Command) -> None:
    query = "SELECT customer_key, action_counts, first_at FROM marts.customer_product_daily ORDER BY ALL LIMIT 3"

    as_json = json.loads(loaded("sql", query, "--format", "json").out)
    as_csv = list(csv.DictReader(io.StringIO(loaded("sql", query, "--format", "csv").out)))

    assert len(as_json) == 3
    assert [row["customer_key"] for row in as_csv] == [row["customer_key"] for row in as_json]
    assert [row["first_at"] for row in as_csv] == [row["first_at"] for row in as_json]


@pytest.mark.full
def test_rebuilding_the_marts_changes_nothing(loaded: Command) -> None:
    query = ("sql", "FROM marts.interaction ORDER BY entity, record_key", "--format", "csv")
    before = loaded(*query).out

    rebuilt = [loaded("marts", "rebuild", "--all"), loaded("marts", "rebuild", "--mart", "interaction")]

    assert [one.code for one in rebuilt] == [0, 0]
    assert loaded(*query).out == before
    assert loaded("check", "--full").code == 0


@pytest.mark.full
def test_a_new_pseudonym_key_is_written_only_on_request_and_its_effect_is_said(loaded: Command) -> None:
    key = Path("data/keys/pseudonym")
    query = (
        "sql",
        "SELECT DISTINCT left(customer_key, 2), customer_key FROM marts.interaction",
        "--format",
        "csv",
    )
    before = loaded(*query).out
    key.unlink()

    refused = loaded("marts", "publish")
    replaced = loaded("marts", "publish", "--new-key")

    assert (refused.code, "cdp-etl marts publish --new-key" in refused.err) == (1, True)
    assert (replaced.code, "joins with earlier" in replaced.out) == (0, True)
    assert key.exists()
    assert loaded(*query).out != before


@pytest.mark.full
def test_another_business_time_zone_is_refused_until_all_marts_are_rebuilt(
    loaded: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_ETL_BUSINESS_TIMEZONE", "Asia/Ho_Chi_Minh")

    refused = loaded("status")
    rebuilt = loaded("marts", "rebuild", "--all")

    assert (refused.code, "cdp-etl marts rebuild --all" in refused.err) == (1, True)
    assert (rebuilt.code, loaded("check", "--full").code) == (0, 0)


@pytest.mark.full
def test_a_warehouse_is_restored_from_its_backup(loaded: Command) -> None:
    before = loaded("status", "--json").out
    copied = loaded("backup", "copy.duckdb")
    load_dump(force=True)
    publish_marts()

    refused = loaded("restore", "copy.duckdb")
    restored = loaded("restore", "copy.duckdb", "--replace")

    assert [one.code for one in (copied, refused, restored)] == [0, 1, 0]
    assert loaded("status", "--json").out == before


def test_compaction_keeps_all_data(loaded: Command) -> None:
    before = loaded("status", "--json").out

    compacted = loaded("compact")

    assert compacted.code == 0
    assert loaded("status", "--json").out == before


def test_the_landing_zone_is_checked_without_a_pull(cdp_etl: Command) -> None:
    cdp_etl(*GENERATE, "--entity", "sms-interaction")

    ended = cdp_etl("landing", "check", "--date", "2026-03-01", "--json")

    states = {zone["entity"]: [dump["state"] for dump in zone["dumps"]] for zone in json.loads(ended.out)}
    assert (states["sms-interaction"], states["email-interaction"]) == (["ready"], ["nothing there"])
    assert "the zone offers no data files; a dump is expected" in ended.out
    assert not Path("data/archive").exists()


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_without_a_date_today_is_that_of_the_dump_time_zone(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """The zones are 26 hours apart, so they never have the same date, and one differs from UTC."""
    monkeypatch.setenv("CDP_ETL_DUMP_TIMEZONE", zone)
    Path("data/landing").mkdir(parents=True)
    before = datetime.now(ZoneInfo(zone)).date()

    ended = cdp_etl("landing", "check", "--entity", "sms-interaction", "--json")

    ((_, newest),) = [[dump["dump_date"] for dump in one["dumps"]] for one in json.loads(ended.out)]
    assert newest in {before.isoformat(), datetime.now(ZoneInfo(zone)).date().isoformat()}


def test_a_dry_run_of_pruning_lists_what_would_be_deleted(
    loaded: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_ETL_KEEP_DAYS", "1")

    would, pruned = loaded("archive", "prune", "--dry-run"), loaded("archive", "prune")

    assert would.out.replace("would be deleted", "deleted") == pruned.out
    assert "sms-interaction" in pruned.out
    assert not list(Path("data/archive").rglob("part-*"))


def test_pruning_deletes_superseded_outputs_of_the_lake_and_keeps_loaded_ones(
    loaded: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDP_ETL_KEEP_SUPERSEDED_DAYS", "1")
    loaded_output = next(Path("data/lake/sms_interaction").glob("*/*/summary.json"))
    old = loaded_output.parent.with_name("0" * 64)
    shutil.copytree(loaded_output.parent, old)
    os.utime(old, (0, 0))
    os.utime(loaded_output.parent, (0, 0))

    pruned = loaded("archive", "prune")

    assert "lake output" in pruned.out
    assert not old.exists()
    assert loaded_output.exists()
    assert loaded("quarantine", "list").code == 0


def test_every_setting_is_listed_and_no_secret_is_shown(cdp_etl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_SFTP_PASSWORD", "correct horse")
    monkeypatch.setenv("CDP_ETL_LANDING", "sftp://cdp:horse@files.example.com/dumps")
    monkeypatch.setenv("CDP_ETL_LANDING__SMS_INTERACTION", "https://files.example.com/dumps?sig=horse")
    monkeypatch.setenv("CDP_ETL_OBJECT_STORE_ENDPOINT", "http://horse:horse@store.example.com")

    listed = {row["setting"]: row["value"] for row in json.loads(cdp_etl("settings", "--json").out)}

    assert listed["CDP_ETL_SFTP_PASSWORD"] == "(hidden)"  # noqa: S105 - the placeholder
    assert "horse" not in cdp_etl("settings").out.replace("http://horse:***", "")
    assert listed["CDP_ETL_LANDING"] == "sftp://cdp:***@files.example.com/dumps"
    assert listed["CDP_ETL_LANDING__<ENTITY>"] == "sms_interaction=https://files.example.com/dumps?***"
    assert listed["CDP_ETL_MAX_QUARANTINE_RATE"] == "0.5"


def test_the_documents_of_the_contract_are_compared_with_the_expected_ones(cdp_etl: Command) -> None:
    written = cdp_etl("contract", "write", "--dir", "docs")
    current = cdp_etl("contract", "check", "--dir", "docs")
    Path("docs/sms_interaction.md").write_text("edited by hand")
    Path("docs/left_over.md").write_text("of a removed entity")

    stale = cdp_etl("contract", "check", "--dir", "docs")

    assert [one.code for one in (written, current, stale)] == [0, 0, 1]
    assert "left_over.md, sms_interaction.md" in stale.err
