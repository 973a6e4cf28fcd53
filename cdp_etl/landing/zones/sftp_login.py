"""Logging in to an SFTP server: address, key, host key.

The server must prove who it is by a key in the known hosts file; there is no way to turn that off.
Put here what concerns the login. Reading files is `sftp.py`.
"""

import socket
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote

import asyncssh
from pydantic import SecretStr

from cdp_etl.landing.errors import LandingError, ZoneConfigError, ZoneUnreachableError

_DEFAULT_PORT = 22
# AES-GCM first: half the processor time of ChaCha20 on machines with AES instructions, which servers have.
_CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
_CONFIGURATION_FAULTS = (
    asyncssh.IllegalUserName,
    asyncssh.KeyExchangeFailed,
    asyncssh.ProtocolNotSupported,
    asyncssh.ServiceNotAvailable,
)


@dataclass(frozen=True)
class SftpOptions:
    """How to log in.

    `key_file` is a private key, `passphrase` opens it; `password` is for servers that take no keys.
    `known_hosts` is a file in OpenSSH's format; without it the user's own `~/.ssh/known_hosts` is read.
    """

    key_file: Path | None = None
    passphrase: SecretStr | None = field(default=None, repr=False)
    password: SecretStr | None = field(default=None, repr=False)
    known_hosts: Path | None = None
    connect_timeout_seconds: float = 15
    keepalive_seconds: float = 15


@dataclass(frozen=True)
class SftpAddress:
    """A server and a folder on it; an empty folder is the user's own."""

    label: str
    host: str
    port: int
    user: str
    folder: str


def parse_address(url: SplitResult, label: str) -> SftpAddress:
    """Read `sftp://user@host:port/folder`; `/~/folder` is relative to the user's own folder.

    Raises:
        ZoneConfigError: no user or no host.
    """
    if not url.hostname or not url.username:
        raise ZoneConfigError(f"landing zone {label}: expected sftp://user@host/folder")
    path = unquote(url.path)
    folder = path.removeprefix("/~").lstrip("/") if path.startswith("/~") else path
    return SftpAddress(label, url.hostname, url.port or _DEFAULT_PORT, unquote(url.username), folder)


async def log_in(address: SftpAddress, options: SftpOptions) -> asyncssh.SSHClientConnection:
    """Connect and log in.

    Raises:
        ZoneConfigError: the host key is not known, the login is not accepted, a file named in the options is
            missing or cannot be read, or the host does not exist.
        ZoneUnreachableError: the server does not answer.
    """
    where = f"landing zone {address.label}"
    if options.key_file is None and options.password is None:
        raise ZoneConfigError(f"{where}: neither a key file nor a password is set")
    key = _read_key(options, where)
    known_hosts = _read_known_hosts(options, where)
    try:
        return await asyncssh.connect(
            address.host,
            address.port,
            username=address.user,
            client_keys=[key] if key else None,
            password=options.password.get_secret_value() if options.password else None,
            known_hosts=known_hosts,
            encryption_algs=_CIPHERS,
            agent_path=None,  # credentials come from the settings alone, not from who happens to be logged in
            config=None,
            connect_timeout=options.connect_timeout_seconds,
            login_timeout=options.connect_timeout_seconds,
            keepalive_interval=options.keepalive_seconds,
        )
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise _explain(error, where) from None


def _explain(error: Exception, where: str) -> LandingError:
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return ZoneConfigError(
            f"{where}: the server's host key is not the one in the known hosts file, or is not in it"
        )
    if isinstance(error, asyncssh.PermissionDenied):
        return ZoneConfigError(f"{where}: the server does not accept the user with this key or password")
    if isinstance(error, _CONFIGURATION_FAULTS):
        return ZoneConfigError(f"{where}: the server and we agree on no way to connect ({type(error).__name__})")
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
        return ZoneConfigError(f"{where}: there is no host of this name")
    return ZoneUnreachableError(f"{where}: the server does not answer ({type(error).__name__})")


def _read_key(options: SftpOptions, where: str) -> asyncssh.SSHKey | None:
    if options.key_file is None:
        return None
    passphrase = options.passphrase.get_secret_value() if options.passphrase else None
    try:
        return asyncssh.read_private_key(options.key_file, passphrase)
    except OSError as error:
        raise ZoneConfigError(f"{where}: the key file {options.key_file}: {error.strerror}") from None
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise ZoneConfigError(
            f"{where}: the key file {options.key_file} holds no private key, or the passphrase does not open it"
        ) from None


def _read_known_hosts(options: SftpOptions, where: str) -> asyncssh.SSHKnownHosts:
    path = options.known_hosts or Path("~/.ssh/known_hosts").expanduser()
    try:
        return asyncssh.read_known_hosts(str(path))
    except OSError as error:
        raise ZoneConfigError(f"{where}: the known hosts file {path}: {error.strerror}") from None
    except ValueError:
        raise ZoneConfigError(f"{where}: the known hosts file {path} is not in OpenSSH's format") from None
