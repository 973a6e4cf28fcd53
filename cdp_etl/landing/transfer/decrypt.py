"""Encrypted dumps (`.pgp`, `.gpg`): from the delivered file to the one that is read.

Put here when and how a file is decrypted. The archive holds what was decrypted; the hash and size of what was
delivered stay in the record. The library and its process are `decrypt_child.py`.
"""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from cdp_etl.durable_files import sync_file
from cdp_etl.landing.errors import DumpRefusedError, ZoneConfigError
from cdp_etl.landing.transfer import decrypt_worker
from cdp_etl.landing.zones.path_safety import shown

_LEAST_ROOM_BYTES = 1024 * 1024  # a small message may well unpack to many times its size


@dataclass(frozen=True)
class DecryptionKey:
    """The private OpenPGP key that partners encrypt for.

    `key_file` may be armored or binary; `passphrase` opens it. A message may unpack to `max_expansion` times
    its size, and to `max_bytes` at most.
    """

    key_file: Path
    passphrase: SecretStr | None = field(default=None, repr=False)
    max_expansion: int = 200
    max_bytes: int = 1 << 40


def decrypt(path: str, source: Path, target: Path, key: DecryptionKey | None) -> None:
    """Decrypt a delivered file, which errors call `path`, from `source` into `target`.

    Raises:
        ZoneConfigError: there is no key, it cannot be read, or the passphrase does not open it.
        DumpRefusedError: the message is for another key, broken, or unpacks to more than is allowed.
    """
    if key is None:
        raise ZoneConfigError(f"{shown(path)} is encrypted, and no decryption key is set")
    most_bytes = min(max(source.stat().st_size * key.max_expansion, _LEAST_ROOM_BYTES), key.max_bytes)
    order = {
        "key_file": str(key.key_file),
        "passphrase": key.passphrase.get_secret_value() if key.passphrase else None,
        "source": str(source),
        "target": str(target),
        "most_bytes": most_bytes,
    }
    done = _run_child(json.dumps(order).encode())
    if done == decrypt_worker.DECRYPTED:
        sync_file(target)
        return
    target.unlink(missing_ok=True)
    if done == decrypt_worker.KEY_UNREADABLE:
        raise ZoneConfigError(f"the decryption key file {key.key_file} holds no private OpenPGP key")
    if done == decrypt_worker.WRONG_PASSPHRASE:
        raise ZoneConfigError(f"the passphrase does not open the decryption key file {key.key_file}")
    if done == decrypt_worker.NOT_FOR_THIS_KEY:
        raise DumpRefusedError(f"{shown(path)}: not encrypted for the decryption key that is set")
    if done == decrypt_worker.TOO_LARGE:
        fact = f"{key.max_expansion} times its size, or than {key.max_bytes} bytes"
        raise DumpRefusedError(f"{shown(path)}: unpacks to more than {fact}")
    raise DumpRefusedError(f"{shown(path)}: not an OpenPGP message that can be read to its end")


def _run_child(order: bytes) -> int:
    command = [sys.executable, "-I", decrypt_worker.__file__]
    # Its errors are told by the exit code; the library's own text may quote the input.
    return subprocess.run(command, input=order, capture_output=True, check=False).returncode  # noqa: S603 - our own script
