"""Servers and lines that fail: what is tried again, what is not, and what is said."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from obstore.exceptions import GenericError
from pydantic import SecretStr

from cdp_etl.landing import (
    DumpNotCompleteError,
    ObjectStoreOptions,
    RetryPolicy,
    SftpOptions,
    Zone,
    ZoneConfigError,
    ZoneOptions,
    ZoneUnreachableError,
    latest_pull,
    open_zone,
    pull_dump,
)
from cdp_etl.landing.zones.object_store import explain
from cdp_etl_tests.landing.fault_proxy import CuttingProxy, cutting_proxy
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, QUICK, S3Partner, sftp_partner
from cdp_etl_tests.landing.servers import Keys, SftpServer, sftp_in_process

MIB = 1024 * 1024
CONTENT = os.urandom(24 * MIB)
ONE_ATTEMPT = RetryPolicy(attempts=1)


@pytest.fixture(params=["sftp in process", pytest.param("sshd", marks=pytest.mark.system)])
def server(request: pytest.FixtureRequest) -> SftpServer:
    found: SftpServer = request.getfixturevalue("sshd" if request.param == "sshd" else "sftp_server")
    return found


@pytest.fixture
def broken_sftp(server: SftpServer) -> Iterator[tuple[CuttingProxy, SftpOptions]]:
    """A file of 24 MiB behind a line that is cut once after 16 MiB."""
    sftp_partner(server).put(f"{FOLDER}/a.csv", CONTENT)
    with cutting_proxy(server.port, cut_after=16 * MIB) as proxy:
        assert server.options.known_hosts is not None
        yield proxy, Keys(server.options.known_hosts.parent).options(proxy.port)


def sftp_zone(server: SftpServer, options: SftpOptions, retry: RetryPolicy = QUICK) -> Zone:
    return open_zone(server.location(), options=ZoneOptions(sftp=options, retry=retry))


def test_a_broken_sftp_transfer_goes_on_where_it_was(
    server: SftpServer, broken_sftp: tuple[CuttingProxy, SftpOptions], archive: Path
) -> None:
    proxy, options = broken_sftp

    pull = pull_dump(sftp_zone(replace(server, port=proxy.port), options), ENTITY, DAY, archive)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == CONTENT
    assert proxy.cuts == 1
    assert proxy.bytes_to_client < len(CONTENT) + 8 * MIB  # not the 40 MiB of beginning anew


def test_a_transfer_that_was_given_up_goes_on_at_the_next_pull(
    server: SftpServer, broken_sftp: tuple[CuttingProxy, SftpOptions], archive: Path
) -> None:
    proxy, options = broken_sftp
    zone = sftp_zone(replace(server, port=proxy.port), options, ONE_ATTEMPT)
    with pytest.raises(ZoneUnreachableError, match=r"a\.csv: the connection failed or broke"):
        pull_dump(zone, ENTITY, DAY, archive)
    assert latest_pull(archive, ENTITY, DAY) is None

    pull = pull_dump(zone, ENTITY, DAY, archive)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == CONTENT
    assert proxy.bytes_to_client < len(CONTENT) + 8 * MIB


def test_a_file_that_changed_meanwhile_is_not_gone_on_with(
    server: SftpServer, broken_sftp: tuple[CuttingProxy, SftpOptions], archive: Path
) -> None:
    proxy, options = broken_sftp
    zone = sftp_zone(replace(server, port=proxy.port), options, ONE_ATTEMPT)
    with pytest.raises(ZoneUnreachableError):
        pull_dump(zone, ENTITY, DAY, archive)
    other = os.urandom(len(CONTENT))
    sftp_partner(server).put(f"{FOLDER}/a.csv", other)

    pull = pull_dump(zone, ENTITY, DAY, archive)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == other


def test_a_broken_s3_transfer_goes_on_where_it_was(s3: S3Partner, archive: Path) -> None:
    s3.put(f"{FOLDER}/a.csv", CONTENT)
    with cutting_proxy(int(s3.endpoint.rpartition(":")[2]), cut_after=16 * MIB) as proxy:
        pull = pull_dump(replace(s3, endpoint=f"http://127.0.0.1:{proxy.port}").zone(), ENTITY, DAY, archive)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == CONTENT
    assert proxy.cuts == 1
    assert proxy.bytes_to_client < len(CONTENT) + 8 * MIB


def test_a_file_that_grows_while_it_is_read_is_not_complete(tmp_path: Path, archive: Path) -> None:
    class Growing(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> bytes:
            with (tmp_path / "files" / FOLDER / "a.csv").open("ab") as file:
                file.write(b"more")
            content = super().read(file_obj, offset, size)
            assert isinstance(content, bytes)
            return content

    with sftp_in_process(
        tmp_path, lambda channel: Growing(channel, chroot=str(tmp_path / "files").encode())
    ) as server:
        sftp_partner(server).put(f"{FOLDER}/a.csv", CONTENT)

        with pytest.raises(DumpNotCompleteError, match=r"not complete yet: a\.csv changed while it was pulled"):
            pull_dump(sftp_partner(server).zone(), ENTITY, DAY, archive)

    assert latest_pull(archive, ENTITY, DAY) is None


def test_a_file_that_is_shorter_than_listed_is_not_complete(tmp_path: Path, archive: Path) -> None:
    class Shrinking(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> bytes:
            content = super().read(file_obj, offset, size)
            assert isinstance(content, bytes)
            return content if offset < 8 * MIB else b""

    with sftp_in_process(
        tmp_path, lambda channel: Shrinking(channel, chroot=str(tmp_path / "files").encode())
    ) as server:
        sftp_partner(server).put(f"{FOLDER}/a.csv", CONTENT)

        with pytest.raises(DumpNotCompleteError, match=r"a\.csv ended after 8388608 of 25165824 bytes"):
            pull_dump(sftp_partner(server).zone(), ENTITY, DAY, archive)


def test_a_server_that_gives_less_than_asked_is_read_to_the_end(tmp_path: Path, archive: Path) -> None:
    class Stingy(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> bytes:
            content = super().read(file_obj, offset, min(size, 10_000))
            assert isinstance(content, bytes)
            return content

    with sftp_in_process(
        tmp_path, lambda channel: Stingy(channel, chroot=str(tmp_path / "files").encode())
    ) as server:
        sftp_partner(server).put(f"{FOLDER}/a.csv", CONTENT[: 3 * MIB])

        pull = pull_dump(sftp_partner(server).zone(), ENTITY, DAY, archive)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == CONTENT[: 3 * MIB]


def test_files_that_may_not_be_read_are_said_without_a_retry(tmp_path: Path, archive: Path) -> None:
    opened: list[bytes] = []

    class Forbidding(asyncssh.SFTPServer):
        def open(self, path: bytes, _pflags: int, _attrs: asyncssh.SFTPAttrs) -> object:
            opened.append(path)
            raise asyncssh.SFTPPermissionDenied("no")

    with sftp_in_process(
        tmp_path, lambda channel: Forbidding(channel, chroot=str(tmp_path / "files").encode())
    ) as server:
        sftp_partner(server).put(f"{FOLDER}/a.csv", b"x")

        with pytest.raises(ZoneConfigError, match=r"a\.csv: no permission to read"):
            pull_dump(sftp_partner(server).zone(), ENTITY, DAY, archive)

    assert len(opened) == 1


def faulty(options: SftpOptions, fault: str, folder: Path) -> SftpOptions:
    """Spoil the login in one way."""
    assert options.known_hosts is not None
    host = options.known_hosts.read_text().split(" ")[0]
    (folder / "strangers").write_text(f"{host} {(folder / 'stranger.pub').read_text()}")
    (folder / "nobody").touch()
    (folder / "bad").write_text("@@@ not known hosts\n")
    spoiled: dict[str, SftpOptions] = {
        "host key": replace(options, known_hosts=folder / "strangers"),
        "no host keys": replace(options, known_hosts=folder / "nobody"),
        "no such hosts file": replace(options, known_hosts=folder / "missing"),
        "bad hosts file": replace(options, known_hosts=folder / "bad"),
        "other key": replace(options, key_file=folder / "stranger"),
        "no such key": replace(options, key_file=folder / "missing"),
        "no key in it": replace(options, key_file=folder / "user.pub"),
        "password": replace(options, key_file=None, password=SecretStr("hunter2")),
        "nothing": replace(options, key_file=None),
    }
    return spoiled[fault]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("host key", "the server's host key is not the one in the known hosts file"),
        ("no host keys", "the server's host key is not the one in the known hosts file, or is not in it"),
        ("no such hosts file", "missing: No such file"),
        ("bad hosts file", "bad is not in OpenSSH's format"),
        ("other key", "the server does not accept the user with this key or password"),
        ("no such key", "the key file .*missing: No such file"),
        ("no key in it", "holds no private key, or the passphrase does not open it"),
        ("password", "the server does not accept the user with this key or password"),
        ("nothing", "neither a key file nor a password is set"),
    ],
)
def test_a_login_that_fails_is_one_sentence_and_not_tried_again(
    server: SftpServer, archive: Path, fault: str, said: str
) -> None:
    assert server.options.known_hosts is not None
    options = faulty(server.options, fault, server.options.known_hosts.parent)
    patient = RetryPolicy(first_wait_seconds=1000)

    with pytest.raises(ZoneConfigError, match=said) as error:
        pull_dump(sftp_zone(server, options, patient), ENTITY, DAY, archive)

    assert "\n" not in str(error.value)
    assert "hunter2" not in str(error.value) + repr(options) + repr(sftp_zone(server, options))


def test_a_folder_that_the_server_does_not_have_is_said(server: SftpServer, archive: Path) -> None:
    zone = open_zone(server.location("elsewhere"), options=ZoneOptions(sftp=server.options, retry=QUICK))

    with pytest.raises(ZoneConfigError, match="there is no such folder on the server"):
        pull_dump(zone, ENTITY, DAY, archive)


def test_a_server_that_does_not_answer_is_unreachable(sftp_server: SftpServer, archive: Path) -> None:
    silent = replace(sftp_server, port=1)

    with pytest.raises(ZoneUnreachableError, match=r"127\.0\.0\.1:1/: the server does not answer"):
        pull_dump(sftp_zone(silent, sftp_server.options), ENTITY, DAY, archive)


def test_a_bucket_that_is_not_there_is_one_sentence_and_not_tried_again(s3: S3Partner, archive: Path) -> None:
    with pytest.raises(ZoneConfigError, match=r"landing zone s3://no-such-bucket/from/partner.*no such bucket"):
        pull_dump(replace(s3, bucket="no-such-bucket").zone(), ENTITY, DAY, archive)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (404, "ContainerNotFound", "there is no such bucket"),
        (403, "AuthorizationFailure", "the credentials are not accepted, or lack the right to read"),
    ],
)
def test_azures_words_for_the_same_faults_are_understood(status: int, code: str, said: str) -> None:
    """As Azurite, Azure's emulator, answered."""
    answer = GenericError(f"Client error with status code: {status}: <Error><Code>{code}</Code></Error>")

    error = explain(answer, "az://dumps/from/partner", "")

    assert (type(error), str(error)) == (ZoneConfigError, f"landing zone az://dumps/from/partner: {said}")


def test_an_object_store_that_does_not_answer_is_unreachable(s3: S3Partner, archive: Path) -> None:
    with pytest.raises(ZoneUnreachableError, match="the connection failed or broke"):
        pull_dump(replace(s3, endpoint="http://127.0.0.1:1").zone(), ENTITY, DAY, archive)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("sftp://user:hunter2@host/in", "sftp://host: the location may hold no password"),
        ("s3://bucket/prefix?token=hunter2", "s3://bucket: the location may hold no password"),
        ("ftp://host/in", "expected a folder, s3://, gs://, az:// or sftp://, not ftp://"),
        ("sftp://host/in", "expected sftp://user@host/folder"),
    ],
)
def test_a_location_that_cannot_be_a_zone_is_said_without_its_secrets(location: str, said: str) -> None:
    with pytest.raises(ZoneConfigError, match=said) as error:
        open_zone(location)

    assert "hunter2" not in str(error.value)


def test_a_bucket_that_may_not_be_read_is_one_sentence_and_not_tried_again(
    s3: S3Partner, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put(f"{FOLDER}/a.csv", b"x")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    store = ObjectStoreOptions(endpoint=s3.endpoint, region="us-east-1", anonymous=True)
    zone = open_zone(
        f"s3://{s3.bucket}/from/partner",
        options=ZoneOptions(object_store=store, retry=RetryPolicy(first_wait_seconds=1000)),
    )

    with pytest.raises(ZoneConfigError, match="the credentials are not accepted, or lack the right to read"):
        pull_dump(zone, ENTITY, DAY, archive)
