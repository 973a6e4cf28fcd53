"""Options of the daily report. A module of its own, so that the settings need not import the report."""

from collections.abc import Collection
from dataclasses import dataclass

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Options by which a day is assessed.

    Attributes:
        expected: Entities whose dump is expected on the dump date.
        unusual_quarantine_rate: Share of quarantined records above which the report warns, 0 to 1.
    """

    expected: Collection[Entity] = ENTITIES
    unusual_quarantine_rate: float = 0.1
