"""What archive and lake let go of, by the settings: asked for by a person, or once a week.

Put here the order of the two. What may go stands in `cdp_etl.landing` and `cdp_etl.normalize`; nothing here knows
Dagster.
"""

from dataclasses import dataclass
from datetime import date

from cdp_etl.entities import ENTITIES
from cdp_etl.landing import PrunedPull, prune
from cdp_etl.normalize import PrunedOutcome, prune_lake
from cdp_etl.settings import Settings
from cdp_etl.warehouse import outcomes_referred_to


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go: pulls from the raw archive, outcomes of normalizing from the lake."""

    pulls: tuple[PrunedPull, ...]
    outcomes: tuple[PrunedOutcome, ...]

    @property
    def bytes(self) -> int:
        """Give how much room that makes."""
        return sum(one.bytes for one in self.pulls) + sum(one.bytes for one in self.outcomes)


def prune_all(settings: Settings, today: date, *, dry_run: bool) -> Pruned:
    """Remove what is older than the settings keep; with `dry_run` only say what would go.

    Raises:
        LandingError: something under the archive is not what the archive writes there.
        WarehouseLockedError: the ledger, which says what is still referred to, is held for too long.
    """
    pulls = prune(settings.archive, settings.retention(), today, dry_run=dry_run)
    outcomes = prune_lake(
        settings.lake,
        ENTITIES,
        outcomes_referred_to(settings.open_warehouse()),
        settings.keep_superseded_days,
        today,
        dry_run=dry_run,
    )
    return Pruned(tuple(pulls), tuple(outcomes))
