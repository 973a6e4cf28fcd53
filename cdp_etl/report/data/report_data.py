"""All figures of one day's report, asked in one short reading; rendering begins when the warehouse is closed.

Put here which figures there are and over which days. How each is counted stands in the module of its name.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.models.customer_identity import IDENTITY_CHANGE
from cdp_etl.marts.models.customer_product_daily import CUSTOMER_PRODUCT_DAILY
from cdp_etl.marts.models.interaction import INTERACTION
from cdp_etl.marts.models.interaction_daily import INTERACTION_DAILY
from cdp_etl.report.data import activity, deliveries, identity, messages, products, rejections
from cdp_etl.report.data.activity import DayTold, KindOnDay
from cdp_etl.report.data.deliveries import Delivery, Load
from cdp_etl.report.data.identity import IdentityChanges
from cdp_etl.report.data.messages import Funnel, RecipientsOnDay
from cdp_etl.report.data.products import Products
from cdp_etl.report.data.rejections import Count
from cdp_etl.warehouse import Warehouse

DAYS_SHOWN: Final = 30
_MARTS_READ: Final = (INTERACTION, INTERACTION_DAILY, CUSTOMER_PRODUCT_DAILY, IDENTITY_CHANGE)


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What a report is judged by.

    Attributes:
        expected: The entities of which a dump is expected on the day.
        unusual_quarantine_rate: Share of refused records above which a dump is worth a look, 0 to 1.
    """

    expected: Collection[Entity] = ENTITIES
    unusual_quarantine_rate: float = 0.1


@dataclass(frozen=True, slots=True)
class Marts:
    """What the marts say, up to the day that the dumps mostly tell of.

    Attributes:
        has_pending: Whether a load is not taken in yet, so that these figures lack it.
        day: The day that the dumps of the date mostly tell of.
        days_told: All days that they tell of.
        customer_count: Known customers who dealt with a product on `day`.
        interactions: Of the 30 days that end with `day`.
        recipients: Of the same days.
        funnels: Of the seven days that end with `day`, and of the seven before.
        products: Of `day`, and movers of its week.
        identity_changes: What was found with the loads of the date.
    """

    has_pending: bool
    day: date
    days_told: tuple[DayTold, ...]
    customer_count: int
    interactions: tuple[KindOnDay, ...]
    recipients: tuple[RecipientsOnDay, ...]
    funnels: tuple[Funnel, ...]
    products: Products
    identity_changes: IdentityChanges

    @property
    def can_compare_weeks(self) -> bool:
        """Whether each of the fourteen days that end with `day` has interactions."""
        days = {self.day - timedelta(days=back) for back in range(products.COMPARED.days)}
        return days <= {row.activity_date for row in self.interactions}

    @property
    def interaction_count(self) -> int:
        """Interactions of any kind on `day`."""
        return sum(row.interaction_count for row in self.interactions if row.activity_date == self.day)


@dataclass(frozen=True, slots=True)
class Figures:
    """All that a report of one day is made from.

    Attributes:
        dump_date: The day.
        business_timezone: The zone whose calendar day an event is counted under.
        load_seq: The newest load of the warehouse when it was asked; 0 where nothing was ever loaded.
        deliveries: Of the 30 days that end with `dump_date`, by entity and day.
        reasons: Why records of the day were refused.
        warnings: What was odd about accepted records of the day.
        marts: None where they have never been run.
    """

    dump_date: date
    business_timezone: str
    load_seq: int
    deliveries: tuple[Delivery, ...]
    reasons: tuple[Count, ...]
    warnings: tuple[Count, ...]
    marts: Marts | None

    @property
    def loads(self) -> tuple[Load, ...]:
        """What is loaded of the day."""
        return tuple(d.loaded for d in self.deliveries if d.dump_date == self.dump_date and d.loaded is not None)

    def of_day(self, entity: Entity) -> Delivery | None:
        """Give the day's delivery of an entity; None where none was tried."""
        found = [d for d in self.deliveries if (d.entity, d.dump_date) == (entity.table, self.dump_date)]
        return found[0] if found else None

    def records_before(self, entity: Entity) -> list[int]:
        """Give the records of the entity's dumps that are loaded for the days before, the newest last."""
        return [
            delivery.loaded.records_read
            for delivery in self.deliveries
            if delivery.entity == entity.table and delivery.loaded and delivery.dump_date < self.dump_date
        ]


def read_figures(warehouse: Warehouse, dump_date: date) -> Figures:
    """Ask the warehouse for all figures of a day; it is open for as long as that takes and no longer.

    Raises:
        WarehouseMissingError: there is no warehouse yet.
        WarehouseLockedError: another process held it for all of the time to wait.
    """
    first = dump_date - timedelta(days=DAYS_SHOWN - 1)
    with warehouse.reading() as connection:
        ((load_seq, newest_loaded),) = connection.execute(
            "SELECT coalesce(max(load_seq), 0), coalesce(max(load_seq) FILTER (status = 'loaded'), 0)"
            " FROM ops.load"
        ).fetchall()
        return Figures(
            dump_date=dump_date,
            business_timezone=warehouse.business_timezone,
            load_seq=load_seq,
            deliveries=deliveries.read_deliveries(connection, first, dump_date),
            reasons=rejections.read_reasons(connection, dump_date),
            warnings=rejections.read_warnings(connection, dump_date),
            marts=_read_marts(connection, dump_date, newest_loaded),
        )


def _read_marts(connection: duckdb.DuckDBPyConnection, dump_date: date, newest_loaded: int) -> Marts | None:
    applied = [state.load_seq for mart in _MARTS_READ if (state := state_of(connection, mart))]
    if len(applied) < len(_MARTS_READ):
        return None
    told = activity.read_days_told(connection, dump_date)
    day = activity.day_mostly_told(told, dump_date)
    first = day - timedelta(days=DAYS_SHOWN - 1)
    return Marts(
        has_pending=min(applied) < newest_loaded,
        day=day,
        days_told=told,
        customer_count=activity.read_customer_count(connection, day),
        interactions=activity.read_interactions(connection, first, day),
        recipients=messages.read_recipients(connection, first, day),
        funnels=messages.read_funnels(connection, day),
        products=products.read_products(connection, day),
        identity_changes=identity.read_identity_changes(connection, dump_date),
    )
