"""`cdp-etl quarantine`: list, show, export and replay."""

import csv
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.file_modes import restrict_new_files
from cdp_etl.normalize import NormalizedFile, normalize_dump
from cdp_etl.settings import load_settings
from cdp_etl_tests.cli.conftest import Command, CommandResult, commands_in, load_dump, publish_marts
from cdp_etl_tests.conftest import Template
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, THIRD, sms

ONE_DAY = ("--from", "2026-03-01", "--entity", "sms-interaction")
REPLAY = ("quarantine", "replay", *ONE_DAY)
PLACE = ("sms-interaction", "2026-03-01", "part-1.ndjson")
FOLDER = Path("data/landing/sms-interaction/2026-03-01")


def deliver(*records: Any, day: date = FIRST) -> None:
    """Write one file of SMS interactions to the landing folder."""
    folder = FOLDER.with_name(day.isoformat())
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    (folder / "part-1.ndjson").write_text("\n".join(lines), encoding="utf-8")


def query(sql: str) -> list[tuple[Any, ...]]:
    """Query the warehouse."""
    with load_settings().open_warehouse().reading() as connection:
        return connection.execute(sql).fetchall()


COUNTS = "status, accepted, quarantined"
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


CORRECTED = ("CDP_ETL_MAX_QUARANTINE_RATE", "0.7")
LONG = "long " * 300
FILES = {
    FIRST: [sms("1", FIRST), sms("5", FIRST, text=LONG), sms("1", FIRST, text=LONG), NO_EVENT],
    SECOND: [sms("2", SECOND), NO_EVENT, NO_ID],
    THIRD: [sms("3", THIRD), NO_EVENT, sms("4", THIRD), NO_ID],
}


@dataclass(frozen=True)
class Replayed:
    """A folder after one replay of three dumps with corrected settings, and the result of the command."""

    folder: Path
    result: CommandResult

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the warehouse of the folder."""
        with load_settings(data=self.folder / "data").open_warehouse().reading() as connection:
            return connection.execute(sql).fetchall()

    def attempts(self, day: date) -> list[tuple[Any, ...]]:
        """Return the attempts of the dump of a day."""
        return self.query(f"SELECT {COUNTS} FROM ops.load WHERE dump_date = '{day}' ORDER BY load_seq")


@pytest.fixture(scope="session")
def replayed(template_folder: Template) -> Replayed:
    """Replay three dumps once for all tests, which only read them."""
    folder = template_folder("replayed", _replay)
    return Replayed(folder, CommandResult(**json.loads((folder / "result.json").read_text("utf-8"))))


def _replay(folder: Path) -> None:
    with commands_in(folder) as cdp_etl, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CDP_ETL_MAX_RECORD_BYTES", "1024")
        for day, records in FILES.items():
            # The first dump has more quarantined records, the second is refused by its rate.
            patch.setenv("CDP_ETL_MAX_QUARANTINE_RATE", "0.9" if day == FIRST else "0.5")
            deliver(*records, day=day)
            load_dump(day)
        deliver(sms("9", THIRD), day=THIRD)
        patch.delenv("CDP_ETL_MAX_RECORD_BYTES")
        patch.setenv(*CORRECTED)
        result = cdp_etl(*REPLAY, "--to", "2026-03-03")
    (folder / "result.json").write_text(json.dumps(asdict(result)), encoding="utf-8")


@pytest.mark.full
def test_replay_after_a_corrected_setting_adds_records_to_their_dump(replayed: Replayed) -> None:
    of_first = "WHERE dump_date = '2026-03-01'"

    assert replayed.result.code == 0
    assert replayed.attempts(FIRST) == [("loaded", 1, 3), ("loaded", 2, 1)]
    assert replayed.query(
        f"SELECT source_position FROM staging.sms_interaction_current {of_first} ORDER BY ALL"
    ) == [(2,), (3,)]
    assert replayed.query(f"SELECT count(*) FROM marts.interaction {of_first}") == [(2,)]
    assert "3" in replayed.result.out


@pytest.mark.full
def test_replay_loads_a_dump_that_was_refused_as_a_whole(replayed: Replayed) -> None:
    assert replayed.attempts(SECOND) == [("refused", 1, 2), ("loaded", 1, 2)]


@pytest.mark.full
def test_replay_reads_the_raw_archive_and_not_the_zone(replayed: Replayed) -> None:
    delivered = (replayed.folder / "data/landing/sms-interaction/2026-03-03/part-1.ndjson").read_text("utf-8")

    assert json.loads(delivered)["id"] == "9"
    assert replayed.attempts(THIRD) == [("loaded", 2, 2), ("loaded", 2, 2)]
    assert replayed.query("SELECT id FROM staging.sms_interaction WHERE dump_date = '2026-03-03' ORDER BY id") == [
        ("3",),
        ("4",),
    ]


@pytest.mark.full
@pytest.mark.usefixtures("marts_without_dagster")
def test_a_second_replay_loads_nothing_and_says_so(
    cdp_etl: Command, replayed: Replayed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(replayed.folder / "data", tmp_path / "data")
    monkeypatch.setenv(*CORRECTED)

    again = cdp_etl(*REPLAY)

    assert again.code == 0
    assert query(f"SELECT {COUNTS} FROM ops.load WHERE dump_date = '2026-03-01' ORDER BY load_seq") == [
        ("loaded", 1, 3),
        ("loaded", 2, 1),
        ("unchanged", 2, 1),
    ]
    assert "The same files were loaded under the same rules already." in " ".join(again.out.split())


@pytest.mark.full
@pytest.mark.usefixtures("cdp_etl")
def test_replay_equals_a_first_load_with_the_corrected_setting(
    replayed: Replayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*CORRECTED)
    for day, records in FILES.items():
        deliver(*records, day=day)
        load_dump(day)
    publish_marts()

    for rows in ("FROM marts.interaction ORDER BY record_key", "FROM ops.quarantine_reason ORDER BY ALL"):
        assert query(rows) == replayed.query(rows)
        assert len(query(rows)) > 1


@pytest.mark.full
@pytest.mark.usefixtures("marts_without_dagster")
def test_replay_of_a_dump_that_is_still_refused_exits_with_1(cdp_etl: Command) -> None:
    deliver(sms("1", FIRST), NO_EVENT, NO_ID)
    load_dump()

    replayed = cdp_etl(*REPLAY)

    assert replayed.code == 1
    assert "2 of 3 records are quarantined" in replayed.err


@pytest.mark.full
def test_replay_with_an_empty_quarantine_does_nothing(cdp_etl: Command) -> None:
    deliver(sms("1", FIRST))
    load_dump()

    replayed = cdp_etl(*REPLAY)

    assert (replayed.code, replayed.out) == (0, "The quarantine is empty.\n")
    assert query(f"SELECT {COUNTS} FROM ops.load") == [("loaded", 1, 0)]
