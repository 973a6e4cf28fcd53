"""Address and login options of an SFTP server.

Apart from the login, because asyncssh is only imported by installations that have such a server.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote

from pydantic import SecretStr

from cdp_etl.landing.errors import ZoneConfigError

_DEFAULT_PORT = 22


@dataclass(frozen=True)
class SftpOptions:
    """Options of a login.

    Attributes:
        key_file: The private key.
        passphrase: Passphrase of the private key.
        password: For servers that do not accept keys.
        known_hosts: File in OpenSSH's format; by default `~/.ssh/known_hosts`.
        keepalive_seconds: Interval of keepalive messages.
    """

    key_file: Path | None = None
    passphrase: SecretStr | None = field(default=None, repr=False)
    password: SecretStr | None = field(default=None, repr=False)
    known_hosts: Path | None = None
    keepalive_seconds: float = 15


@dataclass(frozen=True)
class SftpAddress:
    """A server and a folder on it. An empty folder is the user's home folder."""

    label: str
    host: str
    port: int
    user: str
    folder: str


def parse_address(url: SplitResult, label: str) -> SftpAddress:
    """Parse `sftp://user@host:port/folder`. `/~/folder` is relative to the user's home folder.

    Raises:
        ZoneConfigError: If there is no user or no host.
    """
    if not url.hostname or not url.username:
        raise ZoneConfigError(f"landing zone {label}: expected sftp://user@host/folder")
    path = unquote(url.path)
    folder = path.removeprefix("/~").lstrip("/") if path.startswith("/~") else path
    return SftpAddress(label, url.hostname, url.port or _DEFAULT_PORT, unquote(url.username), folder)
