"""Login to an SFTP server: user key, host key.

The server's host key must be in the known hosts file. This check cannot be turned off.
"""

import socket
from pathlib import Path

import asyncssh

from cdp_etl.landing.errors import LandingError, ZoneConfigError, ZoneUnreachableError
from cdp_etl.landing.zones.sftp_address import SftpAddress, SftpOptions

# AES-GCM first: it takes half the CPU time of ChaCha20 on machines with AES instructions.
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


async def log_in(
    address: SftpAddress, options: SftpOptions, timeout_seconds: float
) -> asyncssh.SSHClientConnection:
    """Connect and log in, within `timeout_seconds`.

    Raises:
        ZoneConfigError: If the host key is unknown, the server rejects the login, a file in the options is missing
            or malformed, or the host does not exist.
        ZoneUnreachableError: If the server does not answer.
    """
    place = f"landing zone {address.label}"
    if options.key_file is None and options.password is None:
        raise ZoneConfigError(f"{place}: no key file and no password are configured")
    key = _read_key(options, place)
    known_hosts = _read_known_hosts(options, place)
    try:
        return await asyncssh.connect(
            address.host,
            address.port,
            username=address.user,
            client_keys=[key] if key else None,
            password=options.password.get_secret_value() if options.password else None,
            known_hosts=known_hosts,
            encryption_algs=_CIPHERS,
            agent_path=None,  # credentials come from the settings alone, not from the local user
            config=None,
            connect_timeout=timeout_seconds,
            login_timeout=timeout_seconds,
            keepalive_interval=options.keepalive_seconds,
        )
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise _to_landing_error(error, place) from None


def _to_landing_error(error: Exception, place: str) -> LandingError:
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return ZoneConfigError(f"{place}: the server's host key is not in the known hosts file")
    if isinstance(error, asyncssh.PermissionDenied):
        return ZoneConfigError(f"{place}: the server rejects the user with this key or password")
    if isinstance(error, _CONFIGURATION_FAULTS):
        return ZoneConfigError(
            f"{place}: the server supports none of our connection methods ({type(error).__name__})"
        )
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
        return ZoneConfigError(f"{place}: the host does not exist")
    return ZoneUnreachableError(f"{place}: the server does not answer ({type(error).__name__})")


def _read_key(options: SftpOptions, place: str) -> asyncssh.SSHKey | None:
    if options.key_file is None:
        return None
    passphrase = options.passphrase.get_secret_value() if options.passphrase else None
    try:
        return asyncssh.read_private_key(options.key_file, passphrase)
    except OSError as error:
        raise ZoneConfigError(f"{place}: the key file {options.key_file}: {error.strerror}") from None
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
        raise ZoneConfigError(
            f"{place}: the key file {options.key_file} contains no private key, or the passphrase is wrong"
        ) from None


def _read_known_hosts(options: SftpOptions, place: str) -> asyncssh.SSHKnownHosts:
    path = options.known_hosts or Path("~/.ssh/known_hosts").expanduser()
    try:
        return asyncssh.read_known_hosts(str(path))
    except OSError as error:
        raise ZoneConfigError(f"{place}: the known hosts file {path}: {error.strerror}") from None
    except ValueError:
        raise ZoneConfigError(f"{place}: the known hosts file {path} is not in OpenSSH's format") from None
