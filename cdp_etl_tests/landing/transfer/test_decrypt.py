"""Encrypted dumps: decrypted during the pull, or refused with the reason."""

import hashlib
import json
import os
from pathlib import Path

import pysequoia
import pytest
from pydantic import SecretStr

from cdp_etl.landing import (
    DecryptionKey,
    DumpRefusedError,
    Pull,
    PullRules,
    ZoneConfigError,
    pull_dump,
)
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, FolderPartner


@pytest.fixture
def secret_key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("CDP <cdp@example.com>")


@pytest.fixture
def key(tmp_path: Path, secret_key: pysequoia.Tsk) -> DecryptionKey:
    (tmp_path / "key.asc").write_bytes(bytes(secret_key))
    return DecryptionKey(tmp_path / "key.asc")


@pytest.fixture
def protected_key() -> tuple[Path, bytes]:
    """Return a key of GnuPG with the passphrase `open sesame`, and a message for this key."""
    data = Path(__file__).parent / "data"
    return data / "protected_key.asc", (data / "protected_message.asc").read_bytes()


def encrypted(content: bytes, secret_key: pysequoia.Tsk) -> bytes:
    return pysequoia.encrypt(content, recipients=[secret_key.extract_certificate()])


def pulled(folder: FolderPartner, archive: Path, key: DecryptionKey | None) -> Pull:
    pull = pull_dump(folder.zone(), ENTITY, DAY, archive, PullRules(decryption=key))
    assert pull is not None
    return pull


def test_an_encrypted_file_is_decrypted_in_the_archive(
    folder: FolderPartner, archive: Path, key: DecryptionKey, secret_key: pysequoia.Tsk
) -> None:
    message = encrypted(b"clear text", secret_key)
    folder.put(f"{FOLDER}/a.csv.pgp", message)
    folder.put(f"{FOLDER}/a.csv.pgp.sha256", hashlib.sha256(message).hexdigest().encode())
    declared = {
        "path": "a.csv.pgp",
        "bytes": len(message),
        "sha256": hashlib.sha256(message).hexdigest(),
        "records": 1,
    }
    folder.put(f"{FOLDER}/_manifest.json", json.dumps({"files": [declared]}).encode())

    pull = pulled(folder, archive, key)

    (file,) = pull.files
    assert (file.path, file.bytes, file.expected_records) == ("a.csv", 10, 1)
    assert file.sha256 == hashlib.sha256(b"clear text").hexdigest()
    assert file.delivered_sha256 == hashlib.sha256(message).hexdigest()
    assert (pull.directory / "a.csv").read_bytes() == b"clear text"
    assert [path.name for path in pull.directory.iterdir()] == ["a.csv"]


def test_the_same_text_encrypted_again_is_no_new_content(
    folder: FolderPartner, archive: Path, key: DecryptionKey, secret_key: pysequoia.Tsk
) -> None:
    folder.put(f"{FOLDER}/a.csv.gpg", encrypted(b"clear text", secret_key))
    folder.put(f"{FOLDER}/b.csv.gpg", encrypted(b"more", secret_key))
    pulled(folder, archive, key)
    folder.put(f"{FOLDER}/a.csv.gpg", encrypted(b"clear text", secret_key))

    assert not pulled(folder, archive, key).is_new


def test_a_key_with_a_passphrase_decrypts(
    folder: FolderPartner, archive: Path, protected_key: tuple[Path, bytes]
) -> None:
    key_file, message = protected_key
    folder.put(f"{FOLDER}/a.csv.gpg", message)

    pull = pulled(folder, archive, DecryptionKey(key_file, SecretStr("open sesame")))

    assert (pull.directory / "a.csv").read_bytes() == b"clear text"


@pytest.mark.parametrize("passphrase", [None, SecretStr("mistaken")], ids=["none", "wrong"])
def test_a_wrong_passphrase_is_an_error_without_the_passphrase(
    folder: FolderPartner, archive: Path, protected_key: tuple[Path, bytes], passphrase: SecretStr | None
) -> None:
    key_file, message = protected_key
    folder.put(f"{FOLDER}/a.csv.gpg", message)
    key = DecryptionKey(key_file, passphrase)

    with pytest.raises(ZoneConfigError, match=r"wrong passphrase for the decryption key file") as error:
        pulled(folder, archive, key)

    assert "mistaken" not in str(error.value) + repr(key)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param("other key", "not encrypted for the configured decryption key", id="other-key"),
        pytest.param("no message", "not a complete OpenPGP message", id="no-message"),
        pytest.param("cut", "not a complete OpenPGP message", id="cut"),
    ],
)
def test_a_message_that_cannot_be_decrypted_is_refused_by_name(
    folder: FolderPartner, archive: Path, key: DecryptionKey, content: str, fault: str
) -> None:
    noise = os.urandom(3_000_000)
    delivered = {
        "other key": encrypted(noise, pysequoia.Tsk.generate("Somebody else")),
        "no message": b"id,name\n1,a\n",
        "cut": encrypted(noise, pysequoia.Tsk.from_file(str(key.key_file)))[:-1_000_000],
    }
    folder.put(f"{FOLDER}/a.csv.gpg", delivered[content])

    with pytest.raises(DumpRefusedError, match=rf"a\.csv\.gpg: {fault}"):
        pulled(folder, archive, key)


def test_a_message_larger_than_the_byte_limit_is_refused(
    folder: FolderPartner, archive: Path, protected_key: tuple[Path, bytes]
) -> None:
    key_file, _ = protected_key
    folder.put(f"{FOLDER}/a.csv.gpg", (key_file.parent / "protected_bomb.gpg").read_bytes())
    key = DecryptionKey(key_file, SecretStr("open sesame"), max_expansion=1_000_000, max_bytes=1_000_000)

    with pytest.raises(DumpRefusedError, match=r"a\.csv\.gpg: expands to more than .* 1000000 bytes"):
        pulled(folder, archive, key)


def test_a_message_larger_than_the_expansion_limit_is_refused(
    folder: FolderPartner, archive: Path, protected_key: tuple[Path, bytes]
) -> None:
    key_file, _ = protected_key
    folder.put(f"{FOLDER}/a.csv.gpg", (key_file.parent / "protected_bomb.gpg").read_bytes())

    with pytest.raises(DumpRefusedError, match=r"a\.csv\.gpg: expands to more than 200 times its size"):
        pulled(folder, archive, DecryptionKey(key_file, SecretStr("open sesame")))

    assert list((archive / FOLDER).rglob("*.clear")) == []


def test_an_encrypted_file_without_a_key_is_an_error(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv.pgp", b"x")

    with pytest.raises(ZoneConfigError, match=r"a\.csv\.pgp is encrypted, but no decryption key is configured"):
        pulled(folder, archive, None)


def test_a_file_without_a_key_is_an_error_with_its_path(
    folder: FolderPartner, archive: Path, tmp_path: Path
) -> None:
    folder.put(f"{FOLDER}/a.csv.pgp", b"x")
    (tmp_path / "no key").write_text("no key")

    with pytest.raises(ZoneConfigError, match=r"no key contains no private OpenPGP key"):
        pulled(folder, archive, DecryptionKey(tmp_path / "no key"))


def test_an_encrypted_file_next_to_its_decrypted_one_is_refused(
    folder: FolderPartner, archive: Path, key: DecryptionKey
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/A.csv.pgp", b"x")

    with pytest.raises(DumpRefusedError, match=r"(?i)(a|A).csv(.pgp)? and (a|A).csv(.pgp)?: names that differ"):
        pulled(folder, archive, key)


def test_no_decrypted_file_stays_if_another_file_is_refused(
    folder: FolderPartner, archive: Path, key: DecryptionKey, secret_key: pysequoia.Tsk
) -> None:
    folder.put(f"{FOLDER}/a.csv.pgp", encrypted(b"clear text", secret_key))
    folder.put(f"{FOLDER}/b.csv", b"content")
    folder.put(f"{FOLDER}/b.csv.sha256", b"0" * 64)

    with pytest.raises(DumpRefusedError):
        pulled(folder, archive, key)

    assert b"clear text" not in b"".join(path.read_bytes() for path in archive.rglob("*") if path.is_file())
    assert not (archive / FOLDER / ".incoming").exists()


def test_a_decrypted_file_of_a_killed_pull_is_deleted_by_the_next_pull(
    folder: FolderPartner, archive: Path, key: DecryptionKey
) -> None:
    left = archive / FOLDER / ".incoming" / f"{'0' * 64}.clear"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"clear text")
    folder.put(f"{FOLDER}/a.csv.pgp", b"not a message")

    with pytest.raises(DumpRefusedError):
        pulled(folder, archive, key)

    assert not left.exists()
