"""Fixtures of the landing tests: a partner for each kind of zone."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from cdp_etl_tests.landing.partners import FolderPartner, Partner, S3Partner, sftp_partner
from cdp_etl_tests.landing.servers import S3Server, SftpServer, openssh_server, s3_server, sftp_in_process


@pytest.hookimpl(tryfirst=True)  # before pytest selects by markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the S3 server as full, because starting it takes many seconds."""
    for item in items:
        if "moto" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("system"):
            item.add_marker("full")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
def folder(tmp_path: Path) -> FolderPartner:
    (tmp_path / "landing").mkdir()
    return FolderPartner(tmp_path / "landing")


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture
def s3(moto: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Partner:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    bucket = f"bucket-{uuid4().hex}"
    moto.create_bucket(bucket)
    return S3Partner(moto.endpoint, bucket)


@pytest.fixture
def sftp_server(tmp_path: Path) -> Iterator[SftpServer]:
    (tmp_path / "sftp").mkdir()
    with sftp_in_process(tmp_path / "sftp") as server:
        yield server


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[SftpServer]:
    (tmp_path / "sshd").mkdir()
    with openssh_server(tmp_path / "sshd") as server:
        yield server


@pytest.fixture(
    params=[
        "folder",
        pytest.param("s3", marks=pytest.mark.full),
        "sftp in process",
        pytest.param("sshd", marks=pytest.mark.system),
    ],
)
def partner(request: pytest.FixtureRequest) -> Partner:
    """Return a partner of each kind in turn; sshd requires Debian's package."""
    if request.param == "folder":
        folder: FolderPartner = request.getfixturevalue("folder")
        return folder
    if request.param == "s3":
        s3: S3Partner = request.getfixturevalue("s3")
        return s3
    return sftp_partner(request.getfixturevalue("sshd" if request.param == "sshd" else "sftp_server"))
