"""Servers that stall, never end, or send more than they were asked for: refused in a sentence, within bounds."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cdp_etl.landing import (
    DumpNotCompleteError,
    DumpRefusedError,
    LandingError,
    Pull,
    RetryPolicy,
    ZoneConfigError,
    ZoneLimits,
    ZoneOptions,
    ZoneUnreachableError,
    discover,
    open_zone,
    pull_dump,
)
from cdp_etl.landing.transfer.download import download_file
from cdp_etl.landing.zones.protocol import RemoteFile
from cdp_etl_tests.attacks import sftp
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner
from cdp_etl_tests.landing.servers import Keys, sftp_in_process

LIMITS = ZoneLimits(entries=50, depth=3, files=5, connect_seconds=0.5, stall_seconds=0.5)
ONE_ATTEMPT = RetryPolicy(attempts=1)


def pull_from(server: type[sftp.HostileServer], folder: Path, limits: ZoneLimits = LIMITS) -> Pull | None:
    """Pull a dump from a hostile server, with one attempt."""
    (folder / "sftp").mkdir()
    with sftp_in_process(folder / "sftp", server) as running:
        options = ZoneOptions(sftp=running.options, retry=ONE_ATTEMPT, limits=limits)
        return pull_dump(open_zone(running.location(), options=options), ENTITY, DAY, folder / "archive")


@pytest.mark.parametrize(
    ("server", "error", "sentence"),
    [
        (sftp.StallsInListing, ZoneUnreachableError, r"2026-03-01: the server sent nothing for 0\.5 s"),
        (sftp.StallsInFile, ZoneUnreachableError, r"a\.csv: the server sent nothing for 0\.5 s"),
        (sftp.NeverEndsListing, DumpRefusedError, "more than 50 files and folders"),
        (sftp.NestsWithoutEnd, DumpRefusedError, "more than 3 levels of subfolders"),
        (sftp.SendsMoreThanAsked, ZoneConfigError, "the server sends more bytes than were requested"),
    ],
)
def test_a_hostile_sftp_server_is_answered_by_a_sentence(
    tmp_path: Path, server: type[sftp.HostileServer], error: type[LandingError], sentence: str
) -> None:
    started = time.monotonic()

    with pytest.raises(error, match=sentence):
        pull_from(server, tmp_path)

    assert time.monotonic() - started < 10


def test_a_slow_server_is_waited_for_as_long_as_it_sends_anything(tmp_path: Path) -> None:
    limits = ZoneLimits(stall_seconds=0.5)

    pull = pull_from(sftp.IsSlow, tmp_path, limits)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == sftp.CONTENT


def test_a_server_that_accepts_and_is_silent_is_unreachable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        options = ZoneOptions(sftp=Keys.make(tmp_path / "keys").options(port), retry=ONE_ATTEMPT, limits=LIMITS)
        zone = open_zone(f"sftp://someone@127.0.0.1:{port}/", options=options)

        with pytest.raises(ZoneUnreachableError, match="the server does not answer"):
            discover(zone, ENTITY, [DAY])


def test_a_folder_has_the_same_bounds(folder: FolderPartner, tmp_path: Path) -> None:
    zone = open_zone(folder.root, options=ZoneOptions(limits=LIMITS))
    for number in range(6):
        folder.put(f"{FOLDER}/{number}.csv", b"commentId\n")
    with pytest.raises(DumpRefusedError, match=r"6 data files, expected at most 5 \(CDP_ETL_MAX_FILES\)"):
        pull_dump(zone, ENTITY, DAY, tmp_path / "archive")
    for number in range(6, 51):
        folder.put(f"{FOLDER}/{number}.csv", b"commentId\n")
    with pytest.raises(DumpRefusedError, match="more than 50 files and folders"):
        pull_dump(zone, ENTITY, DAY, tmp_path / "archive")


def test_a_refused_listing_refuses_its_dump_alone(folder: FolderPartner) -> None:
    zone = open_zone(folder.root, options=ZoneOptions(limits=LIMITS))
    folder.put(f"{FOLDER}/a/b/c/d/e.csv", b"commentId\n")
    folder.put(f"{ENTITY}/2026-03-02/a.csv", b"commentId\n")

    found = discover(zone, ENTITY, [DAY, DAY.replace(day=2)])

    assert [dump.refusal is None for dump in found] == [False, True]


def test_a_download_ends_when_it_is_longer_than_listed(tmp_path: Path) -> None:
    class Endless:
        async def list_folder(self, folder: str, *, recursive: bool) -> list[RemoteFile]:
            raise NotImplementedError

        async def read(self, file: RemoteFile, offset: int = 0) -> AsyncGenerator[bytes, None]:  # noqa: ARG002
            while True:
                yield b"x" * 1000

    remote = RemoteFile("a.csv", 2_500, datetime(2026, 3, 1, tzinfo=UTC))

    with pytest.raises(DumpNotCompleteError, match=r"a\.csv is longer than the 2500 bytes listed"):
        asyncio.run(download_file(Endless(), ONE_ATTEMPT, remote, tmp_path / "a.csv"))
