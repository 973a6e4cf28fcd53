"""Contract of all zones, tested with a folder, S3, SFTP in this process, and OpenSSH's sshd."""

import hashlib
import json
from pathlib import Path

import pytest

from cdp_etl.landing import DumpRefusedError, discover, pull_dump
from cdp_etl.landing.models import FileDifference
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, Partner, S3Partner, contents, pulled
from cdp_etl_tests.landing.servers import S3Server


def test_files_are_pulled_completely_and_in_order(partner: Partner, archive: Path) -> None:
    delivered = {
        "part-2.csv": b"two",
        "part-10.csv": b"",
        "sub/Đánh giá 1.csv": bytes(range(256)) * 12_345,  # more than one block of any protocol
    }
    for path, content in delivered.items():
        partner.put(f"{FOLDER}/{path}", content)

    pull = pulled(partner, archive)

    assert list(contents(pull)) == ["part-2.csv", "part-10.csv", "sub/Đánh giá 1.csv"]
    assert contents(pull) == delivered
    assert {file.path: file.sha256 for file in pull.files} == {
        path: hashlib.sha256(content).hexdigest() for path, content in delivered.items()
    }


def test_a_missing_folder_is_no_dump(partner: Partner, archive: Path) -> None:
    partner.put(f"{ENTITY}/2026-02-28/a.csv", b"another day")
    partner.put(f"{ENTITY}/2026-03-01x/a.csv", b"another folder with the same beginning")

    assert pull_dump(partner.zone(), ENTITY, DAY, archive) is None


def test_an_unchanged_delivery_and_a_changed_one_are_distinguished(partner: Partner, archive: Path) -> None:
    partner.put(f"{FOLDER}/a.csv", b"one")
    partner.put(f"{FOLDER}/b.csv", b"two")
    first = pulled(partner, archive)
    unchanged = pulled(partner, archive)
    partner.put(f"{FOLDER}/b.csv", b"two, corrected")

    changed = pulled(partner, archive)

    assert [first.is_new, unchanged.is_new, changed.is_new] == [True, False, True]
    assert changed.difference == FileDifference(changed=("b.csv",))
    assert (first.directory / "a.csv").samefile(changed.directory / "a.csv")


def test_a_removed_file_is_refused(partner: Partner, archive: Path) -> None:
    partner.put(f"{FOLDER}/a.csv", b"one")
    partner.put(f"{FOLDER}/b.csv", b"two")
    pulled(partner, archive)
    partner.remove(f"{FOLDER}/a.csv")

    with pytest.raises(DumpRefusedError, match="1 files are offered, but 2 were pulled"):
        pulled(partner, archive)


def test_a_manifest_and_a_checksum_are_verified(partner: Partner, archive: Path) -> None:
    hashed = hashlib.sha256(b"one").hexdigest()
    partner.put(f"{FOLDER}/a.csv", b"one")
    partner.put(f"{FOLDER}/a.csv.sha256", f"{hashed}  a.csv\n".encode())
    listed = [{"path": "a.csv", "bytes": 3, "sha256": hashed, "records": 0}]
    partner.put(f"{FOLDER}/_manifest.json", json.dumps({"files": listed}).encode())

    assert pulled(partner, archive).ready_by == "manifest"


@pytest.mark.parametrize(
    ("template", "path", "of_another_day"),
    [
        ("{entity}/dt={date}/", f"{ENTITY}/dt=2026-03-01/a.csv", f"{ENTITY}/dt=2026-03-02/a.csv"),
        ("{date:%Y/%m/%d}/{entity}", f"2026/03/01/{ENTITY}/a.csv", f"2026/03/02/{ENTITY}/a.csv"),
        ("{entity}_{date:%Y%m%d}*", f"{ENTITY}_20260301_a.csv", f"{ENTITY}_20260302_a.csv"),
        ("daily/{entity}_{date:%Y%m%d}*", f"daily/{ENTITY}_20260301.csv", f"daily/{ENTITY}_20260302.csv"),
    ],
)
def test_a_template_locates_the_dump_in_the_zone(
    partner: Partner, archive: Path, template: str, path: str, of_another_day: str
) -> None:
    partner.put(path, b"x")
    partner.put(of_another_day, b"another day")

    pull = pull_dump(partner.zone(template), ENTITY, DAY, archive)

    assert pull is not None
    assert list(contents(pull).values()) == [b"x"]


def test_a_long_listing_is_complete(partner: Partner) -> None:
    """An S3 listing has pages of 1,000 objects."""
    for number in range(2500):
        if isinstance(partner, S3Partner):
            S3Server(partner.endpoint).put_raw(partner.bucket, f"from/partner/{FOLDER}/part-{number}.csv")
        else:
            partner.put(f"{FOLDER}/part-{number}.csv", b"")

    (found,) = discover(partner.zone(), ENTITY, [DAY])

    assert found.files == 2500
