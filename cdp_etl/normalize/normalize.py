"""A dump from its files to the lake: the heavy stage, without a database.

Put here the order of the steps. Each step stands in a module of its own.
"""

import os
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from cdp_etl.contract.base_record import JudgeContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import Rules
from cdp_etl.normalize.batch import BatchJob, BatchOutcome, normalize_batch
from cdp_etl.normalize.counts import Tally
from cdp_etl.normalize.dedup.key_spill import KeySpill
from cdp_etl.normalize.dedup.resolve import VersionChanges, VersionFolders, settle_versions
from cdp_etl.normalize.errors import RecordsLostError
from cdp_etl.normalize.lake.part_files import PartFolder
from cdp_etl.normalize.lake.result import ACCEPTED, QUARANTINED, SUPERSEDED, NormalizedDump, NormalizedFile
from cdp_etl.normalize.lake.store import shelf
from cdp_etl.normalize.readers.byte_stream import ExpansionBound, ReadBounds
from cdp_etl.normalize.readers.dispatch import decode
from cdp_etl.normalize.record_batch import Rows
from cdp_etl.normalize.source_files import SourceFile, content_fingerprint, in_delivery_order

BATCH_BYTES: Final = 32 << 20
"""How much of a file is in work at once, for each worker: small enough that several fit into memory."""


@dataclass(frozen=True, slots=True)
class _Dump:
    """What is normalized."""

    entity: Entity
    dump_date: date
    directory: Path
    files: Sequence[SourceFile]
    fingerprint: str


def normalize_dump(  # noqa: PLR0913, PLR0917 - the dump, where it goes, and how much of the machine it may take
    entity: Entity,
    dump_date: date,
    directory: Path,
    files: Sequence[SourceFile],
    lake: Path,
    rules: Rules,
    *,
    batch_bytes: int = BATCH_BYTES,
    workers: int | None = None,
    expansion: ExpansionBound | None = None,
    progress: Callable[[str], None] | None = None,
) -> NormalizedDump:
    """Read a dump, judge its records, and publish the outcome in the lake.

    The outcome is a function of the files, the rules and the date alone: where it is in the lake already, it is
    given as it is. It appears whole or not at all.

    Args:
        entity: What the dump holds.
        dump_date: The day the source system delivered.
        directory: Where the files lie.
        files: The dump's data files, in any order; their names say their formats.
        lake: The root of the normalized lake.
        rules: The settings that bear on the outcome.
        batch_bytes: How much is read at once; a setting of speed and memory.
        workers: Batches in work at the same time; as many as there are processors where None.
        expansion: How far compressed files may expand.
        progress: Told a sentence now and then.

    Raises:
        DumpUnreadableError: a file cannot be read to its end; nothing of the dump is published.
        RecordsLostError: the counts do not balance; nothing of the dump is published.
    """
    place = shelf(lake, entity, dump_date)
    place.remove_leftovers()
    fingerprint = content_fingerprint(entity, dump_date, files, rules)
    known = place.find(fingerprint)
    if known is not None:
        place.point_at(known)
        return known
    dump = _Dump(entity, dump_date, directory, in_delivery_order(files), fingerprint)
    bounds = ReadBounds(batch_bytes, rules.max_record_bytes, expansion or ExpansionBound())
    with place.workplace() as work:
        folders = VersionFolders(*(_part_folder(work, name) for name in ("staged", ACCEPTED, SUPERSEDED)))
        quarantined = _part_folder(work, QUARANTINED)
        job = BatchJob(entity, JudgeContext(rules, dump_date), folders.staged, quarantined)
        keys = KeySpill(_folder(work, "keys"))
        tally = Tally()
        for outcome in _in_parallel(job, _batches(dump, bounds), workers or _processors()):
            tally.add(outcome.tally)
            keys.add(outcome.keys)
            if progress is not None:
                progress(f"{entity.name} {dump_date}: {tally.records} records judged")
        changes = settle_versions(entity, keys, folders, _folder(work, "decisions"))
        _check_conservation(
            dump,
            tally,
            changes,
            {ACCEPTED: folders.accepted, SUPERSEDED: folders.superseded, QUARANTINED: quarantined},
        )
        for scratch in ("keys", "decisions", "staged"):
            shutil.rmtree(work / scratch)
        summary = _summary(dump, tally, changes, work)
        if progress is not None and summary.exact_lane_note is not None:
            progress(f"{entity.name} {dump_date}: {summary.exact_lane_note}")
        return place.publish(work, summary)


def _processors() -> int:
    """Give how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS tells of the machine only
        return os.cpu_count() or 1


def _folder(work: Path, name: str) -> Path:
    folder = work / name
    folder.mkdir()
    return folder


def _part_folder(work: Path, name: str) -> PartFolder:
    return PartFolder(_folder(work, name))


def _batches(dump: _Dump, bounds: ReadBounds) -> Iterator[Rows]:
    for file in dump.files:
        yield from decode(dump.entity, file.path, dump.directory / file.path, bounds)


def _in_parallel(job: BatchJob, batches: Iterator[Rows], workers: int) -> Iterator[BatchOutcome]:
    """Normalize batches beside each other and give what they came to in the order of delivery.

    No more batches are read ahead than workers have to do, so that memory stays bounded.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="normalize") as pool:
        pending: deque[Future[BatchOutcome]] = deque()
        for number, rows in enumerate(batches):
            pending.append(pool.submit(normalize_batch, job, rows, number))
            del rows
            if len(pending) > workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _check_conservation(
    dump: _Dump, tally: Tally, changes: VersionChanges, folders: dict[str, PartFolder]
) -> None:
    """Count what lies in the files against what was read (RECORDS, "The conservation law")."""
    written = {name: _rows_in(folder) for name, folder in folders.items()}
    expected = {
        ACCEPTED: tally.accepted - changes.superseded,
        SUPERSEDED: changes.superseded,
        QUARANTINED: tally.quarantined,
    }
    if written != expected or sum(written.values()) != tally.records:
        raise RecordsLostError(
            f"{dump.entity.name} {dump.dump_date}: read {tally.records} records, counted {expected}, "
            f"wrote {written}; nothing of this dump was kept."
        )


def _rows_in(folder: PartFolder) -> int:
    return sum(pq.read_metadata(path).num_rows for path in folder.files())


def _summary(dump: _Dump, tally: Tally, changes: VersionChanges, work: Path) -> NormalizedDump:
    warnings = Counter(tally.warnings)
    warnings.update(changes.warnings)
    return NormalizedDump(
        entity=dump.entity.table,
        dump_date=dump.dump_date,
        directory=work,
        content_fingerprint=dump.fingerprint,
        files=tuple(NormalizedFile(file.path, file.bytes, file.sha256) for file in dump.files),
        bytes=sum(file.bytes for file in dump.files),
        records_read=tally.records,
        accepted=tally.accepted - changes.superseded,
        superseded=changes.superseded,
        quarantined=tally.quarantined,
        with_warnings=tally.with_warnings + changes.with_warnings,
        records_by_file={file.path: tally.records_by_file[file.path] for file in dump.files},
        reasons=dict(tally.reasons.most_common()),
        warning_counts=dict((+warnings).most_common()),
        unknown_keys=dict(tally.unknown_keys.most_common()),
        null_counts=dict(tally.nulls),
        open_values={column: dict(values.most_common()) for column, values in tally.open_values.items()},
        exact_lane_records=tally.exact_lane_records,
        exact_lane_causes=dict(tally.exact_lane_causes.most_common()),
    )
