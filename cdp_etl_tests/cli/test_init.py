"""`cdp-etl init`: settings by options or answers, a commented file, a check of the zone, the next command."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from cdp_etl.settings import load_settings
from cdp_etl_tests.cli.conftest import Command

SMS_FOLDER = Path("dumps/sms-interaction/2026-03-01")


def test_options_are_written_with_their_meaning_and_checked_against_the_zone(cdp_etl: Command) -> None:
    SMS_FOLDER.mkdir(parents=True)
    (SMS_FOLDER / "part-1.ndjson").write_text("{}\n")
    company = "it's #1 \\ co"

    ended = cdp_etl(
        "init",
        "--landing",
        "dumps",
        "--first-dump-date",
        "2026-03-01",
        "--default-company",
        company,
        "--no-daemon",
    )

    assert ended.code == 0
    assert "2026-03-01: 1 of 6 dumps have files" in ended.out
    assert "`cdp-etl run --from 2026-03-01 --to 2026-03-01`" in ended.out
    settings = load_settings()
    assert (settings.default_company, settings.daemon, settings.landing) == (company, False, "dumps")
    text = Path(".env").read_text()
    assert "# Time zone in which a dump date begins and ends.\n# CDP_ETL_DUMP_TIMEZONE=\n" in text
    assert Path(".env").stat().st_mode & 0o077 == 0


def test_a_zone_that_cannot_be_listed_is_reported_once(cdp_etl: Command) -> None:
    ended = cdp_etl("init", "--landing", "nowhere")

    assert ended.code == 1
    assert ended.err.count("does not exist") == 1
    assert "CDP_ETL_LANDING" in ended.err
    assert dotenv_values(".env")["CDP_ETL_LANDING"] == "nowhere"


def test_a_wrong_option_writes_nothing_and_an_existing_file_stays(cdp_etl: Command) -> None:
    wrong = cdp_etl("init", "--dump-timezone", "Mars/Base")
    assert (wrong.code, Path(".env").exists()) == (2, False)
    assert "CDP_ETL_DUMP_TIMEZONE" in wrong.err

    Path(".env").write_text("CDP_ETL_PHONE_REGION=VN\n")
    again = cdp_etl("init", "--landing", "dumps")
    assert (again.code, "exists" in again.err) == (2, True)
    assert Path(".env").read_text() == "CDP_ETL_PHONE_REGION=VN\n"


@pytest.mark.parametrize("place", ["sftp://cdp:s3cret@host/dumps", "az://dumps/?sig=s3cret", "s3cret://dumps"])
def test_a_location_that_is_refused_is_not_written(cdp_etl: Command, place: str) -> None:
    ended = cdp_etl("init", "--landing", place)

    assert ended.code == 2
    assert ended.err.startswith("Error: landing zone")
    assert not Path(".env").exists()


def test_a_terminal_is_asked_for_what_no_option_gives_until_it_is_valid(
    cdp_etl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("dumps").mkdir()
    answers = iter(["Mars/Base", "Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Minh", "", "2026-03-01", "", "false"])
    asked: list[str] = []

    def prompt(question: str, default: str) -> str:
        asked.append(question)
        return next(answers) or default

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("typer.prompt", prompt)

    ended = cdp_etl("init", "--landing", "dumps")

    assert ended.code == 0
    assert [question.split()[0] for question in asked] == [
        "Time",
        "Time",
        "Time",
        "Company",
        "First",
        "File",
        "Whether",
    ]
    assert dotenv_values(".env") == {
        "CDP_ETL_LANDING": "dumps",
        "CDP_ETL_DUMP_TIMEZONE": "Asia/Ho_Chi_Minh",
        "CDP_ETL_BUSINESS_TIMEZONE": "Asia/Ho_Chi_Minh",
        "CDP_ETL_FIRST_DUMP_DATE": "2026-03-01",
        "CDP_ETL_DAEMON": "false",
    }
