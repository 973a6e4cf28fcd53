"""Retention: prunes the raw archive and the lake by the settings.

`cdp_etl.landing` and `cdp_etl.normalize` select what has expired.
"""

from dataclasses import dataclass
from datetime import date

from cdp_etl.entities import ENTITIES
from cdp_etl.landing import PrunedPull, prune
from cdp_etl.marts.snapshot.publish import GRACE, has_versions, remove_old_versions, remove_parts
from cdp_etl.normalize import PrunedOutput, prune_lake
from cdp_etl.settings import Settings
from cdp_etl.warehouse import referenced_outputs


@dataclass(frozen=True, slots=True)
class PruneResult:
    """Deleted pulls of the raw archive and outputs of the lake, or those that a dry run would delete."""

    pulls: tuple[PrunedPull, ...]
    outputs: tuple[PrunedOutput, ...]

    @property
    def bytes(self) -> int:
        """Total size in bytes."""
        return sum(pull.bytes for pull in self.pulls) + sum(output.bytes for output in self.outputs)


def prune_all(settings: Settings, today: date, *, dry_run: bool) -> PruneResult:
    """Delete expired pulls and outputs and return them. With `dry_run`, delete nothing.

    Outputs that the ledger references are kept. Replaced versions of the snapshot and parts of failed publishes
    are deleted too, which otherwise only the next publish does.

    Raises:
        LandingError: If the archive contains a folder that is not named by a dump date.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    warehouse = settings.open_warehouse()
    if not dry_run and has_versions(settings.published):
        with warehouse.locked():  # as a publish does
            remove_parts(settings.published)
            remove_old_versions(settings.published, GRACE)
    pulls = prune(settings.archive, settings.retention(), today, dry_run=dry_run)
    outputs = prune_lake(
        settings.lake,
        ENTITIES,
        referenced_outputs(warehouse),
        settings.keep_superseded_days,
        today,
        dry_run=dry_run,
    )
    return PruneResult(tuple(pulls), tuple(outputs))
