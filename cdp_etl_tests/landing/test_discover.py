"""Discovery of dumps for the sensor, and the probe of zones for the operator."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.landing import ZoneUnreachableError, discover, open_zone, probe_zones, pull_dump
from cdp_etl.landing.zones.object_store import FolderSession
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner, Partner

NEXT = DAY + timedelta(days=1)
LAST = DAY + timedelta(days=2)


def test_dumps_are_found_with_a_fingerprint_that_follows_their_listing(partner: Partner) -> None:
    partner.put(f"{FOLDER}/a.csv", b"one")
    partner.put(f"{FOLDER}/_SUCCESS", b"")
    partner.put(f"{ENTITY}/2026-03-03/b.csv", b"three")
    before = discover(partner.zone(), ENTITY, [LAST, NEXT, DAY])
    partner.put(f"{FOLDER}/a.csv", b"one, corrected")

    after = discover(partner.zone(), ENTITY, [DAY, NEXT, LAST])

    assert [(one.dump_date, one.files, one.bytes, one.ready_by) for one in before] == [
        (DAY, 1, 3, "marker"),
        (LAST, 1, 5, "settled"),
    ]
    assert [
        one.listing_fingerprint == other.listing_fingerprint for one, other in zip(before, after, strict=True)
    ] == [
        False,
        True,
    ]


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the folders listed so far."""
    listed: list[str] = []
    walk = FolderSession.list_folder

    async def counted(self: FolderSession, folder: str, *, recursive: bool) -> Any:
        listed.append(folder)
        return await walk(self, folder, recursive=recursive)

    monkeypatch.setattr(FolderSession, "list_folder", counted)
    return listed


def test_only_the_folders_of_the_dates_asked_for_are_listed(folder: FolderPartner, listings: list[str]) -> None:
    for number in range(1, 29):
        folder.put(f"{ENTITY}/2026-02-{number:02}/a.csv", b"x")
    folder.put("another-entity/2026-03-01/a.csv", b"x")

    found = discover(folder.zone(), ENTITY, [date(2026, 2, 28), DAY])

    assert [one.dump_date for one in found] == [date(2026, 2, 28)]
    assert sorted(listings) == [f"{ENTITY}/2026-02-28", f"{ENTITY}/2026-03-01"]


def test_a_flat_folder_is_listed_once_for_all_dates(folder: FolderPartner, listings: list[str]) -> None:
    folder.put(f"in/{ENTITY}_20260301.csv", b"x")
    folder.put(f"in/{ENTITY}_20260301_SUCCESS", b"")
    folder.put(f"in/{ENTITY}_20260303_1.csv", b"x")
    folder.put("in/readme.txt", b"not a dump")

    found = discover(folder.zone("in/{entity}_{date:%Y%m%d}*"), ENTITY, [DAY, NEXT, LAST])

    assert [(one.dump_date, one.ready_by) for one in found] == [(DAY, "marker"), (LAST, "settled")]
    assert listings == ["in"]


def test_one_bad_dump_does_not_hide_the_others(folder: FolderPartner) -> None:
    folder.put(f"{FOLDER}/notes.docx", b"x")
    folder.put(f"{ENTITY}/2026-03-02/a\nb.csv", b"x")
    folder.put(f"{ENTITY}/2026-03-03/b.csv.sha256", b"x")
    folder.put(f"{ENTITY}/2026-03-03/a.csv", b"x")

    found = discover(folder.zone(), ENTITY, [DAY, NEXT, LAST])

    assert [(one.refusal or "")[:12] for one in found] == ["notes.docx: ", f"{ENTITY}/"[:12], ""]
    assert found[2].missing == "not complete yet: b.csv.sha256 is present and b.csv is missing"


def test_a_new_dump_without_a_signal_is_not_ready(folder: FolderPartner) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    os.utime(folder.root / FOLDER / "a.csv")

    (found,) = discover(folder.zone(), ENTITY, [DAY], stability_seconds=60)

    assert found.ready_by is None


def test_an_unreachable_zone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZoneUnreachableError):
        discover(open_zone(tmp_path / "missing"), ENTITY, [DAY])


def test_a_probe_explains_the_state_of_each_dump(partner: Partner, archive: Path) -> None:
    days = [date(2026, 3, number) for number in range(1, 7)]
    partner.put(f"{FOLDER}/a.csv", b"x")
    pull_dump(partner.zone(), ENTITY, DAY, archive)
    partner.put(f"{ENTITY}/2026-03-02/a.csv", b"x")
    partner.put(f"{ENTITY}/2026-03-03/_manifest.json", b'{"files": [{"path": "a.csv"}]}')
    partner.put(f"{ENTITY}/2026-03-03/a.csv", b"x")
    partner.put(f"{ENTITY}/2026-03-04/_manifest.json", b'{"files": [{"path": "b.csv"}]}')
    partner.put(f"{ENTITY}/2026-03-05/a.csv.sha256", b"x")
    partner.put(f"{ENTITY}/2026-03-05/b.csv", b"x")

    (probed,) = probe_zones({ENTITY: partner.zone()}, days, archive)

    assert probed.fault is None
    assert [(dump.state, dump.why.split(" ")[0]) for dump in probed.dumps] == [
        ("unchanged", "pulled"),
        ("ready", "no"),
        ("ready", "has"),
        ("refused", "the"),
        ("not ready", "not"),
        ("nothing there", "the"),
    ]


def test_a_probe_reports_an_unreachable_zone_and_the_reachable_ones(
    folder: FolderPartner, archive: Path, tmp_path: Path
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    os.utime(folder.root / FOLDER / "a.csv")

    probed = probe_zones(
        {"sms-interaction": open_zone(tmp_path / "missing"), ENTITY: folder.zone()},
        [DAY],
        archive,
        stability_seconds=60,
    )

    assert probed[0].fault == f"landing zone {tmp_path}/missing: the folder does not exist"
    assert probed[0].dumps == ()
    assert [(dump.state, dump.files) for dump in probed[1].dumps] == [("not ready", 1)]
