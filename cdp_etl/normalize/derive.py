"""What is derived from a judged record, for the rows of both lanes in one step.

Put here keys, days, contacts and identifiers. What a record is was decided before; which version of it counts is
decided after.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import Rules
from cdp_etl.contract.record_key import ESCAPE, SEPARATOR
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import lake_columns, normalized_name
from cdp_etl.normalize.contacts import normalized, warning
from cdp_etl.normalize.fast_path.arrow_buffers import memory_of
from cdp_etl.normalize.fast_path.text_columns import lists_of
from cdp_etl.normalize.jit import md5

SOURCE_FILE: Final = "source_file"
SOURCE_POSITION: Final = "source_position"


def enrich(entity: Entity, judged: pl.DataFrame, rules: Rules, dump_date: date) -> pl.DataFrame:
    """Give the lake's columns of judged records.

    Args:
        entity: Their entity.
        judged: `judged_columns`, `source_file` and `source_position`.
        rules: The settings that bear on the outcome.
        dump_date: The day the source system delivered.
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
    frame = frame.with_columns(keys, key_hashes(keys), *_identifiers(entity, rules, frame))
    return frame.select(pl.col(name).cast(dtype) for name, dtype in polars_schema(lake_columns(entity)).items())


def key_hashes(keys: pl.Series) -> pl.Series:
    """Give 64 bits of each key's MD5, as DuckDB's `md5_number_lower` gives them, so that SQL finds the same."""
    memory = memory_of(keys)
    hashes, work = np.empty(memory.count, np.uint64), np.empty(md5.WORK_SPACE, np.uint8)
    md5.hash_texts(memory.codes, memory.offsets, memory.count, hashes.ctypes.data, work.ctypes.data)
    return pl.Series("key_hash", hashes)


def _with_contacts(entity: Entity, frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    told: list[pl.Series] = []
    for field in entity.contacts:
        delivered = frame[field.name]
        made = normalized(field, delivered, rules.phone_region)
        frame = frame.with_columns(made.alias(normalized_name(field)))
        if made.null_count() != delivered.null_count():
            is_odd = delivered.is_not_null() & made.is_null()
            text = pl.select(pl.when(is_odd).then(pl.lit(warning(field))).alias(field.name))
            told.append(text.to_series())
    if not told:
        return frame
    if frame["warnings"].list.len().sum():
        return frame.with_columns(pl.concat_list("warnings", lists_of(told)))
    return frame.with_columns(lists_of(told).alias("warnings"))


def _record_key(entity: Entity) -> pl.Expr:
    """Give `contract.keys.record_key` of every row."""
    parts = ("company_id", "system_name", entity.own_id)
    return pl.concat_str(*(_escaped(pl.col(part).fill_null("")) for part in parts), separator=SEPARATOR)


def _escaped(part: pl.Expr) -> pl.Expr:
    doubled = part.str.replace_all(ESCAPE, ESCAPE * 2, literal=True)
    return doubled.str.replace_all(SEPARATOR, ESCAPE + SEPARATOR, literal=True)


def _identifiers(entity: Entity, rules: Rules, frame: pl.DataFrame) -> Sequence[pl.Series]:
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
    each = frame.select(text.alias(str(number)) for number, text in enumerate(found))
    return each.select(pl.coalesce(pl.all()).alias("customer_key")).to_series(), lists_of(
        each.get_columns()
    ).alias("identifiers")
