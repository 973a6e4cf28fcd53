"""Real Postgres server from Debian, on a loopback port, in its own folder.

Debian's server instead of one from PyPI: the system tests need Debian packages anyway, the server listens and
asks for a password as in production, and it adds nothing to the lock files.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped] # it ships no types, and two calls need none

from cdp_etl_tests.end_to_end.wait import wait_until
from cdp_etl_tests.landing.servers import free_port

_HOST = "127.0.0.1"
_USER = "dagster"
_PASSWORD = "a password, with % and / in it"  # noqa: S105 - of a server that lives as long as the tests
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    """Running server and its login."""

    port: int
    folder: Path
    host: str = _HOST
    user: str = _USER
    password: str = _PASSWORD

    def create_database(self, name: str) -> str:
        """Create an empty database and return its name."""
        with closing(self._connect("postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{name}"')
        return name

    def variables(self, database: str) -> dict[str, str]:
        """Return the variables with which the deployed dagster.yaml connects to a database."""
        values = {
            "HOST": self.host,
            "PORT": str(self.port),
            "USER": self.user,
            "PASSWORD": self.password,
            "DB": database,
        }
        return {f"CDP_DAGSTER_PG_{name}": value for name, value in values.items()}

    def sessions(self, name: str) -> int:
        """Count all connections to a database so far."""
        with closing(self._connect("postgres")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = %s", [name])
            return int(cursor.fetchone()[0])

    def answers(self) -> bool:
        """Return whether a login succeeds."""
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def _connect(self, database: str) -> Any:
        return psycopg2.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=database
        )


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Run Postgres. It refuses to run as root, so root starts it as the user of Debian's package."""
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="cdp_etl_postgres_"))  # other users cannot read pytest's folders
    data = folder / "data"
    password_file = folder / "password"
    password_file.write_text(_PASSWORD)
    if user is not None:
        for path in (folder, password_file):
            shutil.chown(path, user, user)
    initdb = [_program("initdb"), "--pgdata", str(data), "--username", _USER, "--pwfile", str(password_file)]
    subprocess.run(
        [*initdb, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"],
        user=user,
        group=user,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    port = free_port()
    settings = {"listen_addresses": _HOST, "unix_socket_directories": "", **_FAST}
    command = [_program("postgres"), "-D", str(data), "-p", str(port)]
    command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, user=user, group=user, cwd=folder, stdout=log, stderr=log)
    server = Postgres(port, folder)
    try:
        _wait_until_it_answers(server, process)
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # as Debian's unit does: it does not wait for connected clients
        process.wait(30)
        shutil.rmtree(folder)


def _wait_until_it_answers(server: Postgres, process: "subprocess.Popen[bytes]") -> None:
    def answers() -> bool:
        assert process.poll() is None, (server.folder / "log").read_text()
        return server.answers()

    wait_until("Postgres answers", answers, seconds=30)


def _program(name: str) -> str:
    """Return the path of a program of the newest Postgres that Debian installed."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    assert found, f"{name} is missing: apt-get install postgresql"
    return str(found[-1])
