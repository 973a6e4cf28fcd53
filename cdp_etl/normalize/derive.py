"""Columns derived from validated records: keys, dates, normalized contacts, folded names, identifiers.

Validation comes before (`reference_path.py`, `fast_path/validate.py`), resolution of duplicates after
(`dedup/resolve.py`). The records of both paths are derived together.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Final

import duckdb
import polars as pl

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.name_folding import fold_names
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.record_key import ESCAPE, SEPARATOR
from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import (
    HAS_CONTACT_CUSTOMER_ID,
    HAS_CONTACT_RECORD_ID,
    PLACEHOLDERS,
    folded_name,
    lake_columns,
    normalized_name,
)
from cdp_etl.normalize.contact_shape import is_contact
from cdp_etl.normalize.contacts import contact_warning, normalize_contact, placeholder_warning
from cdp_etl.normalize.fast_path.text_columns import collect_lists
from cdp_etl.normalize.placeholders import are_contact_placeholders, are_customer_id_placeholders
from cdp_etl.normalize.value_warnings import with_value_warnings

SOURCE_FILE: Final = "source_file"
SOURCE_POSITION: Final = "source_position"

_PREFIXES: Final = {Personal.EMAIL: "e:", Personal.PHONE: "p:"}
"""Prefix of the identifiers of each kind of contact, the better kind first."""

_KEY_HASH: Final = "SELECT (md5_number(record_key) >> 64)::UBIGINT AS key_hash FROM record_keys"


def derive_columns(
    entity: Entity, valid: pl.DataFrame, settings: NormalizationSettings, dump_date: date
) -> pl.DataFrame:
    """Return validated records with all columns of the lake.

    Args:
        entity: The entity of the records.
        valid: `validated_columns`, `source_file` and `source_position`.
        settings: The settings that influence the result.
        dump_date: The day the source system delivered.
    """
    frame, placeholders = _with_contacts(entity, with_value_warnings(entity, valid), settings)
    frame = frame.with_columns(
        pl.col("internal_company_id").fill_null(settings.default_company).alias("company_id"),
        pl.col(entity.main_timestamp).alias("occurred_at"),
        pl.col(entity.main_timestamp)
        .dt.convert_time_zone(settings.business_timezone)
        .dt.date()
        .alias("activity_date"),
        pl.lit(dump_date).alias("dump_date"),
        _is_customer_id_contact(entity, frame, settings).alias(HAS_CONTACT_CUSTOMER_ID),
        is_contact(frame[entity.own_id], settings.phone_region).alias(HAS_CONTACT_RECORD_ID),
        pl.lit(None, pl.String()).alias("folded_custom_fields"),
        pl.lit(None, pl.List(pl.String())).alias("folded_ignored_update_cfs"),
        *(fold_names(frame[field.name]).alias(folded_name(field)) for field in entity.folded_fields),
    )
    keys = frame.select(_record_key(entity).alias("record_key")).to_series()
    customer_ids = _customer_ids(entity, frame, settings, placeholders)
    frame = frame.with_columns(
        keys, key_hashes(keys), *_identifiers(entity, frame, customer_ids), _placeholder_lists(frame, placeholders)
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in polars_schema(lake_columns(entity)).items())


def key_hashes(keys: pl.Series) -> pl.Series:
    """Return 64 bits of each key's MD5, equal to DuckDB's `md5_number_lower`, so that SQL can compute the same.

    `md5_number_lower` itself is a macro over strings of bits, and costs four times as much.
    """
    with _database().cursor() as connection:
        connection.register("record_keys", keys.to_frame("record_key"))
        hashes = connection.sql(_KEY_HASH).fetchnumpy()["key_hash"]
    return pl.Series("key_hash", hashes, pl.UInt64())


@lru_cache(maxsize=1)
def _database() -> duckdb.DuckDBPyConnection:
    """Return a database in memory; each call uses a cursor of it, because batches run in parallel."""
    return duckdb.connect(config={"threads": 1})


def _with_contacts(
    entity: Entity, frame: pl.DataFrame, settings: NormalizationSettings
) -> tuple[pl.DataFrame, list[pl.Series]]:
    """Add the normalized contacts and their warnings; return also the placeholders, a column for each field."""
    warnings: list[pl.Series] = []
    placeholders: list[pl.Series] = []
    for field in entity.contacts:
        delivered = frame[field.name]
        normalized = normalize_contact(
            field, delivered, settings.phone_region, reads_old_prefixes=settings.old_vietnamese_prefixes
        )
        kind = field.column.personal
        assert kind is not None  # noqa: S101 - contacts are personal data
        is_placeholder = are_contact_placeholders(kind, delivered, normalized, settings)
        if is_placeholder.any():
            value = pl.lit(_PREFIXES[kind]) + pl.coalesce(normalized, delivered)
            placeholders.append(pl.select(pl.when(is_placeholder).then(value)).to_series())
            normalized = normalized.set(is_placeholder, None)
        frame = frame.with_columns(normalized.alias(normalized_name(field)))
        if normalized.null_count() != delivered.null_count():
            is_unusable = delivered.is_not_null() & normalized.is_null()
            text = (
                pl.when(is_placeholder)
                .then(pl.lit(placeholder_warning(field)))
                .otherwise(pl.lit(contact_warning(field)))
            )
            warnings.append(pl.select(pl.when(is_unusable).then(text).alias(field.name)).to_series())
    if not warnings:
        return frame, placeholders
    if frame["warnings"].list.len().sum():
        return frame.with_columns(pl.concat_list("warnings", collect_lists(warnings))), placeholders
    return frame.with_columns(collect_lists(warnings).alias("warnings")), placeholders


def _customer_ids(
    entity: Entity, frame: pl.DataFrame, settings: NormalizationSettings, placeholders: list[pl.Series]
) -> pl.Series | None:
    """Return the customer ids as identifiers, without placeholders, which are added to those of the contacts."""
    if not entity.has_customer:
        return None
    delivered = frame["customer_id"]
    customer = pl.col("customer_id")
    if settings.customer_id_scope == "system":
        system = _escaped(pl.col("system_name").fill_null(""))
        customer = pl.concat_str(system, customer, separator=SEPARATOR)
    customer_ids = frame.select(pl.lit("c:") + customer).to_series()
    is_placeholder = are_customer_id_placeholders(delivered, settings)
    if is_placeholder.any():
        value = pl.lit("c:") + delivered.str.to_lowercase()
        placeholders.insert(0, pl.select(pl.when(is_placeholder).then(value)).to_series())
        customer_ids = customer_ids.set(is_placeholder, None)
    return customer_ids


def _placeholder_lists(frame: pl.DataFrame, placeholders: list[pl.Series]) -> pl.Series:
    """Return the list of each record's placeholders, null if it has none."""
    if not placeholders:
        return pl.Series(PLACEHOLDERS, [None], pl.List(pl.String())).new_from_index(0, frame.height)
    lists = collect_lists(placeholders).alias(PLACEHOLDERS)
    return lists.set(lists.list.len() == 0, None)


def _is_customer_id_contact(
    entity: Entity, frame: pl.DataFrame, settings: NormalizationSettings
) -> pl.Expr | pl.Series:
    if not entity.has_customer:
        return pl.lit(value=False)
    return is_contact(frame["customer_id"], settings.phone_region)


def _record_key(entity: Entity) -> pl.Expr:
    """Return `contract.record_key.record_key` of every row."""
    parts = ("company_id", "system_name", entity.own_id)
    return pl.concat_str(*(_escaped(pl.col(part).fill_null("")) for part in parts), separator=SEPARATOR)


def _escaped(part: pl.Expr) -> pl.Expr:
    doubled = part.str.replace_all(ESCAPE, ESCAPE * 2, literal=True)
    return doubled.str.replace_all(SEPARATOR, ESCAPE + SEPARATOR, literal=True)


def _identifiers(entity: Entity, frame: pl.DataFrame, customer_ids: pl.Series | None) -> Sequence[pl.Series]:
    """Return the customer's best identifier, and the list of all usable ones."""
    identifiers = [] if customer_ids is None else [pl.lit(customer_ids)]
    for kind, prefix in _PREFIXES.items():
        identifiers += [
            pl.lit(prefix) + pl.col(normalized_name(field))
            for field in entity.contacts
            if field.column.personal is kind
        ]
    each = frame.select(identifier.alias(str(number)) for number, identifier in enumerate(identifiers))
    return each.select(pl.coalesce(pl.all()).alias("customer_key")).to_series(), collect_lists(
        each.get_columns()
    ).alias("identifiers")
