"""Pull of one dump: downloads it from its zone into the raw archive, verified and all-or-nothing."""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cdp_etl.landing.archive import DumpArchive, PullRecord, is_intact
from cdp_etl.landing.dump.completeness import require_unchanged_listing, wait_until_ready
from cdp_etl.landing.dump.duplicate_files import find_duplicate_files
from cdp_etl.landing.dump.listing import ListedFile, Listing, list_dump, nfc
from cdp_etl.landing.dump.manifest import MAX_MANIFEST_BYTES, Manifest, parse_manifest, require_listed
from cdp_etl.landing.errors import DumpRefusedError, FilesMissingError, LandingError
from cdp_etl.landing.file_puller import DeclaredDigests, FilePuller, PulledFile
from cdp_etl.landing.models import DumpFile, Pull, content_fingerprint, file_difference
from cdp_etl.landing.transfer.decrypt import DecryptionKey, remove_decrypted
from cdp_etl.landing.transfer.download import read_small, run_concurrently
from cdp_etl.landing.zones.path_safety import printable
from cdp_etl.landing.zones.protocol import Session
from cdp_etl.landing.zones.zone import Zone

_MAX_NAMES_SHOWN = 3


@dataclass(frozen=True)
class PullRules:
    """Options of a pull. The defaults suit a dump that is known to be complete.

    Attributes:
        stability_seconds: How long the files of a dump without manifest and marker must be unchanged.
        accept_removal: Accept a delivery with fewer files than the previous pull.
        full_rescan: Download every file again. Finds content that changed under the same size and time.
        decryption: Key for `.pgp` and `.gpg` files.
        lock_wait_seconds: How long to wait for another pull of the same dump.
    """

    stability_seconds: float = 0
    accept_removal: bool = False
    full_rescan: bool = False
    decryption: DecryptionKey | None = None
    lock_wait_seconds: float = 3600


def pull_dump(
    zone: Zone, entity: str, dump_date: date, archive: Path, rules: PullRules | None = None
) -> Pull | None:
    """Pull the dump of an entity and date, and return it; return None if no file was delivered.

    If the listing is unchanged since the previous pull, return that pull. Otherwise link the files whose path,
    size, time and ETag are unchanged from the previous pull, and download and verify the other files. A file that
    is missing or damaged in the archive is downloaded again.

    Raises:
        DumpRefusedError: If a file name is unsafe, a manifest or checksum does not match, or files are missing.
        DumpNotCompleteError: If the partner is still delivering the dump.
        ZoneUnreachableError: If the zone does not answer.
        ZoneConfigError: If the zone's address, credentials or permissions are wrong.
        LandingError: If the disk is too small, or another pull of the dump holds the lock for too long.
    """
    dump = DumpArchive(archive, entity, dump_date)
    return asyncio.run(_DumpPull(zone, entity, dump_date, dump, rules or PullRules()).run())


def _not_read(listing: Listing) -> list[str]:
    if not listing.triggers:
        return []
    names = ", ".join(printable(file.path) for file in listing.triggers[:_MAX_NAMES_SHOWN])
    more = " …" if len(listing.triggers) > _MAX_NAMES_SHOWN else ""
    return [f"{len(listing.triggers)} files next to the data were not read: {names}{more}"]


class _DumpPull:
    def __init__(self, zone: Zone, entity: str, dump_date: date, dump: DumpArchive, rules: PullRules) -> None:
        self._zone = zone
        self._entity = entity
        self._dump_date = dump_date
        self._dump = dump
        self._rules = rules

    async def run(self) -> Pull | None:
        async with self._zone.session() as session:
            listing = await self._list(session)
            if listing.is_empty():
                return None
            if (unchanged := self._unchanged(listing)) is not None:
                return unchanged
            async with self._dump.lock(self._rules.lock_wait_seconds):
                # Another pull may have pulled the same delivery while this one waited for the lock.
                return self._unchanged(listing) or await self._pull_or_clean_up(session, listing)

    async def _list(self, session: Session) -> Listing:
        return await list_dump(session, self._zone, self._entity, self._dump_date)

    def _unchanged(self, listing: Listing) -> Pull | None:
        record = self._dump.latest()
        if self._rules.full_rescan or record is None or record.listing_fingerprint != listing.fingerprint:
            return None
        if not self._dump.is_complete(record):
            return None  # what the archive lost is pulled again
        return self._dump.to_pull(record, is_new=False)

    async def _pull_or_clean_up(self, session: Session, listing: Listing) -> Pull:
        """Pull, and delete what a failed pull cannot resume: all of a refused dump, and decrypted files."""
        incoming = self._dump.incoming()
        try:
            remove_decrypted(incoming)  # of a killed pull
            return await self._pull(session, listing)
        except DumpRefusedError:
            shutil.rmtree(incoming)
            raise
        except BaseException:
            remove_decrypted(incoming)
            raise

    async def _pull(self, session: Session, listing: Listing) -> Pull:
        ready_by = await wait_until_ready(
            listing, lambda: self._list(session), self._rules.stability_seconds, datetime.now(UTC)
        )
        manifest = await self._read_manifest(session, listing)
        before = self._dump.latest()
        self._require_no_removal(listing, before, manifest)
        pulled = await self._pull_files(session, listing, before, manifest)
        require_unchanged_listing(listing, await self._list(session), "during the pull")
        files = tuple(one.file for one in pulled)
        sources = {one.file.path: one.source for one in pulled}
        record = PullRecord(
            entity=self._entity,
            dump_date=self._dump_date,
            fingerprint=content_fingerprint(files),
            listing_fingerprint=listing.fingerprint,
            ready_by=ready_by,
            pulled_at=datetime.now(UTC),
            files=files,
            findings=(*_not_read(listing), *await asyncio.to_thread(find_duplicate_files, files, sources)),
            difference=file_difference(before.files, files) if before else None,
        )
        await asyncio.to_thread(self._dump.commit, record, sources)
        return self._dump.to_pull(record, is_new=before is None or before.fingerprint != record.fingerprint)

    async def _read_manifest(self, session: Session, listing: Listing) -> Manifest | None:
        if listing.manifest is None:
            return None
        text = await read_small(session, self._zone.retry, listing.manifest, MAX_MANIFEST_BYTES)
        manifest = parse_manifest(text)
        require_listed(manifest, listing)
        return manifest

    def _require_no_removal(self, listing: Listing, before: PullRecord | None, manifest: Manifest | None) -> None:
        if (
            before is None
            or manifest
            or self._rules.accept_removal
            or len(listing.data_files) >= len(before.files)
        ):
            return
        paths = {file.path for file in listing.data_files}
        missing = [printable(file.delivered_path) for file in before.files if file.delivered_path not in paths]
        names = ", ".join(missing[:_MAX_NAMES_SHOWN]) + (" …" if len(missing) > _MAX_NAMES_SHOWN else "")
        raise FilesMissingError(
            f"{self._entity} {self._dump_date.isoformat()}: {len(listing.data_files)} files are offered, but "
            f"{len(before.files)} were pulled before, and no manifest confirms the removal (missing: {names}); "
            "accept the removal if it is intended",
            len(listing.data_files),
        )

    async def _pull_files(
        self, session: Session, listing: Listing, before: PullRecord | None, manifest: Manifest | None
    ) -> list[PulledFile]:
        reusable = self._reusable(listing, before)
        self._require_disk_space([file for file in listing.data_files if file.path not in reusable])
        in_manifest = manifest.by_path() if manifest else {}
        order = manifest.order_by_path() if manifest else {}
        puller = FilePuller(session, self._zone.retry, self._dump.incoming(), self._rules.decryption)
        pulled: dict[str, PulledFile] = {}

        async def pull_file(listed: ListedFile) -> None:
            path = nfc(listed.path)
            declared = DeclaredDigests(
                in_manifest.get(path), order.get(path), listing.checksums.get(path), listing.md5s.get(path)
            )
            if listed.path in reusable:
                file, directory = reusable[listed.path]
                # The archive does not have the delivered bytes of a decrypted file, of which the MD5 is.
                can_verify = declared.md5 is None or file.delivered is None
                if can_verify and await asyncio.to_thread(is_intact, directory / file.path, file):
                    pulled[listed.path] = await puller.reuse(file, directory, declared)
                    return
            pulled[listed.path] = await puller.download(listed, declared)

        await run_concurrently(listing.data_files, pull_file, max_concurrency=self._zone.parallel_files)
        return [pulled[listed.path] for listed in listing.data_files]

    def _reusable(self, listing: Listing, before: PullRecord | None) -> dict[str, tuple[DumpFile, Path]]:
        if before is None or self._rules.full_rescan:
            return {}
        directory = self._dump.directory(before.fingerprint)
        known = {
            (file.delivered_path, file.delivered_bytes, file.modified_at, file.etag): (file, directory)
            for file in before.files
        }
        identities = {
            one.path: (one.path, one.remote.bytes, one.remote.modified_at, one.remote.etag)
            for one in listing.data_files
        }
        return {path: known[identity] for path, identity in identities.items() if identity in known}

    def _require_disk_space(self, files: list[ListedFile]) -> None:
        free = shutil.disk_usage(self._dump.folder).free
        needed = sum(file.remote.bytes for file in files)
        if needed > free:
            largest = max(files, key=lambda file: file.remote.bytes)
            raise LandingError(  # no fault of the delivery: the next attempt succeeds once there is room
                f"{self._dump.folder}: the disk of the raw archive has {free} bytes free, but the dump needs"
                f" {needed}; the largest file, {printable(largest.path)}, has {largest.remote.bytes}"
            )
