"""Check of all files of archive and lake against their hashes. A damaged output of the lake is rebuilt.

The archive is the source of everything, so it is checked only; `cdp-etl run --deep` pulls a damaged file again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
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

_MAX_FACTS = 10


@dataclass(frozen=True, slots=True)
class StoredFilesResult:
    """Result of the check of an entity's files in one place.

    Attributes:
        place: archive or lake.
        entity: The entity, by the name of its table.
        violations: Number of dumps or outputs that are damaged and could not be rebuilt.
        sentence: The result in a sentence; it also names what was rebuilt.
    """

    place: Literal["archive", "lake"]
    entity: str
    violations: int
    sentence: str

    @property
    def passed(self) -> bool:
        """True if nothing is damaged any more."""
        return self.violations == 0


def check_stored_files(settings: Settings, report_progress: ReportProgress) -> list[StoredFilesResult]:
    """Compare all files of the newest pulls and of all outputs with their hashes, and rebuild damaged outputs."""
    results = []
    for entity in ENTITIES:
        report_progress(f"checking the files of {entity.name}")
        damaged = list(_damaged_pulls(settings, entity))
        results.append(_result("archive", entity, damaged, []))
        rebuilt: list[str] = []
        broken = list(_broken_outputs(settings, entity, rebuilt, report_progress))
        results.append(_result("lake", entity, broken, rebuilt))
    return results


def _result(
    place: Literal["archive", "lake"], entity: Entity, damaged: list[str], rebuilt: list[str]
) -> StoredFilesResult:
    facts = [f"{len(damaged)} dumps are damaged.", *damaged[:_MAX_FACTS]]
    if rebuilt:
        facts += [f"{len(rebuilt)} outputs were damaged and were rebuilt from the archive.", *rebuilt[:_MAX_FACTS]]
    return StoredFilesResult(place, entity.table, len(damaged), " ".join(facts))


def _damaged_pulls(settings: Settings, entity: Entity) -> Iterator[str]:
    for dump_date in archived_dates(settings.archive, entity.name):
        try:
            pull = latest_pull(settings.archive, entity.name, dump_date)
        except LandingError as error:
            yield f"{error}."
            continue
        files = [] if pull is None else damaged_files(pull)
        if files:
            yield (
                f"{dump_date}: {', '.join(files)}; run"
                f" `cdp-etl run --deep --entity {entity.name} --from {dump_date}`."
            )


def _broken_outputs(
    settings: Settings, entity: Entity, rebuilt: list[str], report_progress: ReportProgress
) -> Iterator[str]:
    """Yield what cannot be rebuilt; add what was rebuilt to `rebuilt`."""
    for dump_date in dump_dates_in_lake(settings.lake, entity):
        folder = dump_folder(settings.lake, entity, dump_date)
        latest = folder.latest_fingerprint()
        # A rebuild that was killed has no folder yet, but is the latest.
        for fingerprint in sorted({*folder.fingerprints(), *([] if latest is None else [latest])}):
            damage = _damage(folder, entity, fingerprint)
            if damage is None:
                continue
            try:
                _rebuild(settings, entity, dump_date, fingerprint, report_progress)
            except CdpEtlError as error:
                yield f"{damage} It cannot be rebuilt: {error}"
            else:
                rebuilt.append(str(damage))


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
