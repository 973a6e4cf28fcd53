"""One data file: kept from the pull before or received, and held against what the sender says of it.

Put here what happens to a single file. The order of the whole pull is `pull.py`.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cdp_etl.contract.file_names import without_encryption
from cdp_etl.durable_files import hash_file
from cdp_etl.landing.dump.listing import Offered
from cdp_etl.landing.dump.manifest import (
    LARGEST_CHECKSUM_BYTES,
    ManifestFile,
    parse_checksum,
    require_sha256,
)
from cdp_etl.landing.errors import DumpRefusedError
from cdp_etl.landing.models import Delivered, DumpFile
from cdp_etl.landing.transfer.decrypt import DecryptionKey, decrypt
from cdp_etl.landing.transfer.download import fetch, incoming_name, read_small
from cdp_etl.landing.zones.protocol import Session
from cdp_etl.landing.zones.retry import RetryPolicy


@dataclass(frozen=True)
class Taken:
    """A data file on this disk: its facts, and where it lies before it is put in place."""

    file: DumpFile
    place: Path


@dataclass(frozen=True)
class Said:
    """What the sender says of one file: its line in the manifest, its `.sha256` companion."""

    manifest: ManifestFile | None
    checksum: Offered | None


class FileTaker:
    """Takes the files of one dump into `incoming`."""

    def __init__(
        self, session: Session, retry: RetryPolicy, incoming: Path, decryption: DecryptionKey | None
    ) -> None:
        self._session = session
        self._retry = retry
        self._incoming = incoming
        self._decryption = decryption
        self._decrypting = asyncio.Lock()  # one at a time: each takes some 160 MiB

    async def keep(self, known: DumpFile, directory: Path, said: Said) -> Taken:
        """Take a file over from an earlier pull, which has the bytes that the zone still lists."""
        await self._verify(known.delivered_path, known.delivered_sha256, said)
        return Taken(_with_records(known, said), directory / known.path)

    async def receive(self, offered: Offered, said: Said) -> Taken:
        """Receive a file from the zone.

        Raises:
            DumpRefusedError: its hash is not what the manifest or the checksum file says, or it cannot be
                decrypted.
        """
        place = self._incoming / incoming_name(offered.remote)
        sha256 = await fetch(self._session, self._retry, offered.remote, place)
        try:
            await self._verify(offered.path, sha256, said)
        except DumpRefusedError:
            place.unlink()  # else the next attempt would take the same bytes up again instead of asking anew
            raise
        file = DumpFile(
            path=offered.path,
            bytes=offered.remote.bytes,
            sha256=sha256,
            modified_at=offered.remote.modified_at,
            pulled_at=datetime.now(UTC),
            etag=offered.remote.etag,
        )
        if without_encryption(offered.path) != offered.path:
            return await self._decrypted(_with_records(file, said), place)
        return Taken(_with_records(file, said), place)

    async def _decrypted(self, file: DumpFile, place: Path) -> Taken:
        clear = place.with_suffix(".clear")
        async with self._decrypting:
            await asyncio.to_thread(decrypt, file.path, place, clear, self._decryption)
        return Taken(
            replace(
                file,
                path=without_encryption(file.path),
                bytes=clear.stat().st_size,
                sha256=await asyncio.to_thread(hash_file, clear),
                delivered=Delivered(file.path, file.bytes, file.sha256),
            ),
            clear,
        )

    async def _verify(self, path: str, sha256: str, said: Said) -> None:
        if said.manifest is not None:
            require_sha256(path, sha256, said.manifest.sha256, "the manifest")
        if said.checksum is not None:
            text = await read_small(self._session, self._retry, said.checksum, LARGEST_CHECKSUM_BYTES)
            require_sha256(path, sha256, parse_checksum(said.checksum.path, text), said.checksum.path)


def _with_records(file: DumpFile, said: Said) -> DumpFile:
    return replace(file, expected_records=said.manifest.records if said.manifest else None)
