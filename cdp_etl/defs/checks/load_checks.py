"""Asset checks of a load. They report to people and block nothing: the load itself enforces its invariants.

Checks about a date evaluate the newest dump date in the ledger, whatever the dates of the run. Otherwise a reload
of last March would change today's result.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import dagster as dg
import polars as pl

from cdp_etl.contract.entity import Entity
from cdp_etl.defs.assets.metadata import markdown_list
from cdp_etl.defs.keys import asset_key
from cdp_etl.normalize.drift import DUMPS_COMPARED, compare
from cdp_etl.normalize.lake.history import newest_dumps
from cdp_etl.pipeline.dump_pipeline import DumpOutcome
from cdp_etl.pipeline.layers import Layer
from cdp_etl.report.data.deliveries import usual_volume
from cdp_etl.settings import Settings
from cdp_etl.warehouse import (
    LoadNotBalancedError,
    LoadResult,
    UnmappedEvents,
    WarehouseLockedError,
    WarehouseMissingError,
    ledger,
)
from cdp_etl.warehouse.load.unmapped_events import MAX_WORDS

_MIN_UNUSUAL_SUPERSEDED = 0.1
"""House rule: a smaller share of superseded records is never unusual."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Input of a check.

    Attributes:
        entity: The entity.
        outcomes: Outcomes of the dumps of this run.
        ledger: One row per dump date in order: the newest attempt, and the valid load in columns `loaded_…`.
        settings: Settings, with the limits.
    """

    entity: Entity
    outcomes: Sequence[DumpOutcome]
    ledger: pl.DataFrame
    settings: Settings


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """Result of a check, with a sentence for people."""

    passed: bool
    sentence: str
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoadCheck:
    """One check. `evaluate` returns None if the check does not apply to this run."""

    name: str
    layer: Layer
    description: str
    evaluate: Callable[[Evidence], CheckOutcome | None]

    def spec(self, entity: Entity) -> dg.AssetCheckSpec:
        """Return the check spec for an entity."""
        return dg.AssetCheckSpec(
            self.name, asset=asset_key(self.layer, entity.table), description=self.description, blocking=False
        )


def check_results(
    selected: Collection[dg.AssetCheckKey], settings: Settings, entity: Entity, outcomes: Sequence[DumpOutcome]
) -> Iterator[dg.AssetCheckResult]:
    """Evaluate the selected checks after all dumps of a run."""
    evidence = Evidence(entity, outcomes, _ledger(settings, entity), settings)
    for check in LOAD_CHECKS:
        key = check.spec(entity).key
        outcome = check.evaluate(evidence) if key in selected else None
        if outcome is not None:
            yield dg.AssetCheckResult(
                passed=outcome.passed,
                asset_key=key.asset_key,
                check_name=key.name,
                severity=outcome.severity,
                description=outcome.sentence,
                metadata=outcome.figures,
            )


def _ledger(settings: Settings, entity: Entity) -> pl.DataFrame:
    try:
        return ledger(settings.open_warehouse(), entity)
    except (WarehouseMissingError, WarehouseLockedError):
        return pl.DataFrame()  # nothing was ever loaded, or the errors of the dumps already report the lock


def _loads_in_place(evidence: Evidence) -> list[LoadResult]:
    """Return the loads of the run, and for a dump that the run found unchanged the load in place.

    Without the latter, Dagster would show a check of an unchanged dump as skipped.
    """
    loads = [outcome.load.shown for outcome in evidence.outcomes if outcome.load is not None]
    return [load for load in loads if load.status == "loaded"]


def _dump_is_complete(evidence: Evidence) -> CheckOutcome | None:
    calendar = evidence.settings.calendar(evidence.entity)
    expected = [
        row
        for row in evidence.ledger.iter_rows(named=True)
        if row["status"] != "missing" or calendar.expects(row["dump_date"])
    ]
    if not expected:
        return None
    newest = expected[-1]
    figures = {"dump_date": newest["dump_date"].isoformat(), "status": newest["status"]}
    if newest["status"] in {"missing", "failed"}:
        return CheckOutcome(
            passed=False,
            sentence=f"{newest['dump_date']}: {newest['reason']}",
            severity=dg.AssetCheckSeverity.WARN,
            figures=figures,
        )
    return CheckOutcome(passed=True, sentence=f"{newest['dump_date']}: {newest['files']} files.", figures=figures)


def _records_balance(evidence: Evidence) -> CheckOutcome | None:
    dumps = [outcome.normalized for outcome in evidence.outcomes if outcome.normalized is not None]
    if not dumps:
        return None
    unbalanced = [
        dump.dump_date.isoformat()
        for dump in dumps
        if dump.records_read != dump.accepted + dump.superseded + dump.quarantined
    ]
    figures = {"days": len(dumps), "records_read": sum(dump.records_read for dump in dumps)}
    if unbalanced:
        return CheckOutcome(
            passed=False, sentence=f"The counts do not add up for {', '.join(unbalanced)}.", figures=figures
        )
    return CheckOutcome(passed=True, sentence="The counts add up for every dump of this run.", figures=figures)


def _key_is_unique(evidence: Evidence) -> CheckOutcome | None:
    rejected = [
        f"{outcome.dump_date}: {outcome.error}"
        for outcome in evidence.outcomes
        if isinstance(outcome.error, LoadNotBalancedError)
    ]
    loaded = _loads_in_place(evidence)
    if rejected:
        return CheckOutcome(passed=False, sentence=f"Nothing was committed. {' '.join(rejected)}")
    if not loaded:
        return None
    keys = sum(load.changed_keys for load in loaded)
    return CheckOutcome(
        passed=True,
        sentence="Passed before each load was committed, for the changed keys.",
        figures={"keys": keys},
    )


def _quarantine_rate_is_low(evidence: Evidence) -> CheckOutcome | None:
    counted = evidence.ledger.filter(pl.col("records_read") > 0) if not evidence.ledger.is_empty() else None
    if counted is None or counted.is_empty():
        return None
    newest = counted.row(-1, named=True)
    rate = newest["quarantined"] / newest["records_read"]
    limit = evidence.settings.quarantine_limit(evidence.entity)
    unusual = min(evidence.settings.unusual_quarantine_rate, limit)
    return CheckOutcome(
        passed=rate <= unusual,
        sentence=f"{newest['dump_date']}: {newest['quarantined']} of {newest['records_read']} records are "
        f"quarantined ({rate:.1%}); more than {unusual:.0%} is unusual, more than {limit:.0%} is refused.",
        severity=dg.AssetCheckSeverity.ERROR if rate > limit else dg.AssetCheckSeverity.WARN,
        # The UI plots numbers over runs.
        figures={
            "dump_date": newest["dump_date"].isoformat(),
            "accepted": newest["accepted"],
            "quarantined": newest["quarantined"],
            "quarantine_rate": rate,
        },
    )


def _schema_is_stable(evidence: Evidence) -> CheckOutcome | None:
    dumps = newest_dumps(evidence.settings.lake, evidence.entity, DUMPS_COMPARED + 1)
    if not dumps:
        return None
    drift = compare(evidence.entity, dumps[-1], dumps[:-1])
    figures: dict[str, Any] = {"dump_date": drift.dump_date.isoformat(), "dumps_compared": drift.compared_with}
    for name, sentences in (("what_changed", drift.changes), ("not_compared", drift.notes)):
        if sentences:
            figures[name] = markdown_list(sentences)
    return CheckOutcome(
        passed=not drift.changes,
        sentence=f"{drift.dump_date}: {drift.summary}",
        severity=dg.AssetCheckSeverity.WARN,
        figures=figures,
    )


def _refusals_have_contact(evidence: Evidence) -> CheckOutcome | None:
    loads = _loads_in_place(evidence)
    counts = [load.refusals_without_contact for load in loads if load.refusals_without_contact is not None]
    if not counts:
        return None
    refusals, quarantined = sum(counts), sum(load.quarantined for load in loads)
    return CheckOutcome(
        passed=refusals == 0,
        sentence=f"{refusals} refusals of consent name an unusable contact and no customer id, so they count for"
        f" nobody. {quarantined} quarantined records state nothing.",
        severity=dg.AssetCheckSeverity.WARN,
        figures={"refusals_without_contact": refusals, "quarantined_records": quarantined},
    )


def _superseded_share_is_usual(evidence: Evidence) -> CheckOutcome | None:
    loaded = evidence.ledger.filter(pl.col("loaded_records_read") > 0) if not evidence.ledger.is_empty() else None
    if loaded is None or loaded.is_empty():
        return None
    shares = (loaded["loaded_superseded"] / loaded["loaded_records_read"]).to_list()
    share, usual = shares[-1], median(shares[-1 - DUMPS_COMPARED : -1] or [0.0])
    newest = loaded.row(-1, named=True)
    limit = max(_MIN_UNUSUAL_SUPERSEDED, 2 * usual)
    return CheckOutcome(
        passed=share <= limit,
        sentence=f"{newest['dump_date']}: {newest['loaded_superseded']} of {newest['loaded_records_read']} records"
        f" have the key of a later one ({share:.1%}); more than {limit:.0%} is unusual."
        " Records of different things may have one id.",
        severity=dg.AssetCheckSeverity.WARN,
        figures={"dump_date": newest["dump_date"].isoformat(), "superseded_share": share, "usual_share": usual},
    )


def _events_are_mapped(evidence: Evidence) -> CheckOutcome | None:
    loads = _loads_in_place(evidence)
    found = [load.unmapped_events for load in loads if load.unmapped_events is not None]
    if not found:
        return None
    words: Counter[str] = Counter()
    for dump in found:
        words.update(dict(dump.words))
    unmapped = UnmappedEvents(sum(dump.event_count for dump in found), words.most_common(MAX_WORDS))
    return CheckOutcome(
        passed=unmapped.event_count == 0,
        sentence=unmapped.sentence,
        severity=dg.AssetCheckSeverity.WARN,
        figures={"unmapped_events": unmapped.event_count},
    )


def _volume_is_usual(evidence: Evidence) -> CheckOutcome | None:
    loaded = (
        evidence.ledger.filter(pl.col("loaded_load_id").is_not_null()) if not evidence.ledger.is_empty() else None
    )
    if loaded is None or loaded.is_empty():
        return None
    newest = loaded.row(-1, named=True)
    usual = usual_volume(loaded["loaded_records_read"].head(-1).to_list())
    records = newest["loaded_records_read"]
    figures: dict[str, Any] = {"dump_date": newest["dump_date"].isoformat(), "records_read": records}
    if usual is None:
        return CheckOutcome(
            passed=True,
            sentence=f"{newest['dump_date']}: {records} records; too few earlier dumps to compare with.",
            figures=figures,
        )
    removed = newest["loaded_records_removed"] or 0
    return CheckOutcome(
        passed=usual.includes(records),
        sentence=f"{newest['dump_date']}: {records} records; usual: {usual.minimum:.0f} to {usual.maximum:.0f}."
        + (f" {removed} records of the load before are no longer in it." if removed else ""),
        severity=dg.AssetCheckSeverity.WARN,
        figures=figures | {"usual_records_read": usual.records},
    )


LOAD_CHECKS: tuple[LoadCheck, ...] = (
    LoadCheck(
        "dump_is_complete",
        Layer.LANDING,
        "The dump of the newest expected date in the ledger was delivered completely.",
        _dump_is_complete,
    ),
    LoadCheck(
        "records_balance",
        Layer.NORMALIZED,
        "Records read = accepted + superseded + quarantined, for each dump of the run.",
        _records_balance,
    ),
    LoadCheck(
        "schema_is_stable",
        Layer.NORMALIZED,
        "The newest dump has the same keys, absent fields and vocabularies as the 14 dumps before it.",
        _schema_is_stable,
    ),
    LoadCheck(
        "quarantine_rate_is_low",
        Layer.STAGING,
        "The quarantine rate of the newest dump is not unusually high.",
        _quarantine_rate_is_low,
    ),
    LoadCheck(
        "key_is_unique",
        Layer.STAGING,
        "Each changed key has one current version, and no key occurs twice in a dump.",
        _key_is_unique,
    ),
    LoadCheck(
        "refusals_have_contact",
        Layer.STAGING,
        "Each refusal of consent of the loaded dumps has a contact or a customer id by which it counts.",
        _refusals_have_contact,
    ),
    LoadCheck(
        "superseded_share_is_usual",
        Layer.STAGING,
        "At most a tenth of the newest dump's records, or twice the usual share, has the key of a later record.",
        _superseded_share_is_usual,
    ),
    LoadCheck(
        "events_are_mapped",
        Layer.STAGING,
        "Each event of the loaded dumps has a type, by the vocabulary of its provider.",
        _events_are_mapped,
    ),
    LoadCheck(
        "volume_is_usual",
        Layer.STAGING,
        "The newest dump has between half and twice the median number of records of the 14 dumps before it.",
        _volume_is_usual,
    ),
)


def load_check_keys(entities: Iterable[Entity]) -> Collection[dg.AssetCheckKey]:
    """Return the check keys of the load of some entities."""
    return [check.spec(entity).key for entity in entities for check in LOAD_CHECKS]
