"""Loads as a test of the marts says them: records in few words, through the real warehouse.

Put here how records and loads are made, and how a mart is read. What is expected of the marts stands in the tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import lake_columns
from cdp_etl.entities import BY_NAME
from cdp_etl.marts.settings import MartSettings
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.load.load import load_dump
from cdp_etl_tests.warehouse.dumps import File, record, write_dump

ACTIVITY = BY_NAME["customer-product-activity"]
COMMENT = BY_NAME["customer-product-comment"]
REVIEW = BY_NAME["customer-product-review"]
SUBSCRIBER = BY_NAME["customer-product-subscriber"]
EMAIL = BY_NAME["email-interaction"]
SMS = BY_NAME["sms-interaction"]

_DEFAULTS: Mapping[str, Any] = {
    "action": "Wishlist",
    "event": "opened",
    "service_provider": "Brevo",
    "product_sku": "S1",
    "status": "Subscribed",
}


def day(number: int) -> date:
    """Give a day of the tests; day 1 is 2026-03-01."""
    return date(2026, 2, 28) + timedelta(days=number)


def moment(number: int, hour: int = 12) -> datetime:
    """Give an hour of a day of the tests, UTC."""
    return datetime.combine(day(number), time(hour), UTC)


def make_record(
    entity: Entity,
    own_id: str,
    on: int = 1,
    hour: int = 12,
    identifiers: Sequence[str] = ("c:1",),
    **values: Any,
) -> dict[str, Any]:
    """Give one accepted record.

    Args:
        entity: What it is a record of.
        own_id: Its own id.
        on: The day it occurred.
        hour: The hour of that day, UTC.
        who: The identifiers of its customer, the best first; none where the contact is masked.
        values: What else the test says of it.
    """
    columns = {column.name for column in lake_columns(entity)}
    defaults = {name: value for name, value in _DEFAULTS.items() if name in columns}
    return record(
        entity,
        own_id,
        **defaults
        | {
            "occurred_at": moment(on, hour),
            "activity_date": day(on),
            entity.main_timestamp: moment(on, hour),
            "identifiers": list(identifiers),
            "customer_key": identifiers[0] if identifiers else None,
        }
        | values,
    )


@dataclass(frozen=True)
class Loader:
    """A warehouse of a test, and the lake that its dumps come from."""

    folder: Path
    settings: MartSettings = field(default_factory=MartSettings)

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse."""
        return Warehouse(
            self.folder / "cdp.duckdb",
            lock_timeout_seconds=10,
            memory_limit="1GiB",
            threads=1,
            business_timezone="UTC",
        )

    def load(self, entity: Entity, dump_day: int, records: Sequence[Mapping[str, Any]]) -> None:
        """Load a dump of an entity in the place of the one of that day."""
        dump = write_dump(self.folder / "lake", entity, day(dump_day), records)
        load_dump(
            self.warehouse,
            entity,
            dump,
            [File("part-1.ndjson")],
            max_quarantine_rate=1.0,
            force=False,
            run_id=None,
        )

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Give what a query of the warehouse finds."""
        with self.warehouse.reading() as connection:
            found: list[dict[str, Any]] = connection.sql(sql).pl().to_dicts()
        return found
