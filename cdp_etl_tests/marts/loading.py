"""Fixtures of the marts' tests: records with defaults, loaded into a real warehouse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import lake_columns
from cdp_etl.entities import BY_NAME
from cdp_etl.file_modes import OWNER_ONLY, Readers
from cdp_etl.marts.settings import MartSettings
from cdp_etl.marts.snapshot.manifest import Snapshot
from cdp_etl.marts.snapshot.publication import MAX_PORTABLE_BYTES, PublishRules
from cdp_etl.marts.snapshot.publish import publish
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


NO_SALES: Mapping[str, Any] = {
    "purchase_count": 0,
    "refund_count": 0,
    "sale_quantity": Decimal(0),
    "revenue": Decimal(0),
    "sale_without_amount_count": 0,
}
"""Totals of rows without purchases and refunds."""


def day(number: int) -> date:
    """Return a day by its number; day 1 is 2026-03-01."""
    return date(2026, 2, 28) + timedelta(days=number)


def at_hour(number: int, hour: int = 12) -> datetime:
    """Return the timestamp of an hour of a day, UTC."""
    return datetime.combine(day(number), time(hour), UTC)


def make_record(
    entity: Entity,
    own_id: str,
    on: int = 1,
    hour: int = 12,
    identifiers: Sequence[str] = ("c:1",),
    **values: Any,
) -> dict[str, Any]:
    """Return one accepted record.

    Args:
        entity: Entity of the record.
        own_id: Id of the record in its source system.
        on: Number of the day on which it occurred.
        hour: Hour of that day, UTC.
        identifiers: Identifiers of its customer, the best first; empty for a masked contact.
        values: Further columns.
    """
    columns = {column.name for column in lake_columns(entity)}
    defaults = {name: value for name, value in _DEFAULTS.items() if name in columns}
    return record(
        entity,
        own_id,
        **defaults
        | {
            "occurred_at": at_hour(on, hour),
            "activity_date": day(on),
            entity.main_timestamp: at_hour(on, hour),
            "identifiers": list(identifiers),
            "customer_key": identifiers[0] if identifiers else None,
        }
        | values,
    )


@dataclass(frozen=True)
class Loader:
    """Warehouse of one test, with the lake that its dumps are loaded from."""

    folder: Path
    settings: MartSettings = field(default_factory=MartSettings)
    business_timezone: str = "UTC"

    @property
    def warehouse(self) -> Warehouse:
        """Warehouse in the folder of the test."""
        return Warehouse(
            self.folder / "cdp.duckdb",
            lock_timeout_seconds=10,
            memory_limit="1GiB",
            threads=1,
            business_timezone=self.business_timezone,
        )

    def load(self, entity: Entity, dump_day: int, records: Sequence[Mapping[str, Any]]) -> None:
        """Load a dump of an entity; it replaces the dump of the same day."""
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

    def publish(
        self,
        *,
        with_personal_data: bool = False,
        with_customer_ids: bool = True,
        readers: Readers = OWNER_ONLY,
        max_portable_bytes: int = MAX_PORTABLE_BYTES,
        **options: Any,
    ) -> Snapshot:
        """Publish the marts, with a key in the folder of the test."""
        rules = PublishRules(
            self.folder / "keys" / "pseudonym",
            has_personal_data=with_personal_data,
            has_pseudonymous_customer_ids=not with_customer_ids,
            readers=readers,
            max_portable_bytes=max_portable_bytes,
        )
        return publish(self.warehouse, self.folder / "published", self.settings, rules, **options)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query of the warehouse."""
        with self.warehouse.reading() as connection:
            found: list[dict[str, Any]] = connection.sql(sql).pl().to_dicts()
        return found
