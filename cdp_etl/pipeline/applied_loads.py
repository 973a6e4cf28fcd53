"""Applied loads: what a mart or the snapshot contains, by entity."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.registry import MARTS
from cdp_etl.warehouse import Warehouse
from cdp_etl.warehouse.load.consent_statements import STATING_ENTITIES


@dataclass(frozen=True, slots=True)
class AppliedLoads:
    """The loads of one entity up to a number.

    Attributes:
        entity: Table of the entity.
        dumps: Number of dumps that are loaded.
        newest_dump_date: The newest of their dates.
        load_seq: The newest of these loads.
    """

    entity: str
    dumps: int
    newest_dump_date: date
    load_seq: int


def find_applied_loads(warehouse: Warehouse, load_seq: int) -> list[AppliedLoads]:
    """Return the loads up to a number, one row per entity that has any, in order of the entities' tables.

    Raises:
        WarehouseMissingError: If nothing was ever loaded.
        WarehouseLockedError: If the lock is not acquired within `lock_timeout_seconds`.
    """
    with warehouse.reading() as connection:
        rows = connection.execute(
            """
            SELECT
              entity,
              count(DISTINCT dump_date),
              max(dump_date),
              max(load_seq)
            FROM ops.load
            WHERE status = 'loaded' AND load_seq <= ?
            GROUP BY entity
            ORDER BY entity
            """,
            [load_seq],
        ).fetchall()
    return [AppliedLoads(*row) for row in rows]


@cache
def upstream_tables(mart: Mart) -> frozenset[str]:
    """Return the entity tables upstream of a mart, directly or through other marts."""
    marts = {one.name: one for one in MARTS}
    tables: set[str] = set()
    for name in mart.inputs:
        if name in marts:
            tables |= upstream_tables(marts[name])
        elif name == "consent_statement":
            tables.update(STATING_ENTITIES)
        else:
            tables.add(name.removesuffix("_current"))
    return frozenset(tables)
