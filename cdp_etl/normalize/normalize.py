"""Normalization of a dump, from its files to its output in the lake.

Each step has a module of its own. No step uses the warehouse, so several dumps can be normalized at the same time.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.naming import redact_key
from cdp_etl.contract.normalization_settings import RULES_VERSION, NormalizationSettings
from cdp_etl.durable_files import hash_file
from cdp_etl.normalize.counts import RecordCounts
from cdp_etl.normalize.dedup.key_spill import KeySpill
from cdp_etl.normalize.dedup.resolve import DedupFolders, DedupResult, resolve_duplicates
from cdp_etl.normalize.errors import ArchiveDamagedError, DumpUnreadableError, RecordsLostError
from cdp_etl.normalize.file_findings import FileFindings
from cdp_etl.normalize.lake.part_files import PartFolder
from cdp_etl.normalize.lake.result import ACCEPTED, QUARANTINED, SUPERSEDED, NormalizedDump, NormalizedFile
from cdp_etl.normalize.lake.store import dump_folder
from cdp_etl.normalize.near_misses import near_misses
from cdp_etl.normalize.readers.byte_stream import MAX_COLUMNS, ExpansionBound, ReadBounds
from cdp_etl.normalize.readers.folder_values import folder_values
from cdp_etl.normalize.source_files import SourceFile, content_fingerprint, in_delivery_order
from cdp_etl.normalize.validation_progress import ValidationProgress
from cdp_etl.storage_errors import is_unreadable

BATCH_BYTES: Final = 32 << 20
"""Bytes of a file per batch. Each worker holds one batch, so several must fit into memory."""

_MAX_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class _Dump:
    """The dump that is normalized."""

    entity: Entity
    dump_date: date
    directory: Path
    files: Sequence[SourceFile]
    fingerprint: str
    default_company: str


def normalize_dump(  # noqa: PLR0913, PLR0917 - the dump, the lake, and the resources it may use
    entity: Entity,
    dump_date: date,
    directory: Path,
    files: Sequence[SourceFile],
    lake: Path,
    settings: NormalizationSettings,
    *,
    batch_bytes: int = BATCH_BYTES,
    workers: int | None = None,
    expansion: ExpansionBound | None = None,
    max_columns: int = MAX_COLUMNS,
    progress: Callable[[str], None] | None = None,
    rebuild: bool = False,
) -> NormalizedDump:
    """Read a dump, validate its records, and publish the output in the lake.

    The output is a function of the files, the settings and the date alone. If the lake contains it already, it is
    returned without reading the files. Publishing is atomic.

    Args:
        entity: The entity of the dump.
        dump_date: The day the source system delivered.
        directory: Folder of the files.
        files: The dump's data files, in any order; the file names determine the formats.
        lake: The root of the normalized lake.
        settings: The settings that influence the output.
        batch_bytes: Bytes per batch; influences speed and memory only.
        workers: Number of batches processed at the same time; None means one per processor.
        expansion: Limit on the decompressed size of files.
        max_columns: Maximum number of columns of a CSV or Parquet file.
        progress: Called with a sentence after each batch.
        rebuild: Whether to normalize again what the lake has, because it is damaged. The latest output stays the
            latest.

    Raises:
        ArchiveDamagedError: If a file is missing or has another hash; nothing of the dump is published.
        DumpUnreadableError: If a file cannot be read to its end; nothing of the dump is published.
        RecordsLostError: If the counts do not balance; nothing of the dump is published.
    """
    folder = dump_folder(lake, entity, dump_date)
    folder.remove_leftovers()
    fingerprint = content_fingerprint(entity, dump_date, files, settings)
    known = None if rebuild else folder.reuse(fingerprint)
    if known is not None:
        return known
    # Imported here because most commands find the output in the lake: compiled code costs 0.6 CPU seconds.
    from cdp_etl.normalize.batch import BatchContext  # noqa: PLC0415
    from cdp_etl.normalize.batches import normalize_files  # noqa: PLC0415

    dump = _Dump(entity, dump_date, directory, in_delivery_order(files), fingerprint, settings.default_company)
    for file in files:
        folder_values(entity, file.path)  # a folder that is refused is refused before anything is read
    bounds = ReadBounds(batch_bytes, settings.max_record_bytes, expansion or ExpansionBound(), max_columns)
    with folder.work_directory() as work:
        folders = DedupFolders(*(_part_folder(work, name) for name in ("staged", ACCEPTED, SUPERSEDED)))
        quarantined = _part_folder(work, QUARANTINED)
        context = BatchContext(entity, ValidationContext(settings, dump_date), folders.staged, quarantined)
        keys = KeySpill(_folder(work, "keys"))
        counts = RecordCounts(settings.max_distinct_counted)
        findings = FileFindings()
        validation = ValidationProgress(
            f"{entity.name} {dump_date}", {file.path: file.bytes for file in dump.files}
        )
        with _verified_files(dump):
            paths = {file.path: directory / file.path for file in dump.files}
            for result in normalize_files(context, paths, bounds, findings, workers or _processors()):
                counts.add(result.counts)
                keys.add(result.keys)
                if progress is not None:
                    progress(validation.sentence(counts.records, counts.records_by_file))
        dedup = resolve_duplicates(entity, keys, folders, _folder(work, "decisions"))
        _check_conservation(
            dump,
            counts,
            dedup,
            {ACCEPTED: folders.accepted, SUPERSEDED: folders.superseded, QUARANTINED: quarantined},
        )
        for scratch in ("keys", "decisions", "staged"):
            shutil.rmtree(work / scratch)
        summary = _summary(dump, counts, dedup, work, findings)
        if progress is not None and summary.reference_path_note is not None:
            progress(f"{entity.name} {dump_date}: {summary.reference_path_note}")
        return folder.publish(work, summary, is_latest=not rebuild)


@contextmanager
def _verified_files(dump: _Dump) -> Iterator[None]:
    """Hash the files in a thread while the block reads them, and compare with the hashes of their pull.

    A file that cannot be read is the partner's fault only if it is what the partner delivered.

    Raises:
        ArchiveDamagedError: If a file is missing, differs, or is lost by the disk.
        OSError: If the disk does not read a file.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="hash") as pool:
        compared = [pool.submit(_compare, dump, file) for file in dump.files]
        try:
            yield
        except (DumpUnreadableError, OSError) as error:
            for one in compared:
                one.result()
            if isinstance(error.__cause__, OSError) and error.__cause__.errno is not None:
                raise error.__cause__  # noqa: B904 - of this machine's disk, not of the delivery
            raise
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        for one in compared:
            one.result()


def _compare(dump: _Dump, file: SourceFile) -> None:
    fact = "has other bytes than when it was pulled"
    try:
        if hash_file(dump.directory / file.path) == file.sha256:
            return
    except FileNotFoundError:
        fact = "is missing"
    except OSError as error:
        if not is_unreadable(error):
            raise
        fact = "cannot be read from the disk"
    raise ArchiveDamagedError(dump.entity.name, dump.dump_date, file.path, fact)


def _processors() -> int:
    """Return the number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS knows only the number of the machine's processors
        return os.cpu_count() or 1


def _folder(work: Path, name: str) -> Path:
    folder = work / name
    folder.mkdir()
    return folder


def _part_folder(work: Path, name: str) -> PartFolder:
    return PartFolder(_folder(work, name))


def _check_conservation(
    dump: _Dump, counts: RecordCounts, dedup: DedupResult, folders: dict[str, PartFolder]
) -> None:
    """Check that every record read is in exactly one of the files written (docs/records.md)."""
    written = {name: _rows_in(folder) for name, folder in folders.items()}
    expected = {
        ACCEPTED: counts.accepted - dedup.superseded,
        SUPERSEDED: dedup.superseded,
        QUARANTINED: counts.quarantined,
    }
    if written != expected or sum(written.values()) != counts.records:
        raise RecordsLostError(
            f"{dump.entity.name} {dump.dump_date}: read {counts.records} records, counted {expected}, "
            f"wrote {written}; nothing of this dump was stored."
        )


def _rows_in(folder: PartFolder) -> int:
    return sum(pq.read_metadata(path).num_rows for path in folder.files())


def _findings(dump: _Dump, counts: RecordCounts, dedup: DedupResult) -> Iterator[str]:
    if dedup.differing:
        yield (
            f"{dedup.differing} of {dedup.superseded} superseded records differ from the accepted one in timestamp"
            " or recipient: different events may have one id."
        )
    without_company = counts.nulls["internal_company_id"]
    if not dump.default_company and 0 < without_company < counts.accepted:
        yield (
            f"{without_company} of {counts.accepted} records have no internalCompanyId, the others have one. If"
            " they belong to a company, set CDP_ETL_DEFAULT_COMPANY."
        )
    for (path, name), are_grouped in sorted(counts.number_texts.items()):
        if are_grouped:
            yield (
                f"{path}: all texts of {name} have groups of three digits behind points. They are read as decimal"
                " numbers; the source may have meant thousands."
            )
    for name, count in sorted(counts.differing_from_folder.items()):
        yield f"{count} records have another {name} than the folder of their file; their own value counts."
    unlisted = {name for file in dump.files for name in folder_values(dump.entity, file.path).unlisted}
    if unlisted:
        names = sorted({redact_key(name) for name in unlisted})
        shown = ", ".join(names[:_MAX_NAMED]) + (" …" if len(names) > _MAX_NAMED else "")
        yield f"Folders give values that are not read, because the contract has no such field: {shown}."


def _summary(
    dump: _Dump, counts: RecordCounts, dedup: DedupResult, work: Path, findings: FileFindings
) -> NormalizedDump:
    warnings = Counter(counts.warnings)
    warnings.update(dedup.warnings)
    return NormalizedDump(
        entity=dump.entity.table,
        dump_date=dump.dump_date,
        directory=work,
        content_fingerprint=dump.fingerprint,
        files=tuple(NormalizedFile(file.path, file.bytes, file.sha256) for file in dump.files),
        bytes=sum(file.bytes for file in dump.files),
        records_read=counts.records,
        accepted=counts.accepted - dedup.superseded,
        superseded=dedup.superseded,
        quarantined=counts.quarantined,
        with_warnings=counts.with_warnings + dedup.with_warnings,
        records_by_file={file.path: counts.records_by_file[file.path] for file in dump.files},
        reasons=dict(counts.reasons.most_common()),
        warning_counts=dict((+warnings).most_common()),
        unknown_keys=dict(counts.unknown_keys.most_common()),
        null_counts=dict(counts.nulls),
        open_values={column: dict(values.most_common()) for column, values in counts.open_values.items()},
        reference_path_records=counts.reference_path_records,
        reference_path_causes=dict(counts.reference_path_causes.most_common()),
        csv_fields={file: counts.csv_fields[file] for file in sorted(counts.csv_fields)},
        csv_delimiters=dict(sorted(counts.csv_delimiters.items())),
        findings=(
            *findings.sentences(),
            *near_misses(dump.entity, counts),
            *_findings(dump, counts, dedup),
        ),
        rules_version=RULES_VERSION,
    )
