"""The process that decrypts one file; started by `decrypt.py` by its path, so that it imports nothing else.

A process of its own, because pysequoia holds Python's lock while it works, which would leave the connections
to the zone unanswered, and because the system bounds what a process may write. Reads one JSON object from
standard input, so that a passphrase is never seen in a list of processes, and ends with an exit code below.
"""

import errno
import json
import resource
import sys

import pysequoia

DECRYPTED, KEY_UNREADABLE, WRONG_PASSPHRASE, NOT_FOR_THIS_KEY, BROKEN, TOO_LARGE = 0, 11, 12, 13, 14, 15


def decrypt(key_file: str, passphrase: str | None, source: str, target: str, most_bytes: int) -> int:
    """Decrypt `source` into `target`, which may grow to `most_bytes`; give one of the exit codes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
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
