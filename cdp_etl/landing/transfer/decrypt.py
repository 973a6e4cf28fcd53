"""Decryption of delivered files (`.pgp`, `.gpg`), in a child process that runs `decrypt_worker.py`."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from cdp_etl.durable_files import sync_file
from cdp_etl.landing.errors import DumpRefusedError, ZoneConfigError
from cdp_etl.landing.transfer import decrypt_worker
from cdp_etl.landing.zones.path_safety import printable

DECRYPTED_SUFFIX = ".clear"
"""Suffix of decrypted files in the folder of downloads."""

_MIN_OUTPUT_BYTES = 1024 * 1024  # a valid small message can expand to many times its size


@dataclass(frozen=True)
class DecryptionKey:
    """The private OpenPGP key that partners encrypt for, and limits against decompression bombs.

    Attributes:
        key_file: File with the key, armored or binary.
        passphrase: Passphrase of the key.
        max_expansion: Largest ratio of decrypted to encrypted size.
        max_bytes: Largest decrypted size.
    """

    key_file: Path
    passphrase: SecretStr | None = field(default=None, repr=False)
    max_expansion: int = 200
    max_bytes: int = 1 << 40


def decrypt(path: str, source: Path, target: Path, key: DecryptionKey | None) -> None:
    """Decrypt the file `source` into `target`.

    Args:
        path: Path of the file in the dump, for error messages.
        source: The encrypted file.
        target: The file to write.
        key: The private key.

    Raises:
        ZoneConfigError: If there is no key, the key cannot be read, or the passphrase is wrong.
        DumpRefusedError: If the message is for another key, is broken, or exceeds a limit.
    """
    if key is None:
        raise ZoneConfigError(f"{printable(path)} is encrypted, but no decryption key is configured")
    max_bytes = min(max(source.stat().st_size * key.max_expansion, _MIN_OUTPUT_BYTES), key.max_bytes)
    request = {
        "key_file": str(key.key_file),
        "passphrase": key.passphrase.get_secret_value() if key.passphrase else None,
        "source": str(source),
        "target": str(target),
        "max_bytes": max_bytes,
    }
    exit_code = _run_worker(json.dumps(request).encode())
    if exit_code == decrypt_worker.DECRYPTED:
        sync_file(target)
        return
    target.unlink(missing_ok=True)
    if exit_code == decrypt_worker.KEY_UNREADABLE:
        raise ZoneConfigError(f"the decryption key file {key.key_file} contains no private OpenPGP key")
    if exit_code == decrypt_worker.WRONG_PASSPHRASE:
        raise ZoneConfigError(f"wrong passphrase for the decryption key file {key.key_file}")
    if exit_code == decrypt_worker.NOT_FOR_THIS_KEY:
        raise DumpRefusedError(f"{printable(path)}: not encrypted for the configured decryption key")
    if exit_code == decrypt_worker.TOO_LARGE:
        limit = f"{key.max_expansion} times its size, or than {key.max_bytes} bytes"
        raise DumpRefusedError(f"{printable(path)}: expands to more than {limit}")
    raise DumpRefusedError(f"{printable(path)}: not a complete OpenPGP message")


def remove_decrypted(incoming: Path) -> None:
    """Delete decrypted files of an unfinished pull. The next pull decrypts again, and they are plain text."""
    for decrypted in incoming.glob(f"*{DECRYPTED_SUFFIX}"):
        decrypted.unlink()


def _run_worker(request: bytes) -> int:
    command = [sys.executable, "-I", decrypt_worker.__file__]
    # Only the exit code is used: the library's error text can contain input.
    return subprocess.run(command, input=request, capture_output=True, check=False).returncode  # noqa: S603 - our own script
