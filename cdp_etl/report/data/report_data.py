"""All figures of one day's report, read in one go. Rendering starts after the warehouse is closed."""

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
from cdp_etl.report.data import activity, deliveries, identity, messages, products, rejections, sales, segments
from cdp_etl.report.data.activity import InteractionsOnDay, RecordsOnDay
from cdp_etl.report.data.deliveries import DumpStatus, LoadCounts
from cdp_etl.report.data.identity import IdentityChanges
from cdp_etl.report.data.messages import MessageFunnel, RecipientsOnDay
from cdp_etl.report.data.products import Products
from cdp_etl.report.data.rejections import ReasonCount
from cdp_etl.report.data.sales import SalesOfPeriods
from cdp_etl.report.data.segments import SegmentSize
from cdp_etl.warehouse import UnmappedEvents, Warehouse, unmapped_events

DAYS_SHOWN: Final = 30
MARTS_READ: Final = (INTERACTION, INTERACTION_DAILY, CUSTOMER_PRODUCT_DAILY, IDENTITY_CHANGE)


@dataclass(frozen=True, slots=True)
class MartData:
    """Figures from the marts, up to the day on which most events in the dumps happened.

    Attributes:
        has_pending: Whether a load is not applied yet, so that these figures do not include it.
        day: The day on which most events in the dumps of the date happened.
        activity_days: All days on which events in these dumps happened.
        customer_count: Known customers with product interactions on `day`.
        interactions: Interactions of the 30 days that end with `day`.
        recipients: Recipients of messages in the same 30 days.
        funnels: Funnels of the seven days that end with `day`, and of the seven before.
        products: Top products of `day`, and significant changes of its week.
        sales: Purchases, refunds and revenue of `day`, of its week, and of the week before.
        segments: Segments as of the dump date.
        identity_changes: Identity changes by the loads of the dump date.
    """

    has_pending: bool
    day: date
    activity_days: tuple[RecordsOnDay, ...]
    customer_count: int
    interactions: tuple[InteractionsOnDay, ...]
    recipients: tuple[RecipientsOnDay, ...]
    funnels: tuple[MessageFunnel, ...]
    products: Products
    sales: SalesOfPeriods
    segments: tuple[SegmentSize, ...]
    identity_changes: IdentityChanges

    @property
    def can_compare_weeks(self) -> bool:
        """True if each of the fourteen days that end with `day` has interactions."""
        days = {self.day - timedelta(days=back) for back in range(products.WEEKS_COMPARED.days)}
        return days <= {row.activity_date for row in self.interactions}

    @property
    def interaction_count(self) -> int:
        """Number of interactions of any kind on `day`."""
        return sum(row.interaction_count for row in self.interactions if row.activity_date == self.day)


@dataclass(frozen=True, slots=True)
class ReportData:
    """All figures of the report of one dump date.

    Attributes:
        dump_date: The dump date.
        business_timezone: Time zone whose calendar day an event is counted under.
        load_seq: Newest load in the warehouse that was not refused or unchanged; 0 if there is none.
        dumps: Dumps of the 30 days that end with `dump_date`, by entity and date.
        reasons: Reasons of quarantined records of the dump date.
        warnings: Warnings on accepted records of the dump date.
        marts: Figures from the marts; None if they were never built.
        unmapped_events: Events of the dump date without a type, by entity.
    """

    dump_date: date
    business_timezone: str
    load_seq: int
    dumps: tuple[DumpStatus, ...]
    reasons: tuple[ReasonCount, ...]
    warnings: tuple[ReasonCount, ...]
    marts: MartData | None
    unmapped_events: tuple[tuple[Entity, UnmappedEvents], ...] = ()

    @property
    def loads(self) -> tuple[LoadCounts, ...]:
        """Loads of the dump date that are in place."""
        return tuple(d.loaded for d in self.dumps if d.dump_date == self.dump_date and d.loaded is not None)

    def of_day(self, entity: Entity) -> DumpStatus | None:
        """Return the entity's dump of the dump date; None if no load was attempted."""
        found = [d for d in self.dumps if (d.entity, d.dump_date) == (entity.table, self.dump_date)]
        return found[0] if found else None

    def records_before(self, entity: Entity) -> list[int]:
        """Return the numbers of records of the entity's loaded dumps of earlier dates, newest last."""
        return [
            dump.loaded.records_read
            for dump in self.dumps
            if dump.entity == entity.table and dump.loaded and dump.dump_date < self.dump_date
        ]


def read_report_data(warehouse: Warehouse, dump_date: date) -> ReportData:
    """Read all figures of a dump date. The warehouse is closed before this returns.

    Raises:
        WarehouseMissingError: If there is no warehouse yet.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    first = dump_date - timedelta(days=DAYS_SHOWN - 1)
    with warehouse.reading() as connection:
        ((newest_loaded,),) = connection.execute(
            "SELECT coalesce(max(load_seq), 0) FROM ops.load WHERE status = 'loaded'"
        ).fetchall()
        return ReportData(
            dump_date=dump_date,
            business_timezone=warehouse.business_timezone,
            load_seq=newest_loaded,
            dumps=deliveries.read_dumps(connection, first, dump_date),
            reasons=rejections.read_reasons(connection, dump_date),
            warnings=rejections.read_warnings(connection, dump_date),
            marts=_read_mart_data(connection, dump_date, newest_loaded),
            unmapped_events=tuple(
                (entity, unmapped)
                for entity in ENTITIES
                if (unmapped := unmapped_events(connection, entity, dump_date)) and unmapped.event_count
            ),
        )


def _read_mart_data(connection: duckdb.DuckDBPyConnection, dump_date: date, newest_loaded: int) -> MartData | None:
    applied = [state.load_seq for mart in MARTS_READ if (state := state_of(connection, mart))]
    if len(applied) < len(MARTS_READ):
        return None
    activity_days = activity.read_activity_days(connection, dump_date)
    day = activity.main_activity_day(activity_days, dump_date)
    first = day - timedelta(days=DAYS_SHOWN - 1)
    return MartData(
        has_pending=min(applied) < newest_loaded,
        day=day,
        activity_days=activity_days,
        customer_count=activity.read_customer_count(connection, day),
        interactions=activity.read_interactions(connection, first, day),
        recipients=messages.read_recipients(connection, first, day),
        funnels=messages.read_funnels(connection, day),
        products=products.read_products(connection, day),
        sales=sales.read_sales(connection, day),
        segments=segments.read_segments(connection, dump_date),
        identity_changes=identity.read_identity_changes(connection, dump_date),
    )
