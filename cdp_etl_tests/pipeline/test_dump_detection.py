"""Detection of dumps to load: dates to scan, retries, running loads, the stored cursor."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from cdp_etl.entities import BY_NAME
from cdp_etl.landing import FirstSeen
from cdp_etl.pipeline import dump_detection
from cdp_etl.pipeline.dump_detection import (
    LoadRequest,
    SensorCursor,
    dates_to_scan,
    find_due_loads,
    scan_zones,
)
from cdp_etl.settings import Settings
from cdp_etl.warehouse import ledger
from cdp_etl_tests.attacks.sftp import StallsInListing
from cdp_etl_tests.landing.servers import sftp_in_process
from cdp_etl_tests.pipeline.dumps import DAY, SMS, DumpPipeline, sms

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EMAIL = BY_NAME["email-interaction"]
NO_ATTEMPTS = pl.DataFrame()
NONE_EXPECTED = Settings(delivery_weekdays=frozenset())


def test_a_delivery_without_a_recorded_attempt_is_requested_again_with_doubling_waits(
    pipeline: DumpPipeline,
) -> None:
    """A killed run leaves no trace in the ledger and the archive. The number of requests is limited."""
    pipeline.deliver([sms("1")])
    cursor = SensorCursor()
    minutes = []
    for minute in range(0, 24 * 60, 5):
        due, cursor = find_due_loads(
            pipeline.settings,
            scan_zones(pipeline.settings, [SMS], [DAY]),
            NO_ATTEMPTS,
            cursor,
            running=(),
            now=NOW + timedelta(minutes=minute),
        )
        minutes += [(minute, load.request.attempts) for load in due]

    assert minutes == [(0, 1), (5, 2), (15, 3), (35, 4), (75, 5), (155, 6), (315, 7), (635, 8)]


def test_a_changed_delivery_starts_over_with_the_first_attempt(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    scan = scan_zones(pipeline.settings, [SMS], [DAY])
    _, cursor = find_due_loads(pipeline.settings, scan, NO_ATTEMPTS, SensorCursor(), running=(), now=NOW)
    pipeline.deliver([sms("1"), sms("2")])

    changed = scan_zones(pipeline.settings, [SMS], [DAY])
    (due,), _ = find_due_loads(pipeline.settings, changed, NO_ATTEMPTS, cursor, running=(), now=NOW)

    assert (due.dump_date, due.entities, due.request.attempts) == (DAY, (SMS.name,), 1)


def test_a_loaded_dump_is_not_requested(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    pipeline.process()

    due, cursor = find_due_loads(
        pipeline.settings,
        scan_zones(pipeline.settings, [SMS], [DAY]),
        ledger(pipeline.settings.open_warehouse()),
        SensorCursor(),
        running=(),
        now=NOW,
    )

    assert (due, cursor) == ([], SensorCursor())


def test_a_date_that_a_run_is_loading_is_not_requested_and_its_request_is_kept(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    earlier = SensorCursor({DAY.isoformat(): LoadRequest("0123", 1, NOW - timedelta(hours=1))})

    due, cursor = find_due_loads(
        pipeline.settings,
        scan_zones(pipeline.settings, [SMS], [DAY]),
        NO_ATTEMPTS,
        earlier,
        running={(SMS.table, DAY)},
        now=NOW,
    )

    assert (due, cursor) == ([], earlier)


def test_an_unreachable_zone_is_an_error_of_the_scan_and_keeps_the_state(pipeline: DumpPipeline) -> None:
    (pipeline.settings.data / "landing").rmdir()
    earlier = SensorCursor(
        {DAY.isoformat(): LoadRequest("0123", 1, NOW)}, {f"{SMS.name} {DAY}": FirstSeen("4567", NOW)}
    )

    scan = scan_zones(pipeline.settings, [SMS], [DAY])
    due, cursor = find_due_loads(pipeline.settings, scan, NO_ATTEMPTS, earlier, running=(), now=NOW)

    assert [error.rpartition(": ")[2] for error in scan.errors] == ["the folder does not exist"]
    assert (due, cursor) == ([], earlier)


@pytest.mark.parametrize(
    ("weekdays", "dates"),
    [
        (frozenset({"sun"}), [date(2026, 3, 1), date(2026, 3, 8), date(2026, 3, 22)]),
        (frozenset(), [date(2026, 3, 1), date(2026, 3, 22)]),
    ],
    ids=["a weekly dump is missing", "no dump is expected"],
)
def test_older_dates_are_scanned_if_an_expected_dump_is_missing(
    pipeline: DumpPipeline, weekdays: frozenset[str], dates: list[date]
) -> None:
    pipeline.deliver([sms("1")])
    pipeline.process()
    pipeline.process(date(2026, 3, 15))
    pipeline.deliver([sms("2")], date(2026, 3, 15))
    pipeline.process(date(2026, 3, 15))
    settings = pipeline.settings.model_copy(update={"delivery_weekdays": weekdays})

    scanned, _ = dates_to_scan(settings, ledger(settings.open_warehouse()), [date(2026, 3, 22)], date(2026, 3, 15))

    assert [day for day in scanned if day != date(2026, 3, 15)] == dates


def test_the_older_loaded_dates_are_rescanned_in_turn() -> None:
    days = [DAY + timedelta(days=number) for number in range(10)]
    attempts = pl.DataFrame(
        {"entity": [SMS.table] * 10, "dump_date": days, "status": ["loaded"] * 10},
        schema_overrides={"dump_date": pl.Date},
    )

    first, last_rescanned = dates_to_scan(NONE_EXPECTED, attempts, [date(2026, 4, 1)], None)
    second, _ = dates_to_scan(NONE_EXPECTED, attempts, [date(2026, 4, 1)], last_rescanned)

    assert first[:-1] == days[:7]
    assert second[:-1] == days[7:]


def test_the_cursor_of_an_earlier_version_is_read_and_written_with_the_same_keys() -> None:
    stored = (
        '{"asked":{"2026-03-01":{"deliveries":"0123456789abcdef","attempts":2,"at":"2026-03-02T12:00:00Z"}},'
        '"sightings":{"sms-interaction 2026-03-02":'
        '{"listing_fingerprint":"4567","first_seen_at":"2026-03-02T12:00:00Z"}},'
        '"looked_through":"2026-02-01"}'
    )

    cursor = SensorCursor.from_json(stored)

    assert cursor.requests["2026-03-01"] == LoadRequest("0123456789abcdef", 2, NOW)
    assert cursor.first_seen["sms-interaction 2026-03-02"] == FirstSeen("4567", NOW)
    assert cursor.last_rescanned == date(2026, 2, 1)
    assert cursor.to_json() == stored
    assert SensorCursor.from_json(None) == SensorCursor()


def test_a_run_of_one_landing_zone_does_not_hold_up_the_requests_of_another(
    pipeline: DumpPipeline, tmp_path: Path
) -> None:
    pipeline.deliver([sms("1")])
    settings = pipeline.settings.model_copy(update={"landing_by_entity": {EMAIL.table: str(tmp_path / "other")}})
    (tmp_path / "other" / EMAIL.name / DAY.isoformat()).mkdir(parents=True)
    (tmp_path / "other" / EMAIL.name / DAY.isoformat() / "a.ndjson").write_bytes(b"{}\n")
    scan = scan_zones(settings, [SMS, EMAIL], [DAY])

    both, cursor = find_due_loads(settings, scan, NO_ATTEMPTS, SensorCursor(), running=(), now=NOW)
    one, _ = find_due_loads(settings, scan, NO_ATTEMPTS, SensorCursor(), running={(EMAIL.table, DAY)}, now=NOW)

    assert [load.entities for load in both] == [(SMS.name,), (EMAIL.name,)]
    assert list(cursor.requests) == [DAY.isoformat(), f"{DAY.isoformat()} {EMAIL.table}"]
    assert [load.entities for load in one] == [(SMS.name,)]


def test_a_zone_that_stalls_holds_up_the_scan_of_no_other(
    pipeline: DumpPipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.deliver([sms("1")])
    monkeypatch.setattr(dump_detection, "SCAN_SECONDS", 0.5)
    with sftp_in_process(tmp_path, StallsInListing) as server:
        settings = pipeline.settings.model_copy(
            update={
                "landing_by_entity": {EMAIL.table: server.location()},
                "sftp_key_file": server.options.key_file,
                "sftp_known_hosts": server.options.known_hosts,
            }
        )
        scan = scan_zones(settings, [EMAIL, SMS], [DAY])

    assert [dump.entity for dump in scan.dumps] == [SMS.name]
    (error,) = scan.errors
    assert "its listings take longer than" in error
