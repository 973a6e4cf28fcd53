"""Unsafe file names and links are refused by name in every kind of zone."""

import os
from pathlib import Path
from stat import S_IFBLK, S_IFIFO, S_IFSOCK

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.landing import DumpRefusedError, ZoneConfigError, open_zone, pull_dump
from cdp_etl.landing.zones.path_safety import require_regular, require_safe_path
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner, Partner, S3Partner, sftp_partner
from cdp_etl_tests.landing.servers import S3Server, sftp_in_process


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../a.csv", r"\.\./a\.csv: a path with an empty part"),
        ("a/../../b.csv", "a path with an empty part"),
        ("a//b.csv", "a path with an empty part"),
        ("", "a path with an empty part"),
        ("/etc/a.csv", "/etc/a.csv: an absolute path"),
        ("a\nb.csv", r"a\\nb\.csv: a name with a backslash or control character"),
        ("a\u202eb.csv", r"a\\u202eb\.csv: a name with a backslash or control character"),
        ("..\\a.csv", "a name with a backslash or control character"),
        ("a\udcff.csv", r"a\\udcff\.csv: a name with a backslash or control character"),
        ("x" * 256, "a name longer than 255 bytes"),
    ],
)
def test_a_dangerous_path_is_refused_by_name(path: str, message: str) -> None:
    with pytest.raises(DumpRefusedError, match=message):
        require_safe_path(path)


@given(st.text(max_size=40))
def test_an_accepted_path_stays_in_its_folder(path: str) -> None:
    try:
        require_safe_path(path)
    except DumpRefusedError:
        return

    assert Path(os.path.normpath(Path("/archive") / path)).is_relative_to("/archive")
    assert path.isprintable() or not any(ord(character) < 32 for character in path)


def test_names_that_differ_only_in_case_are_refused(partner: Partner, archive: Path) -> None:
    partner.put(f"{FOLDER}/Part.csv", b"x")
    partner.put(f"{FOLDER}/part.csv", b"y")

    with pytest.raises(DumpRefusedError, match="names that differ only in case"):
        pull_dump(partner.zone(), ENTITY, DAY, archive)


@pytest.mark.parametrize("name", ["a\nb.csv", "a\x1b[2Jb.csv", "back\\slash.csv"])
def test_a_control_character_in_a_name_is_refused(partner: Partner, archive: Path, name: str) -> None:
    if isinstance(partner, S3Partner):
        put_object_of_any_name(partner, f"{FOLDER}/{name}")
    else:
        partner.put(f"{FOLDER}/{name}", b"x")

    with pytest.raises(DumpRefusedError, match="is refused") as error:
        pull_dump(partner.zone(), ENTITY, DAY, archive)

    assert str(error.value).isprintable()


@pytest.mark.parametrize("name", ["../a.csv", "x/../../a.csv", "x//a.csv"])
def test_an_object_whose_key_leaves_the_folder_is_refused(s3: S3Partner, archive: Path, name: str) -> None:
    put_object_of_any_name(s3, f"{FOLDER}/{name}")

    with pytest.raises(DumpRefusedError, match="is refused"):
        pull_dump(s3.zone(), ENTITY, DAY, archive)


def test_an_empty_object_for_a_folder_is_no_file(s3: S3Partner, archive: Path) -> None:
    put_object_of_any_name(s3, f"{FOLDER}/")
    put_object_of_any_name(s3, f"{FOLDER}/more/")
    s3.put(f"{FOLDER}/more/a.csv", b"x")

    pull = pull_dump(s3.zone(), ENTITY, DAY, archive)

    assert pull is not None
    assert [file.path for file in pull.files] == ["more/a.csv"]


def put_object_of_any_name(partner: S3Partner, key: str) -> None:
    S3Server(partner.endpoint).put_raw(partner.bucket, f"from/partner/{key}")


@pytest.mark.parametrize("name", [b"../../../etc/a.csv", b"sub/a.csv", b"\xff.csv"])
def test_a_name_that_an_sftp_server_forged_is_refused(tmp_path: Path, archive: Path, name: bytes) -> None:
    class Lying(asyncssh.SFTPServer):
        async def scandir(self, path: bytes):  # type: ignore[no-untyped-def] # noqa: ANN202, ARG002 - asyncssh's own
            yield asyncssh.SFTPName(name, attrs=asyncssh.SFTPAttrs(permissions=0o100644, size=1, mtime=0))

    with sftp_in_process(
        tmp_path, lambda channel: Lying(channel, chroot=str(tmp_path / "files").encode())
    ) as server:
        (tmp_path / "files" / FOLDER).mkdir(parents=True)

        with pytest.raises(DumpRefusedError, match=r"a path instead of a name|control character"):
            pull_dump(sftp_partner(server).zone(), ENTITY, DAY, archive)


@pytest.fixture(params=["folder", "sftp in process", pytest.param("sshd", marks=pytest.mark.system)])
def with_links(request: pytest.FixtureRequest) -> FolderPartner:
    if request.param == "folder":
        folder: FolderPartner = request.getfixturevalue("folder")
        return folder
    return sftp_partner(request.getfixturevalue("sshd" if request.param == "sshd" else "sftp_server"))


@pytest.mark.parametrize("kind", [pytest.param(S_IFIFO, id="named pipe"), pytest.param(S_IFSOCK, id="socket")])
def test_what_is_no_file_is_refused_and_never_opened(with_links: FolderPartner, archive: Path, kind: int) -> None:
    with_links.put(f"{FOLDER}/a.csv", b"x")
    os.mknod(with_links.root / FOLDER / "b.csv", kind | 0o644)

    with pytest.raises(DumpRefusedError, match=r"b\.csv: a named pipe, socket or device is refused"):
        pull_dump(with_links.zone(), ENTITY, DAY, archive)


def test_a_device_is_refused_and_an_unknown_kind_is_not() -> None:
    with pytest.raises(DumpRefusedError, match=r"sda: a named pipe, socket or device is refused"):
        require_regular("sda", S_IFBLK | 0o644)
    require_regular("a.csv", 0o644)


@pytest.mark.parametrize("host", ["[bad", "host:99999", "host:port"])
def test_a_location_that_is_no_url_is_refused_without_its_password(host: str) -> None:
    with pytest.raises(ZoneConfigError, match="not a valid URL") as refused:
        open_zone(f"sftp://cdp:horse@{host}/dumps")

    assert "horse" not in str(refused.value)


def test_a_link_inside_the_zone_is_followed(with_links: FolderPartner, archive: Path) -> None:
    with_links.put("elsewhere/a.csv", b"linked")
    with_links.put(f"{FOLDER}/_SUCCESS", b"")
    (with_links.root / FOLDER / "a.csv").symlink_to("../../elsewhere/a.csv")

    pull = pull_dump(with_links.zone(), ENTITY, DAY, archive)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == b"linked"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        pytest.param("../../../outside.csv", "a link that leads outside the landing zone", id="next-to-the-zone"),
        pytest.param("/etc/hostname", "(a link that leads outside the landing zone|a broken link)", id="absolute"),
        pytest.param("missing.csv", "a broken link", id="dangling"),
    ],
)
def test_a_broken_link_or_one_that_leads_outside_the_zone_is_refused(
    with_links: FolderPartner, archive: Path, target: str, message: str
) -> None:
    with_links.put("outside.csv", b"not for you")
    with_links.put(f"zone/{FOLDER}/b.csv", b"x")
    (with_links.root / "zone" / FOLDER / "a.csv").symlink_to(target)
    zone = open_zone(
        f"{with_links.location}zone" if with_links.location else with_links.root / "zone",
        options=with_links.options,
    )

    with pytest.raises(DumpRefusedError, match=rf"a\.csv: ({message})"):
        pull_dump(zone, ENTITY, DAY, archive)


def test_a_link_to_a_folder_is_refused(with_links: FolderPartner, archive: Path) -> None:
    with_links.put("elsewhere/a.csv", b"x")
    with_links.put(f"{FOLDER}/b.csv", b"x")
    (with_links.root / FOLDER / "more").symlink_to("../../elsewhere")

    with pytest.raises(DumpRefusedError, match="more: a link to a folder is refused"):
        pull_dump(with_links.zone(), ENTITY, DAY, archive)
