"""Child process that decrypts one file.

A separate process for two reasons: pysequoia holds Python's global lock, which would stall the connections to the
zone, and the operating system can limit what a process writes. `decrypt.py` starts this file by its path, so that
nothing else is imported. Arguments are one JSON object on standard input, because a command line would show the
passphrase. The result is one of the exit codes below.
"""

import errno
import json
import resource
import sys

import pysequoia

# Not 1 and 2: Python itself exits with these.
DECRYPTED, KEY_UNREADABLE, WRONG_PASSPHRASE, NOT_FOR_THIS_KEY, BROKEN, TOO_LARGE = 0, 11, 12, 13, 14, 15


def decrypt(key_file: str, passphrase: str | None, source: str, target: str, max_bytes: int) -> int:
    """Decrypt `source` into `target`, at most `max_bytes` long, and return an exit code."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))
    try:
        key = pysequoia.Tsk.from_file(key_file)
    except RuntimeError:
        return KEY_UNREADABLE
    try:
        decryptor = key.decryptor(passphrase) if passphrase else key.decryptor()
    except RuntimeError:
        return WRONG_PASSPHRASE
    try:
        pysequoia.decrypt_file(source, target, decryptor)
    except OSError as error:
        return TOO_LARGE if f"(os error {errno.EFBIG})" in str(error) else BROKEN
    except RuntimeError as error:
        if "secret key material is encrypted" in str(error):
            return WRONG_PASSPHRASE
        return NOT_FOR_THIS_KEY if "No key to decrypt message" in str(error) else BROKEN
    return DECRYPTED


if __name__ == "__main__":
    sys.exit(decrypt(**json.load(sys.stdin)))
