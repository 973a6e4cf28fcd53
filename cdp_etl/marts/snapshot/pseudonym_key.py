"""Key of the pseudonyms: a file outside the warehouse, so that a backup cannot reverse a pseudonym."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cdp_etl.durable_files import replace_file
from cdp_etl.marts.errors import PseudonymKeyInvalidError
from cdp_etl.storage_errors import naming

_MIN_BYTES = 32
_BLOCK_BYTES = 64
"""Block size of SHA-256, to which HMAC pads its key (RFC 2104)."""
_INNER, _OUTER = 0x36, 0x5C


@dataclass(frozen=True, slots=True, repr=False)
class PseudonymKey:
    """A secret key.

    Attributes:
        secret: The key, at least 32 bytes.
    """

    secret: bytes

    @property
    def key_id(self) -> str:
        """Identity of the key, for the manifest. It does not reveal the key."""
        return hmac.digest(self.secret, b"key id", "sha256").hex()[:16]

    def set_variables(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Set the variables that the macro `pseudonym` reads."""
        key = hashlib.sha256(self.secret).digest() if len(self.secret) > _BLOCK_BYTES else self.secret
        block = key.ljust(_BLOCK_BYTES, b"\0")
        for name, padding in (("inner", _INNER), ("outer", _OUTER)):
            padded = bytes(byte ^ padding for byte in block)
            connection.execute(f"SET VARIABLE pseudonym_{name}_key = ?", [padded])


def read_key(path: Path) -> PseudonymKey | None:
    """Return the key in a file, or None if there is no file. Spaces and line ends around the key do not count.

    Raises:
        PseudonymKeyInvalidError: If the file cannot be read, or has fewer than 32 bytes.
    """
    try:
        secret = path.read_bytes().strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PseudonymKeyInvalidError(path, f"it cannot be read ({error.strerror})") from None
    if len(secret) < _MIN_BYTES:
        raise PseudonymKeyInvalidError(path, f"it has {len(secret)} bytes, at least {_MIN_BYTES} are needed")
    return PseudonymKey(secret)


def create_key(path: Path) -> PseudonymKey:
    """Write a new key, which replaces the one in the file. Only the owner may read the file and its new folder."""
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700, parents=True)
    key = PseudonymKey(secrets.token_hex(_MIN_BYTES).encode())
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with naming(part):
        part.write_bytes(key.secret + b"\n")
    replace_file(part, path)
    return key
