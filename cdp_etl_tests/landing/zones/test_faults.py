"""Failing servers and connections: retries, resumed downloads, error messages."""

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
from cdp_etl.landing.zones.object_store import to_landing_error
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
    """Return a proxy that breaks once after 16 MiB of a 24 MiB file, and the login options."""
    sftp_partner(server).put(f"{FOLDER}/a.csv", CONTENT)
    with cutting_proxy(server.port, cut_after=16 * MIB) as proxy:
        assert server.options.known_hosts is not None
        yield proxy, Keys(server.options.known_hosts.parent).options(proxy.port)


def sftp_zone(server: SftpServer, options: SftpOptions, retry: RetryPolicy = QUICK) -> Zone:
    return open_zone(server.location(), options=ZoneOptions(sftp=options, retry=retry))


def test_a_broken_sftp_download_is_resumed(
    server: SftpServer, broken_sftp: tuple[CuttingProxy, SftpOptions], archive: Path
) -> None:
    proxy, options = broken_sftp

    pull = pull_dump(sftp_zone(replace(server, port=proxy.port), options), ENTITY, DAY, archive)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == CONTENT
    assert proxy.cuts == 1
    assert proxy.bytes_to_client < len(CONTENT) + 8 * MIB  # starting over would be 40 MiB


def test_a_failed_download_is_resumed_by_the_next_pull(
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


def test_a_download_of_a_changed_file_is_not_resumed(
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


def test_a_broken_s3_download_is_resumed(s3: S3Partner, archive: Path) -> None:
    s3.put(f"{FOLDER}/a.csv", CONTENT)
    with cutting_proxy(int(s3.endpoint.rpartition(":")[2]), cut_after=16 * MIB) as proxy:
        pull = pull_dump(replace(s3, endpoint=f"http://127.0.0.1:{proxy.port}").zone(), ENTITY, DAY, archive)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == CONTENT
    assert proxy.cuts == 1
    assert proxy.bytes_to_client < len(CONTENT) + 8 * MIB


def test_a_file_that_grows_during_the_download_is_not_complete(tmp_path: Path, archive: Path) -> None:
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

        with pytest.raises(DumpNotCompleteError, match=r"not complete yet: a\.csv changed during the pull"):
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


def test_a_server_with_short_reads_is_read_to_the_end(tmp_path: Path, archive: Path) -> None:
    class Partial(asyncssh.SFTPServer):
        def read(self, file_obj: object, offset: int, size: int) -> bytes:
            content = super().read(file_obj, offset, min(size, 10_000))
            assert isinstance(content, bytes)
            return content

    with sftp_in_process(
        tmp_path, lambda channel: Partial(channel, chroot=str(tmp_path / "files").encode())
    ) as server:
        sftp_partner(server).put(f"{FOLDER}/a.csv", CONTENT[: 3 * MIB])

        pull = pull_dump(sftp_partner(server).zone(), ENTITY, DAY, archive)

    assert pull is not None
    assert (pull.directory / "a.csv").read_bytes() == CONTENT[: 3 * MIB]


def test_a_file_without_read_permission_is_an_error_without_a_retry(tmp_path: Path, archive: Path) -> None:
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
    """Return options with one fault."""
    assert options.known_hosts is not None
    host = options.known_hosts.read_text().split(" ")[0]
    (folder / "strangers").write_text(f"{host} {(folder / 'stranger.pub').read_text()}")
    (folder / "nobody").touch()
    (folder / "bad").write_text("@@@ not known hosts\n")
    variants: dict[str, SftpOptions] = {
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
    return variants[fault]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("host key", "the server's host key is not in the known hosts file"),
        ("no host keys", "the server's host key is not in the known hosts file"),
        ("no such hosts file", "missing: No such file"),
        ("bad hosts file", "bad is not in OpenSSH's format"),
        ("other key", "the server rejects the user with this key or password"),
        ("no such key", "the key file .*missing: No such file"),
        ("no key in it", "contains no private key, or the passphrase is wrong"),
        ("password", "the server rejects the user with this key or password"),
        ("nothing", "no key file and no password are configured"),
    ],
)
def test_a_failed_login_is_one_sentence_without_a_retry(
    server: SftpServer, archive: Path, fault: str, message: str
) -> None:
    assert server.options.known_hosts is not None
    options = faulty(server.options, fault, server.options.known_hosts.parent)
    patient = RetryPolicy(initial_wait_seconds=1000)

    with pytest.raises(ZoneConfigError, match=message) as error:
        pull_dump(sftp_zone(server, options, patient), ENTITY, DAY, archive)

    assert "\n" not in str(error.value)
    assert "hunter2" not in str(error.value) + repr(options) + repr(sftp_zone(server, options))


def test_a_folder_that_does_not_exist_on_the_server_is_an_error(server: SftpServer, archive: Path) -> None:
    zone = open_zone(server.location("elsewhere"), options=ZoneOptions(sftp=server.options, retry=QUICK))

    with pytest.raises(ZoneConfigError, match="the folder does not exist on the server"):
        pull_dump(zone, ENTITY, DAY, archive)


def test_a_server_that_does_not_answer_is_unreachable(sftp_server: SftpServer, archive: Path) -> None:
    silent = replace(sftp_server, port=1)

    with pytest.raises(ZoneUnreachableError, match=r"127\.0\.0\.1:1/: the server does not answer"):
        pull_dump(sftp_zone(silent, sftp_server.options), ENTITY, DAY, archive)


def test_a_missing_bucket_is_one_sentence_without_a_retry(s3: S3Partner, archive: Path) -> None:
    with pytest.raises(
        ZoneConfigError, match=r"landing zone s3://no-such-bucket/from/partner.*the bucket does not exist"
    ):
        pull_dump(replace(s3, bucket="no-such-bucket").zone(), ENTITY, DAY, archive)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (404, "ContainerNotFound", "the bucket does not exist"),
        (403, "AuthorizationFailure", "the credentials are rejected, or lack permission to read"),
    ],
)
def test_the_error_codes_of_azure_are_recognized(status: int, code: str, message: str) -> None:
    """The answers are those of Azurite, the emulator of Azure."""
    answer = GenericError(f"Client error with status code: {status}: <Error><Code>{code}</Code></Error>")

    error = to_landing_error(answer, "az://dumps/from/partner", "")

    assert (type(error), str(error)) == (ZoneConfigError, f"landing zone az://dumps/from/partner: {message}")


def test_an_object_store_that_does_not_answer_is_unreachable(s3: S3Partner, archive: Path) -> None:
    with pytest.raises(ZoneUnreachableError, match="the connection failed or broke"):
        pull_dump(replace(s3, endpoint="http://127.0.0.1:1").zone(), ENTITY, DAY, archive)


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("sftp://user:hunter2@host/in", "sftp://host: a location cannot contain a password"),
        ("s3://bucket/prefix?token=hunter2", "s3://bucket: a location cannot contain a password"),
        ("ftp://host/in", "expected a folder, s3://, gs://, az:// or sftp://, not ftp://"),
        ("sftp://host/in", "expected sftp://user@host/folder"),
    ],
)
def test_an_invalid_location_is_an_error_without_its_secrets(location: str, message: str) -> None:
    with pytest.raises(ZoneConfigError, match=message) as error:
        open_zone(location)

    assert "hunter2" not in str(error.value)


def test_a_bucket_without_read_permission_is_one_sentence_without_a_retry(
    s3: S3Partner, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put(f"{FOLDER}/a.csv", b"x")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    store = ObjectStoreOptions(endpoint=s3.endpoint, region="us-east-1", anonymous=True)
    zone = open_zone(
        f"s3://{s3.bucket}/from/partner",
        options=ZoneOptions(object_store=store, retry=RetryPolicy(initial_wait_seconds=1000)),
    )

    with pytest.raises(ZoneConfigError, match="the credentials are rejected, or lack permission to read"):
        pull_dump(zone, ENTITY, DAY, archive)
