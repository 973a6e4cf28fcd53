"""Taking one dump over from its zone into the raw archive, verified, whole or not at all.

Put here the order of the steps and what makes a delivery refused. Each step is a module of its own.
"""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from cdp_etl.landing.archive import DumpArchive, PullRecord
from cdp_etl.landing.dump.completeness import require_ready, require_same
from cdp_etl.landing.dump.duplicate_files import find_twins
from cdp_etl.landing.dump.listing import Listing, Offered, list_dump
from cdp_etl.landing.dump.manifest import LARGEST_MANIFEST_BYTES, Manifest, parse_manifest, require_listed
from cdp_etl.landing.errors import DumpRefusedError, FilesMissingError
from cdp_etl.landing.file_puller import FileTaker, Said, Taken
from cdp_etl.landing.models import DumpFile, Pull, content_fingerprint, file_difference
from cdp_etl.landing.transfer.decrypt import DecryptionKey
from cdp_etl.landing.transfer.download import each, read_small
from cdp_etl.landing.zones.path_safety import shown
from cdp_etl.landing.zones.protocol import Session
from cdp_etl.landing.zones.zone import Zone

_MOST_NAMES_SHOWN = 3


@dataclass(frozen=True)
class PullRules:
    """What a pull may do; the defaults suit a dump that is known to be complete.

    `stability_seconds`: how long sizes must stand still where there is neither manifest nor marker.
    `accept_removal`: take a delivery that offers fewer files than the one before (RULINGS 9).
    `deep`: pull every file again, whatever the listing says (RULINGS 26).
    `decryption`: the key for `.pgp` and `.gpg` files.
    `lock_wait_seconds`: how long to wait for another pull of the same dump.
    """

    stability_seconds: float = 0
    accept_removal: bool = False
    deep: bool = False
    decryption: DecryptionKey | None = None
    lock_wait_seconds: float = 3600


def pull_dump(
    zone: Zone, entity: str, dump_date: date, archive: Path, rules: PullRules | None = None
) -> Pull | None:
    """Pull the dump of an entity and day; give None where no file was delivered, which is a finding.

    A dump whose listing is that of the last pull is given back at once. Files whose path, size, time and ETag
    are unchanged are linked from the last pull, the others are received, verified and hashed.

    Raises:
        DumpRefusedError: the delivery is at fault: a name, a manifest or checksum that does not agree, fewer
            files than before, more bytes than there is room for.
        DumpNotCompleteError: it is still being delivered.
        ZoneUnreachableError: the zone does not answer.
        ZoneConfigError: its address, credentials or rights are wrong.
        LandingError: another pull of the dump holds it for too long.
    """
    dump = DumpArchive(archive, entity, dump_date)
    return asyncio.run(_Pulling(zone, entity, dump_date, dump, rules or PullRules()).run())


class _Pulling:
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
            if (known := self._unchanged(listing)) is not None:
                return known
            async with self._dump.locked(self._rules.lock_wait_seconds):
                # Another pull may have held the lock and taken this very delivery.
                return self._unchanged(listing) or await self._pull(session, listing)

    async def _list(self, session: Session) -> Listing:
        return await list_dump(session, self._zone, self._entity, self._dump_date)

    def _unchanged(self, listing: Listing) -> Pull | None:
        record = self._dump.latest()
        if self._rules.deep or record is None or record.listing_fingerprint != listing.fingerprint:
            return None
        return self._dump.as_pull(record, is_new=False)

    async def _pull(self, session: Session, listing: Listing) -> Pull:
        ready_by = await require_ready(
            listing, lambda: self._list(session), self._rules.stability_seconds, datetime.now(UTC)
        )
        manifest = await self._read_manifest(session, listing)
        before = self._dump.latest()
        self._require_no_removal(listing, before, manifest)
        taken = await self._take(session, listing, before, manifest)
        require_same(listing, await self._list(session), "while it was pulled")
        files = tuple(one.file for one in taken)
        places = {one.file.path: one.place for one in taken}
        record = PullRecord(
            entity=self._entity,
            dump_date=self._dump_date,
            fingerprint=content_fingerprint(files),
            listing_fingerprint=listing.fingerprint,
            ready_by=ready_by,
            pulled_at=datetime.now(UTC),
            files=files,
            findings=tuple(await asyncio.to_thread(find_twins, files, places)),
            difference=file_difference(before.files, files) if before else None,
        )
        await asyncio.to_thread(self._dump.commit, record, places)
        return self._dump.as_pull(record, is_new=before is None or before.fingerprint != record.fingerprint)

    async def _read_manifest(self, session: Session, listing: Listing) -> Manifest | None:
        if listing.manifest is None:
            return None
        text = await read_small(session, self._zone.retry, listing.manifest, LARGEST_MANIFEST_BYTES)
        manifest = parse_manifest(text)
        require_listed(manifest, listing)
        return manifest

    def _require_no_removal(self, listing: Listing, before: PullRecord | None, manifest: Manifest | None) -> None:
        if before is None or manifest or self._rules.accept_removal or len(listing.data) >= len(before.files):
            return
        there = {offered.path for offered in listing.data}
        gone = [shown(file.delivered_path) for file in before.files if file.delivered_path not in there]
        names = ", ".join(gone[:_MOST_NAMES_SHOWN]) + (" …" if len(gone) > _MOST_NAMES_SHOWN else "")
        raise FilesMissingError(
            f"{self._entity} {self._dump_date.isoformat()}: {len(listing.data)} files are offered where "
            f"{len(before.files)} were pulled before, and no manifest says so (gone: {names}); "
            "accept the removal if it is meant",
            len(listing.data),
        )

    async def _take(
        self, session: Session, listing: Listing, before: PullRecord | None, manifest: Manifest | None
    ) -> list[Taken]:
        kept = self._keepable(listing, before)
        self._require_room([one for one in listing.data if one.path not in kept])
        in_manifest = manifest.by_path() if manifest else {}
        taker = FileTaker(session, self._zone.retry, self._dump.incoming(), self._rules.decryption)
        taken: dict[str, Taken] = {}

        async def take(offered: Offered) -> None:
            said = Said(in_manifest.get(offered.path), listing.checksums.get(offered.path))
            known = kept.get(offered.path)
            taken[offered.path] = (
                await taker.keep(known[0], known[1], said) if known else await taker.receive(offered, said)
            )

        await each(listing.data, take, at_a_time=self._zone.parallel_files)
        return [taken[offered.path] for offered in listing.data]

    def _keepable(self, listing: Listing, before: PullRecord | None) -> dict[str, tuple[DumpFile, Path]]:
        if before is None or self._rules.deep:
            return {}
        directory = self._dump.directory(before.fingerprint)
        known = {
            (file.delivered_path, file.delivered_bytes, file.modified_at, file.etag): (file, directory)
            for file in before.files
        }
        identities = {
            one.path: (one.path, one.remote.bytes, one.remote.modified_at, one.remote.etag) for one in listing.data
        }
        return {path: known[identity] for path, identity in identities.items() if identity in known}

    def _require_room(self, wanted: list[Offered]) -> None:
        free = shutil.disk_usage(self._dump.folder).free
        needed = sum(one.remote.bytes for one in wanted)
        if needed > free:
            largest = max(wanted, key=lambda one: one.remote.bytes)
            raise DumpRefusedError(
                f"{shown(largest.path)} has {largest.remote.bytes} bytes and the dump {needed} that are not yet "
                f"here; the disk of the raw archive has {free} free"
            )
