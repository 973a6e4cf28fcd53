"""Servers on loopback for the landing tests: SFTP in this process, OpenSSH's sshd, moto's S3."""

import asyncio
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from shutil import which

import asyncssh
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from cdp_etl.landing import SftpOptions

_START_SECONDS = 10


@dataclass(frozen=True)
class SftpServer:
    """A running SFTP server, the folder it serves, and the login options of a known user."""

    port: int
    root: Path
    folder: str  # the path of `root` on the server
    options: SftpOptions

    def location(self, folder: str = "") -> str:
        """Return the location of a zone on the server."""
        return f"sftp://{getuser()}@127.0.0.1:{self.port}{self.folder}/{folder}"


@dataclass(frozen=True)
class Keys:
    """Key files of a login: the host's key, the user's key, and an unknown key."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Keys":
        """Create new keys in an empty folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("host", "user", "stranger"):
            key = asyncssh.generate_private_key("ssh-ed25519")
            key.write_private_key(folder / name)
            key.write_public_key(folder / f"{name}.pub")
            (folder / name).chmod(0o600)
        return cls(folder)

    def options(self, port: int, *, host_key: str = "host") -> SftpOptions:
        """Return the options of a user whose known hosts file contains `host_key` for the server."""
        known_hosts = self.folder / f"known_{host_key}_{port}"
        public = (self.folder / f"{host_key}.pub").read_text()
        known_hosts.write_text(f"[127.0.0.1]:{port} {public}")
        return SftpOptions(key_file=self.folder / "user", known_hosts=known_hosts)


SftpFactory = Callable[[asyncssh.SSHServerChannel[bytes]], asyncssh.SFTPServer]


@contextmanager
def sftp_in_process(folder: Path, factory: SftpFactory | None = None) -> Iterator[SftpServer]:
    """Run asyncssh's SFTP server in a thread. `factory` can replace it by a faulty server."""
    keys = Keys.make(folder / "keys")
    root = folder / "files"
    root.mkdir()

    def standard(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(root).encode())

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[str(keys.folder / "host")],
            authorized_client_keys=str(keys.folder / "user.pub"),
            sftp_factory=factory or standard,
        )

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(listen(), loop).result(_START_SECONDS)
    try:
        port = listening.get_port()
        yield SftpServer(port, root, "", keys.options(port))
    finally:
        asyncio.run_coroutine_threadsafe(_stop(listening), loop).result(_START_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _stop(listening: asyncssh.SSHAcceptor) -> None:
    listening.close()
    await listening.wait_closed()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def openssh_server(folder: Path) -> Iterator[SftpServer]:
    """Run Debian's sshd on a free loopback port."""
    keys = Keys.make(folder / "keys")
    root = folder / "files"
    root.mkdir()
    Path("/run/sshd").mkdir(exist_ok=True)  # for the privilege separation of sshd
    port = free_port()
    config = folder / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {keys.folder}/host\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {keys.folder}/user.pub\nStrictModes no\nPasswordAuthentication no\n"
        "Subsystem sftp internal-sftp\nMaxStartups 100\n"
    )
    sshd = which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert sshd is not None, "sshd is missing: apt-get install openssh-server"
    with subprocess.Popen([sshd, "-D", "-f", config, "-E", folder / "sshd.log"]) as process:
        try:
            wait_for(port)
            yield SftpServer(port, root, str(root), keys.options(port))
        finally:
            process.terminate()


@dataclass(frozen=True)
class S3Server:
    """A running S3 endpoint."""

    endpoint: str

    def create_bucket(self, name: str) -> None:
        """Create an empty bucket."""
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")  # noqa: S310 - loopback
        with urllib.request.urlopen(request):  # noqa: S310 - loopback
            pass

    def put_raw(self, bucket: str, key: str, content: bytes = b"") -> None:
        """Store an object under any key, even one that no client would send."""
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket, key, content)


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run moto's S3 in a thread."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()


def free_port() -> int:
    """Return a free port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, seconds: float = _START_SECONDS) -> None:
    """Wait until a server answers on a port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"no server answers on port {port}")
