"""Pull of one data file: reuse it from the previous pull or download it, then verify and decrypt it."""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cdp_etl.contract.file_names import without_encryption
from cdp_etl.durable_files import hash_file
from cdp_etl.landing.dump.listing import ListedFile
from cdp_etl.landing.dump.manifest import (
    MAX_CHECKSUM_BYTES,
    ManifestFile,
    parse_checksum,
    require_digest,
)
from cdp_etl.landing.errors import DumpRefusedError
from cdp_etl.landing.models import DeliveredFile, DumpFile
from cdp_etl.landing.transfer.decrypt import DECRYPTED_SUFFIX, DecryptionKey, decrypt
from cdp_etl.landing.transfer.download import download_file, download_name, read_small
from cdp_etl.landing.zones.protocol import Session
from cdp_etl.landing.zones.retry import RetryPolicy


@dataclass(frozen=True)
class PulledFile:
    """A data file on the local disk, and its location before the archive stores it."""

    file: DumpFile
    source: Path


@dataclass(frozen=True)
class DeclaredDigests:
    """The partner's declarations about one file: its manifest entry and place, its `.sha256` and `.md5` file."""

    manifest: ManifestFile | None
    order: int | None
    checksum: ListedFile | None
    md5: ListedFile | None


class FilePuller:
    """Pulls the files of one dump into the folder `incoming`."""

    def __init__(
        self, session: Session, retry: RetryPolicy, incoming: Path, decryption: DecryptionKey | None
    ) -> None:
        self._session = session
        self._retry = retry
        self._incoming = incoming
        self._decryption = decryption
        self._decrypting = asyncio.Lock()  # one file at a time: a decryption uses about 160 MiB

    async def reuse(self, known: DumpFile, directory: Path, declared: DeclaredDigests) -> PulledFile:
        """Return a file of an earlier pull, after verifying it. The zone lists the file unchanged.

        Raises:
            DumpRefusedError: If the hash differs from a declared one.
        """
        await self._verify(known.delivered_path, known.delivered_sha256, directory / known.path, declared)
        return PulledFile(_with_declared(known, declared), directory / known.path)

    async def download(self, listed: ListedFile, declared: DeclaredDigests) -> PulledFile:
        """Download a file from the zone, verify it and decrypt it.

        Raises:
            DumpRefusedError: If the hash differs from a declared one, or the file cannot be decrypted.
        """
        source = self._incoming / download_name(listed.remote)
        sha256 = await download_file(self._session, self._retry, listed.remote, source)
        try:
            await self._verify(listed.path, sha256, source, declared)
        except DumpRefusedError:
            source.unlink()  # otherwise the next attempt would resume from the wrong bytes
            raise
        file = DumpFile(
            path=listed.path,
            bytes=listed.remote.bytes,
            sha256=sha256,
            modified_at=listed.remote.modified_at,
            pulled_at=datetime.now(UTC),
            etag=listed.remote.etag,
        )
        if without_encryption(listed.path) != listed.path:
            return await self._decrypt(_with_declared(file, declared), source)
        return PulledFile(_with_declared(file, declared), source)

    async def _decrypt(self, file: DumpFile, source: Path) -> PulledFile:
        decrypted = source.with_suffix(DECRYPTED_SUFFIX)
        async with self._decrypting:
            await asyncio.to_thread(decrypt, file.path, source, decrypted, self._decryption)
        return PulledFile(
            replace(
                file,
                path=without_encryption(file.path),
                bytes=decrypted.stat().st_size,
                sha256=await asyncio.to_thread(hash_file, decrypted),
                delivered=DeliveredFile(file.path, file.bytes, file.sha256),
            ),
            decrypted,
        )

    async def _verify(self, path: str, sha256: str, delivered: Path, declared: DeclaredDigests) -> None:
        if declared.manifest is not None:
            require_digest(path, sha256, declared.manifest.sha256, "the manifest")
        if declared.checksum is not None:
            text = await read_small(self._session, self._retry, declared.checksum, MAX_CHECKSUM_BYTES)
            require_digest(path, sha256, parse_checksum(declared.checksum.path, text), declared.checksum.path)
        if declared.md5 is not None:
            text = await read_small(self._session, self._retry, declared.md5, MAX_CHECKSUM_BYTES)
            expected = parse_checksum(declared.md5.path, text, "md5")
            require_digest(path, await asyncio.to_thread(_md5, delivered), expected, declared.md5.path, "md5")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _with_declared(file: DumpFile, declared: DeclaredDigests) -> DumpFile:
    expected = declared.manifest.records if declared.manifest else None
    return replace(file, expected_records=expected, order=declared.order)
