"""Files of `deploy/` checked by the programs that read them: Compose, systemd, sshd and moto.

Compose and systemd are Debian's. No container is created, so the behaviour of containers is not tested.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdp_etl.entities import ENTITIES
from cdp_etl.settings import Settings
from cdp_etl_tests.end_to_end.comparing import statuses
from cdp_etl_tests.end_to_end.installation import DEPLOY, PARTS
from cdp_etl_tests.landing.servers import free_port, wait_for

pytestmark = pytest.mark.system

SAMPLES = DEPLOY.parent / "data" / "landing"
SERVERS = DEPLOY / "test-servers"
PROGRAMS = Path(sys.executable).parent
DAY = "2026-03-01"


def run(*command: str | Path, folder: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a program with only the given variables of cdp_etl."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CDP_", "AWS_"))}
    return subprocess.run(
        command, cwd=folder, env=inherited | more, capture_output=True, text=True, check=False, timeout=300
    )


def zone_of(server: str) -> dict[str, str]:
    """Return the variables of a test server's zone, as Compose reads them."""
    lines = (SERVERS / f"{server}.env").read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def load_a_day(folder: Path, zone: Mapping[str, str]) -> None:
    """Load the sample dumps of a day from a zone and check the ledger."""
    data = folder / "data"
    limits = {"CDP_ETL_DATA": str(data), "CDP_ETL_THREADS": "1", "CDP_ETL_MEMORY_LIMIT": "500MiB"}

    ended = run(PROGRAMS / "cdp-etl", "run", "--from", DAY, folder=folder, **zone, **limits)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    loaded = statuses(Settings(data=data).open_warehouse())
    assert sorted(entity for entity, _ in loaded) == sorted(entity.table for entity in ENTITIES)
    assert set(loaded.values()) == {"loaded"}


@contextmanager
def served(command: list[str | Path], port: int, log: Path) -> Iterator[None]:
    """Run a server until the block ends."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            wait_for(port, seconds=60)
            yield
        finally:
            process.terminate()


@pytest.fixture
def composed(tmp_path: Path) -> Path:
    """Return a copy of `deploy/`, filled in as its README says."""
    folder = tmp_path / "deploy"
    shutil.copytree(DEPLOY, folder, ignore=shutil.ignore_patterns("secrets", "cdp-etl.env"))
    filled = (folder / "cdp-etl.env.example").read_text(encoding="utf-8") + "CDP_DAGSTER_PG_PASSWORD=open sesame\n"
    (folder / "cdp-etl.env").write_text(filled, encoding="utf-8")
    return folder


def compose(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    files = ("--file", "docker-compose.yml", "--env-file", "cdp-etl.env")
    return run("docker-compose", *files, *arguments, folder=folder)


def test_compose_takes_the_file_and_fills_it_in(composed: Path) -> None:
    ended = compose(composed, "--profile", "test-servers", "config")

    assert ended.returncode == 0, ended.stderr
    services: dict[str, Any] = yaml.safe_load(ended.stdout)["services"]
    assert services.keys() == {*PARTS, "postgres", "sftp", "s3", "s3-dumps"}
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"] == "open sesame"  # noqa: S105 - made up above
    assert {services[part]["command"].rpartition(" ")[2] for part in PARTS} == {"colored"}
    assert services["code"]["environment"]["CDP_ETL_MAX_QUARANTINE_RATE"] == "0.1"


def test_compose_knows_the_profile_of_the_test_servers(composed: Path) -> None:
    ended = compose(composed, "config", "--profiles")

    assert (ended.returncode, ended.stdout.split()) == (0, ["test-servers"]), ended.stderr


def test_compose_refuses_to_start_postgres_without_a_password(composed: Path) -> None:
    (composed / "cdp-etl.env").write_text("", encoding="utf-8")

    ended = compose(composed, "config")

    assert ended.returncode != 0
    assert "CDP_DAGSTER_PG_PASSWORD" in ended.stderr


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    """`systemd-analyze` also looks for the programs, which are elsewhere on this machine."""
    units = []
    for part in PARTS:
        text = (DEPLOY / "systemd" / f"cdp-etl-{part}.service").read_text(encoding="utf-8")
        assert "/opt/cdp_etl/bin/" in text
        units.append(tmp_path / f"cdp-etl-{part}.service")
        units[-1].write_text(text.replace("/opt/cdp_etl/bin", str(PROGRAMS)), encoding="utf-8")

    ended = run("systemd-analyze", "verify", "--man=no", *units, folder=tmp_path)

    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_the_sftp_servers_configuration_hands_out_dumps_and_does_nothing_else(tmp_path: Path) -> None:
    port = free_port()
    keys = tmp_path / "keys"
    made = run(SERVERS / "make-keys", keys, f"[127.0.0.1]:{port}", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    Path("/run/sshd").mkdir(exist_ok=True)
    here = [f"HostKey={keys / 'test_host_key'}", f"AuthorizedKeysFile={keys / 'sftp_key.pub'}"]
    command: list[str | Path] = ["/usr/sbin/sshd", "-D", "-e", "-f", SERVERS / "sshd_config", "-p", str(port)]
    command += [f"-o{option}" for option in (*here, "ListenAddress=127.0.0.1")]
    zone = {name: value.replace("/run/secrets", str(keys)) for name, value in zone_of("sftp").items()}
    zone["CDP_ETL_LANDING"] = f"sftp://{getuser()}@127.0.0.1:{port}{SAMPLES}"
    own_key = shutil.copy(keys / "sftp_key", tmp_path / "own_key")
    Path(own_key).chmod(0o600)  # ssh rejects a key that others can read
    login = ("-i", own_key, "-o", f"UserKnownHostsFile={keys / 'known_hosts'}", "-o", "BatchMode=yes")
    (tmp_path / "orders").write_text(f"get {SAMPLES}/../README.md got\nput got {tmp_path}/put\n", encoding="utf-8")

    with served(command, port, tmp_path / "sshd.log"):
        load_a_day(tmp_path, zone)
        reached = run("sftp", "-P", str(port), *login, "-b", "orders", "127.0.0.1", folder=tmp_path)
        shell = run("ssh", "-p", str(port), *login, "127.0.0.1", "touch shell", folder=tmp_path)

    assert (tmp_path / "got").exists(), reached.stderr
    assert reached.returncode != 0
    assert not (tmp_path / "put").exists()
    assert shell.returncode != 0
    assert not (Path.home() / "shell").exists()


def test_the_s3_server_is_filled_and_hands_out_dumps(tmp_path: Path) -> None:
    services = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    port = free_port()
    # S104: the address on which a container listens.
    listening = services["s3"]["command"].replace("0.0.0.0", "127.0.0.1").replace("5000", str(port))  # noqa: S104
    zone = zone_of("s3") | {"CDP_ETL_OBJECT_STORE_ENDPOINT": f"http://127.0.0.1:{port}"}

    with served([PROGRAMS / services["s3"]["entrypoint"], *listening.split()], port, tmp_path / "moto.log"):
        filled = run(sys.executable, SERVERS / "fill_s3.py", SAMPLES, "dumps", folder=tmp_path, **zone)
        assert filled.returncode == 0, filled.stderr
        assert "36 files uploaded to s3://dumps" in filled.stdout
        load_a_day(tmp_path, zone)
