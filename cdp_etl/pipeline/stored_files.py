"""Check of all files of archive and lake against their hashes.

A damaged output of the lake is rebuilt. If that is not possible and nothing refers to it, it is deleted.
The archive is the source of everything, so it is checked only; `cdp-etl run --deep` pulls a damaged file again.
"""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.errors import CdpEtlError
from cdp_etl.landing import LandingError, Pull, archived_dates, damaged_files, latest_pull
from cdp_etl.normalize import DumpFolder, OutputDamagedError, content_fingerprint, dump_folder
from cdp_etl.normalize.lake.history import dump_dates_in_lake
from cdp_etl.pipeline.dump_pipeline import ReportProgress, normalize_pull
from cdp_etl.settings import Settings
from cdp_etl.storage_errors import StorageError
from cdp_etl.warehouse import StoredDataResult, WarehouseError, referenced_outputs

_MAX_FACTS = 10


def check_stored_files(settings: Settings, report_progress: ReportProgress) -> list[StoredDataResult]:
    """Compare all files of the newest pulls and of all outputs with their hashes, and rebuild damaged outputs.

    A file that the disk cannot read is a result like any other damage.
    """
    results = []
    for entity in ENTITIES:
        report_progress(f"checking the files of {entity.name}")
        results.append(_result("archive", entity, list(_damaged_pulls(settings, entity)), []))
        repaired: list[str] = []
        broken = list(_broken_outputs(settings, entity, repaired, report_progress))
        results.append(_result("lake", entity, broken, repaired))
    return results


def _result(
    place: Literal["archive", "lake"], entity: Entity, damaged: list[str], repaired: list[str]
) -> StoredDataResult:
    facts = [f"{len(damaged)} dumps are damaged.", *damaged[:_MAX_FACTS]]
    if repaired:
        facts += [f"{len(repaired)} outputs were damaged.", *repaired[:_MAX_FACTS]]
    return StoredDataResult(place, "files_are_intact", entity.table, len(damaged), " ".join(facts))


def _damaged_pulls(settings: Settings, entity: Entity) -> Iterator[str]:
    for dump_date in archived_dates(settings.archive, entity.name):
        try:
            pull = latest_pull(settings.archive, entity.name, dump_date)
            files = [] if pull is None else damaged_files(pull)
        except (LandingError, OSError) as error:
            yield f"{_sentence(error).removesuffix('.')}."
            continue
        if files:
            yield (
                f"{dump_date}: {', '.join(files)}; run"
                f" `cdp-etl run --deep --entity {entity.name} --from {dump_date}`."
            )


def _broken_outputs(
    settings: Settings, entity: Entity, repaired: list[str], report_progress: ReportProgress
) -> Iterator[str]:
    """Yield what stays damaged; add to `repaired` what was rebuilt or deleted."""
    for dump_date in dump_dates_in_lake(settings.lake, entity):
        folder = dump_folder(settings.lake, entity, dump_date)
        try:
            latest = folder.latest_fingerprint()
            # A rebuild that was killed has no folder yet, but is the latest.
            fingerprints = sorted({*folder.fingerprints(), *([] if latest is None else [latest])})
        except OSError as error:
            yield _sentence(error)
            continue
        for fingerprint in fingerprints:
            damage = None
            try:
                damage = _damage(folder, entity, fingerprint)
                if damage is None:
                    continue
                _rebuild(settings, entity, dump_date, fingerprint, report_progress)
            except OutputNotReproducibleError as error:
                is_unused = not _is_referenced(settings, entity, dump_date, fingerprint)
                if is_unused and folder.delete_unused(fingerprint):
                    repaired.append(f"{damage} Nothing refers to it, so it was deleted.")
                else:
                    yield f"{damage} It cannot be rebuilt: {error}"
            except (CdpEtlError, OSError) as error:
                yield f"{'' if damage is None else f'{damage} It cannot be rebuilt: '}{_sentence(error)}"
            else:
                repaired.append(f"{damage} It was rebuilt from the archive.")


def _sentence(error: CdpEtlError | OSError) -> str:
    return str(StorageError(error) if isinstance(error, OSError) else error)


def _is_referenced(settings: Settings, entity: Entity, dump_date: date, fingerprint: str) -> bool:
    """Return whether the ledger refers to an output; true also if the ledger cannot be read."""
    try:
        return (entity.table, dump_date, fingerprint) in referenced_outputs(settings.open_warehouse())
    except WarehouseError:
        return True


def _damage(folder: DumpFolder, entity: Entity, fingerprint: str) -> OutputDamagedError | None:
    try:
        output = folder.find(fingerprint)
        if output is None:
            path = folder.directory / fingerprint
            return OutputDamagedError(entity.name, folder.directory.name, path, "it has no summary")
        folder.require_intact(output)
    except OutputDamagedError as error:
        return error
    return None


class OutputNotReproducibleError(CdpEtlError):
    """The archive or the rules are no longer those of a damaged output."""


def _rebuild(
    settings: Settings, entity: Entity, dump_date: date, fingerprint: str, report_progress: ReportProgress
) -> None:
    pull: Pull | None = latest_pull(settings.archive, entity.name, dump_date)
    rules = settings.normalization_settings()
    if pull is None or content_fingerprint(entity, dump_date, pull.files, rules) != fingerprint:
        raise OutputNotReproducibleError(
            "the archive or the rules are no longer those of this output. Load the dump by the present rules:"
            f" `cdp-etl run --entity {entity.name} --from {dump_date} --force`."
        )
    normalize_pull(settings, entity, pull, report_progress, rebuild=True)
