"""What is derived from a judged record, for the rows of both lanes in one step.

Put here keys, days, contacts and identifiers. What a record is was decided before; which version of it counts is
decided after.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import duckdb
import polars as pl

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.keys import ESCAPE, SEPARATOR
from cdp_etl.contract.polars_schema import polars_schema
from cdp_etl.contract.rules import Rules
from cdp_etl.contract.table import lake_columns, normalized_name
from cdp_etl.normalize.contacts import normalized, warning

SOURCE_FILE: Final = "source_file"
SOURCE_POSITION: Final = "source_position"


def enrich(
    entity: Entity, judged: pl.DataFrame, rules: Rules, dump_date: date, connection: duckdb.DuckDBPyConnection
) -> pl.DataFrame:
    """Give the lake's columns of judged records.

    Args:
        entity: Their entity.
        judged: `judged_columns`, `source_file` and `source_position`.
        rules: The settings that bear on the outcome.
        dump_date: The day the source system delivered.
        connection: A connection of this thread.
    """
    frame = _with_contacts(entity, judged, rules)
    frame = frame.with_columns(
        pl.col("internal_company_id").fill_null(rules.default_company).alias("company_id"),
        pl.col(entity.main_timestamp).alias("occurred_at"),
        pl.col(entity.main_timestamp)
        .dt.convert_time_zone(rules.business_timezone)
        .dt.date()
        .alias("activity_date"),
        pl.lit(dump_date).alias("dump_date"),
        pl.lit(None, pl.String()).alias("folded_custom_fields"),
        pl.lit(None, pl.List(pl.String())).alias("folded_ignored_update_cfs"),
    )
    keys = frame.select(_record_key(entity).alias("record_key")).to_series()
    frame = frame.with_columns(keys, key_hashes(keys, connection), *_identifiers(entity, rules))
    return frame.select(pl.col(name).cast(dtype) for name, dtype in polars_schema(lake_columns(entity)).items())


def key_hashes(keys: pl.Series, connection: duckdb.DuckDBPyConnection) -> pl.Series:
    """Give 64 bits of each key's MD5, as DuckDB gives them, so that SQL finds the same."""
    connection.register("record_keys", pl.DataFrame({"record_key": keys}))
    hashes: pl.DataFrame = connection.sql("SELECT md5_number_lower(record_key) AS key_hash FROM record_keys").pl()
    connection.unregister("record_keys")
    return hashes["key_hash"]


def _with_contacts(entity: Entity, frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    told = [pl.col("warnings")]
    for field in entity.contacts:
        made = normalized(field, frame[field.name], rules.phone_region)
        frame = frame.with_columns(made.alias(normalized_name(field)))
        is_odd = pl.col(field.name).is_not_null() & pl.col(normalized_name(field)).is_null()
        none = pl.lit([], pl.List(pl.String()))
        told.append(pl.when(is_odd).then(pl.lit([warning(field)], pl.List(pl.String()))).otherwise(none))
    return frame.with_columns(pl.concat_list(told).alias("warnings"))


def _record_key(entity: Entity) -> pl.Expr:
    """Give `contract.keys.record_key` of every row."""
    parts = ("company_id", "system_name", entity.own_id)
    return pl.concat_str(*(_escaped(pl.col(part).fill_null("")) for part in parts), separator=SEPARATOR)


def _escaped(part: pl.Expr) -> pl.Expr:
    doubled = part.str.replace_all(ESCAPE, ESCAPE * 2, literal=True)
    return doubled.str.replace_all(SEPARATOR, ESCAPE + SEPARATOR, literal=True)


def _identifiers(entity: Entity, rules: Rules) -> Sequence[pl.Expr]:
    """Give the best identifier of the customer, and all that are usable."""
    found: list[pl.Expr] = []
    if entity.has_customer:
        customer = pl.col("customer_id")
        if rules.customer_id_scope == "system":
            system = _escaped(pl.col("system_name").fill_null(""))
            customer = pl.concat_str(system, customer, separator=SEPARATOR)
        found.append(pl.lit("c:") + customer)
    for kind, prefix in ((Personal.EMAIL, "e:"), (Personal.PHONE, "p:")):
        found += [
            pl.lit(prefix) + pl.col(normalized_name(field))
            for field in entity.contacts
            if field.column.personal is kind
        ]
    return (
        pl.coalesce(found).alias("customer_key"),
        pl.concat_list(found).list.drop_nulls().alias("identifiers"),
    )
