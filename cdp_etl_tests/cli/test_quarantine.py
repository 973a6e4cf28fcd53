"""`cdp-etl quarantine`: list, show, export and replay."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.file_modes import restrict_new_files
from cdp_etl.normalize import NormalizedFile, normalize_dump
from cdp_etl.settings import load_settings
from cdp_etl_tests.cli.conftest import Command
from cdp_etl_tests.defs.pipeline import FIRST, SMS, sms

ONE_DAY = ("--from", "2026-03-01", "--entity", "sms-interaction")
RUN = ("run", *ONE_DAY)
REPLAY = ("quarantine", "replay", *ONE_DAY)
PLACE = ("sms-interaction", "2026-03-01", "part-1.ndjson")
FOLDER = Path("data/landing/sms-interaction/2026-03-01")


def deliver(*records: Any) -> None:
    """Write one file of SMS interactions to the landing folder."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    (FOLDER / "part-1.ndjson").write_text("\n".join(lines), encoding="utf-8")


def query(sql: str) -> list[tuple[Any, ...]]:
    """Query the warehouse."""
    with load_settings().open_warehouse().reading() as connection:
        return connection.execute(sql).fetchall()


LEDGER = "SELECT status, accepted, quarantined FROM ops.load ORDER BY load_seq"
NO_EVENT = sms("2", FIRST, event=None, text="Xin chào")
NO_ID = sms("", FIRST)


@pytest.fixture
def quarantined(cdp_etl: Command) -> Command:
    """Return the command after a dump was normalized and not loaded; two of four records are quarantined."""
    restrict_new_files()  # as the command that normalizes does
    deliver(sms("1", FIRST), NO_EVENT, sms("3", FIRST), NO_ID)
    content = (FOLDER / "part-1.ndjson").read_bytes()
    file = NormalizedFile("part-1.ndjson", len(content), hashlib.sha256(content).hexdigest())
    normalize_dump(SMS, FIRST, FOLDER, [file], load_settings().lake, NormalizationSettings(), workers=1)
    return cdp_etl


@pytest.mark.parametrize(
    ("options", "positions"),
    [
        pytest.param((), [2, 4], id="all"),
        pytest.param(("--reason", "event"), [2], id="about a field"),
        pytest.param(("--reason", "id: required"), [4], id="for a reason"),
        pytest.param(("--limit", "1"), [2], id="the first"),
        pytest.param(("--entity", "email-interaction"), [], id="of another entity"),
        pytest.param(("--from", "2026-03-02"), [], id="of later days"),
        pytest.param(("--to", "2026-03-01"), [2, 4], id="to a day"),
    ],
)
def test_list_prints_positions_and_reasons_and_no_value(
    quarantined: Command, options: tuple[str, ...], positions: list[int]
) -> None:
    as_json = quarantined("quarantine", "list", "--json", *options)
    table = quarantined("quarantine", "list", *options)

    assert [record["source_position"] for record in json.loads(as_json.out)] == positions
    assert (as_json.code, table.code) == (0, 0)
    assert ("The quarantine is empty." in table.out) is not bool(positions)
    for value in ("0986851234", "Xin chào"):
        assert value not in as_json.out + table.out


def test_show_prints_bytes_on_standard_output_and_reasons_on_standard_error(quarantined: Command) -> None:
    shown = quarantined("quarantine", "show", *PLACE, "2")

    assert (shown.code, shown.out) == (0, json.dumps(NO_EVENT, ensure_ascii=False))
    assert shown.err == "event: required\n"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        pytest.param((*PLACE, "1"), "part-1.ndjson, position 1: not in quarantine.", id="an accepted record"),
        pytest.param(
            ("sms-interaction", "2026-03-02", "part-1.ndjson", "1"), "2026-03-02: not in the lake", id="no dump"
        ),
    ],
)
def test_show_reports_a_record_that_is_not_in_quarantine(
    quarantined: Command, place: tuple[str, ...], message: str
) -> None:
    shown = quarantined("quarantine", "show", *place)

    assert (shown.code, shown.out) == (1, "")
    assert message in shown.err


def test_export_writes_selected_records_to_a_new_file(quarantined: Command) -> None:
    exported = quarantined("quarantine", "export", "refused.csv", "--reason", "event")

    with Path("refused.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (exported.code, exported.out) == (0, "refused.csv: 1 records.\n")
    assert (row["position"], row["reasons"], json.loads(row["raw"])) == ("2", "event: required", NO_EVENT)
    assert quarantined("quarantine", "export", "refused.csv").code == 1


@pytest.mark.parametrize("target", ["refused.xlsx", "nowhere/refused.csv"])
def test_export_to_another_format_or_a_missing_folder_is_wrong_usage(quarantined: Command, target: str) -> None:
    assert quarantined("quarantine", "export", target).code == 2
    assert not Path(target).exists()


@pytest.mark.full
def test_replay_after_a_corrected_setting_adds_records_to_their_dump(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(sms("1", FIRST), sms("2", FIRST, text="long " * 300), sms("1", FIRST, text="long " * 300), NO_EVENT)
    monkeypatch.setenv("CDP_ETL_MAX_RECORD_BYTES", "1024")
    monkeypatch.setenv("CDP_ETL_MAX_QUARANTINE_RATE", "0.9")
    cdp_etl(*RUN)
    monkeypatch.delenv("CDP_ETL_MAX_RECORD_BYTES")

    replayed = cdp_etl(*REPLAY)
    again = cdp_etl(*REPLAY)

    assert (replayed.code, again.code) == (0, 0)
    assert query(LEDGER) == [("loaded", 1, 3), ("loaded", 2, 1), ("unchanged", 2, 1)]
    assert query("SELECT source_position FROM staging.sms_interaction_current ORDER BY ALL") == [(2,), (3,)]
    assert query("SELECT count(*) FROM marts.interaction") == [(2,)]
    assert "3" in replayed.out
    assert "The same files were loaded under the same rules already." in " ".join(again.out.split())


@pytest.mark.full
def test_replay_equals_a_first_load_with_the_corrected_setting(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(sms("1", FIRST), sms("2", FIRST, text="long " * 300))
    monkeypatch.setenv("CDP_ETL_MAX_RECORD_BYTES", "1024")
    cdp_etl(*RUN)
    monkeypatch.delenv("CDP_ETL_MAX_RECORD_BYTES")
    cdp_etl(*REPLAY)
    replayed = query("FROM marts.interaction ORDER BY record_key"), query("FROM ops.quarantine_reason")

    monkeypatch.setenv("CDP_ETL_WAREHOUSE", "another.duckdb")
    cdp_etl(*RUN)

    assert (query("FROM marts.interaction ORDER BY record_key"), query("FROM ops.quarantine_reason")) == replayed


@pytest.mark.full
def test_replay_loads_a_dump_that_was_refused_as_a_whole(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    restrict_new_files()  # as the command that normalizes does
    deliver(sms("1", FIRST), NO_EVENT, NO_ID)
    ran = cdp_etl(*RUN)
    monkeypatch.setenv("CDP_ETL_MAX_QUARANTINE_RATE", "0.7")

    replayed = cdp_etl(*REPLAY)

    assert (ran.code, replayed.code) == (1, 0)
    assert query(LEDGER) == [("refused", 1, 2), ("loaded", 1, 2)]


@pytest.mark.full
def test_replay_reads_the_raw_archive_and_not_the_zone(cdp_etl: Command) -> None:
    restrict_new_files()  # as the command that normalizes does
    deliver(sms("1", FIRST), NO_EVENT, sms("3", FIRST), NO_ID)
    cdp_etl(*RUN)
    deliver(sms("9", FIRST))

    assert cdp_etl(*REPLAY).code == 0
    assert query("SELECT id FROM staging.sms_interaction ORDER BY id") == [("1",), ("3",)]


@pytest.mark.full
def test_replay_of_a_dump_that_is_still_refused_exits_with_1(cdp_etl: Command) -> None:
    restrict_new_files()  # as the command that normalizes does
    deliver(sms("1", FIRST), NO_EVENT, NO_ID)
    cdp_etl(*RUN)

    replayed = cdp_etl(*REPLAY)

    assert replayed.code == 1
    assert "2 of 3 records are quarantined" in replayed.err


@pytest.mark.full
def test_replay_with_an_empty_quarantine_does_nothing(cdp_etl: Command) -> None:
    deliver(sms("1", FIRST))
    cdp_etl(*RUN)

    replayed = cdp_etl(*REPLAY)

    assert (replayed.code, replayed.out) == (0, "The quarantine is empty.\n")
    assert len(query(LEDGER)) == 1
