"""Encrypted dumps: decrypted on their way into the archive, or refused with the reason."""

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
    """A key that GnuPG made, with the passphrase `open sesame`, and a message that it encrypted for it."""
    data = Path(__file__).parent / "data"
    return data / "protected_key.asc", (data / "protected_message.asc").read_bytes()


def encrypted(content: bytes, secret_key: pysequoia.Tsk) -> bytes:
    return pysequoia.encrypt(content, recipients=[secret_key.extract_certificate()])


def pulled(folder: FolderPartner, archive: Path, key: DecryptionKey | None) -> Pull:
    pull = pull_dump(folder.zone(), ENTITY, DAY, archive, PullRules(decryption=key))
    assert pull is not None
    return pull


def test_an_encrypted_file_lies_decrypted_in_the_archive(
    folder: FolderPartner, archive: Path, key: DecryptionKey, secret_key: pysequoia.Tsk
) -> None:
    message = encrypted(b"clear text", secret_key)
    folder.put(f"{FOLDER}/a.csv.pgp", message)
    folder.put(f"{FOLDER}/a.csv.pgp.sha256", hashlib.sha256(message).hexdigest().encode())
    said = {
        "path": "a.csv.pgp",
        "bytes": len(message),
        "sha256": hashlib.sha256(message).hexdigest(),
        "records": 1,
    }
    folder.put(f"{FOLDER}/_manifest.json", json.dumps({"files": [said]}).encode())

    pull = pulled(folder, archive, key)

    (file,) = pull.files
    assert (file.path, file.bytes, file.expected_records) == ("a.csv", 10, 1)
    assert file.sha256 == hashlib.sha256(b"clear text").hexdigest()
    assert file.delivered_sha256 == hashlib.sha256(message).hexdigest()
    assert (pull.directory / "a.csv").read_bytes() == b"clear text"
    assert [path.name for path in pull.directory.iterdir()] == ["a.csv"]


def test_the_same_text_encrypted_anew_is_no_new_content(
    folder: FolderPartner, archive: Path, key: DecryptionKey, secret_key: pysequoia.Tsk
) -> None:
    folder.put(f"{FOLDER}/a.csv.gpg", encrypted(b"clear text", secret_key))
    folder.put(f"{FOLDER}/b.csv.gpg", encrypted(b"more", secret_key))
    pulled(folder, archive, key)
    folder.put(f"{FOLDER}/a.csv.gpg", encrypted(b"clear text", secret_key))

    assert not pulled(folder, archive, key).is_new


def test_a_key_with_a_passphrase_opens_by_it(
    folder: FolderPartner, archive: Path, protected_key: tuple[Path, bytes]
) -> None:
    key_file, message = protected_key
    folder.put(f"{FOLDER}/a.csv.gpg", message)

    pull = pulled(folder, archive, DecryptionKey(key_file, SecretStr("open sesame")))

    assert (pull.directory / "a.csv").read_bytes() == b"clear text"


@pytest.mark.parametrize("passphrase", [None, SecretStr("wrong")], ids=["none", "wrong"])
def test_a_wrong_passphrase_is_said_and_not_shown(
    folder: FolderPartner, archive: Path, protected_key: tuple[Path, bytes], passphrase: SecretStr | None
) -> None:
    key_file, message = protected_key
    folder.put(f"{FOLDER}/a.csv.gpg", message)
    key = DecryptionKey(key_file, passphrase)

    with pytest.raises(ZoneConfigError, match=r"the passphrase does not open the decryption key file") as error:
        pulled(folder, archive, key)

    assert "wrong" not in str(error.value) + repr(key)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param("other key", "not encrypted for the decryption key", id="other-key"),
        pytest.param("no message", "not an OpenPGP message", id="no-message"),
        pytest.param("cut", "not an OpenPGP message that can be read to its end", id="cut"),
    ],
)
def test_a_message_that_cannot_be_taken_is_refused_by_name(
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


def test_a_message_that_unpacks_to_more_bytes_than_are_allowed_is_refused(
    folder: FolderPartner, archive: Path, protected_key: tuple[Path, bytes]
) -> None:
    key_file, _ = protected_key
    folder.put(f"{FOLDER}/a.csv.gpg", (key_file.parent / "protected_bomb.gpg").read_bytes())
    key = DecryptionKey(key_file, SecretStr("open sesame"), max_expansion=1_000_000, max_bytes=1_000_000)

    with pytest.raises(DumpRefusedError, match=r"a\.csv\.gpg: unpacks to more than .* 1000000 bytes"):
        pulled(folder, archive, key)


def test_a_message_that_unpacks_to_too_much_is_refused(
    folder: FolderPartner, archive: Path, protected_key: tuple[Path, bytes]
) -> None:
    key_file, _ = protected_key
    folder.put(f"{FOLDER}/a.csv.gpg", (key_file.parent / "protected_bomb.gpg").read_bytes())

    with pytest.raises(DumpRefusedError, match=r"a\.csv\.gpg: unpacks to more than 200 times its size"):
        pulled(folder, archive, DecryptionKey(key_file, SecretStr("open sesame")))

    assert list((archive / FOLDER).rglob("*.clear")) == []


def test_without_a_key_an_encrypted_file_is_an_error(folder: FolderPartner, archive: Path) -> None:
    folder.put(f"{FOLDER}/a.csv.pgp", b"x")

    with pytest.raises(ZoneConfigError, match=r"a\.csv\.pgp is encrypted, and no decryption key is set"):
        pulled(folder, archive, None)


def test_a_file_that_holds_no_key_is_an_error_that_names_it(
    folder: FolderPartner, archive: Path, tmp_path: Path
) -> None:
    folder.put(f"{FOLDER}/a.csv.pgp", b"x")
    (tmp_path / "no key").write_text("no key")

    with pytest.raises(ZoneConfigError, match=r"no key holds no private OpenPGP key"):
        pulled(folder, archive, DecryptionKey(tmp_path / "no key"))


def test_an_encrypted_file_beside_its_clear_one_is_refused(
    folder: FolderPartner, archive: Path, key: DecryptionKey
) -> None:
    folder.put(f"{FOLDER}/a.csv", b"x")
    folder.put(f"{FOLDER}/A.csv.pgp", b"x")

    with pytest.raises(DumpRefusedError, match=r"(?i)(a|A).csv(.pgp)? and (a|A).csv(.pgp)?: names that differ"):
        pulled(folder, archive, key)
