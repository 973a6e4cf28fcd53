"""Migration 7: ids that are phones or e-mail addresses, and the end of the secret in the warehouse.

Normalization decides from now on which ids are contacts. For the rows that exist, this migration decides with the
same functions. Pseudonyms are now computed with a key outside the warehouse (decision 0088), so the former secret
is deleted. Its bytes stay in the free space of the file until it is compacted.
"""

import duckdb
import polars as pl

from cdp_etl.warehouse.sql import single_value

_OWN_IDS = {
    "customer_product_activity": "action_id",
    "customer_product_comment": "comment_id",
    "customer_product_review": "review_id",
    "customer_product_subscriber": "subscribe_id",
    "email_interaction": "id",
    "sms_interaction": "id",
}
_WITH_CUSTOMER_ID = frozenset(table for table in _OWN_IDS if table.startswith("customer_product_"))

_OTHER_IDENTIFIERS = {
    "mart_storage.customer_identity_change": ("identifier", "person_before", "person_after"),
}
"""Tables whose rows outlive the records that they name: columns of identifiers."""

_BATCH_ROWS = 1_000_000

_FIRST_PART = r"^(?:[^|\\]|\\.)*\|"
"""The first part of a key of escaped parts, with its separator."""


def add_contact_shaped_ids(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the statements of the migration; the ids are decided at once, into temporary tables."""
    region = single_value(connection, "SELECT getvariable('phone_region')")
    tables = _tables(connection)
    staging = [table for table in _OWN_IDS if f"staging.{table}" in tables]
    ids = [_contacts(connection, f"SELECT {_OWN_IDS[table]} FROM staging.{table}", region) for table in staging]
    customer_ids = [
        _contacts(connection, f"SELECT DISTINCT customer_id FROM staging.{table}", region)
        for table in staging
        if table in _WITH_CUSTOMER_ID
    ]
    _create_temp(connection, "contact_id", [*ids, *customer_ids])
    others = [
        _contact_identifiers(connection, f"SELECT DISTINCT {column} FROM {table}", region)
        for table, columns in _OTHER_IDENTIFIERS.items()
        if table in tables
        for column in columns
    ]
    _create_temp(connection, "other_contact_identifier", others)
    return [
        "CREATE TABLE ops.contact_shaped_id (value VARCHAR NOT NULL)",
        *(statement for table in staging for statement in _decide(table)),
        f"INSERT INTO ops.contact_shaped_id SELECT DISTINCT value FROM ({_values(staging)})",
        *_DELETE_SECRET,
        "DROP TABLE contact_id",
        "DROP TABLE other_contact_identifier",
    ]


def _is_contact(ids: pl.Series, region: str) -> pl.Series:
    from cdp_etl.normalize.contact_shape import is_contact  # noqa: PLC0415 - it loads compiled code

    return is_contact(ids, region)


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    found = connection.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = current_database()"
    ).fetchall()
    return {name for (name,) in found}


def _contacts(connection: duckdb.DuckDBPyConnection, query: str, region: str) -> pl.Series:
    """Return the distinct ids of a query that are contacts; the query is read in batches."""
    found = [pl.Series(dtype=pl.String())]
    for batch in connection.sql(query).to_arrow_reader(_BATCH_ROWS):
        ids = pl.Series(batch.column(0), dtype=pl.String())
        found.append(ids.filter(_is_contact(ids, region)).unique())
    return pl.concat(found).unique()


def _contact_identifiers(connection: duckdb.DuckDBPyConnection, query: str, region: str) -> pl.Series:
    """Return the identifiers `c:` that are contacts, whether or not they begin with the system's name."""
    ((identifiers,),) = connection.execute(f"SELECT list(one) FROM ({query}) AS found (one)").fetchall()
    texts = pl.Series(identifiers or [], dtype=pl.String())
    texts = texts.filter(texts.str.starts_with("c:").fill_null(value=False))
    ids = texts.str.slice(2)
    return texts.filter(_is_contact(ids, region) | _is_contact(ids.str.replace(_FIRST_PART, ""), region))


def _create_temp(connection: duckdb.DuckDBPyConnection, table: str, values: list[pl.Series]) -> None:
    distinct = pl.concat([pl.Series(dtype=pl.String()), *values]).unique()
    connection.register("found_contact", distinct.to_frame("value"))
    connection.execute(f"CREATE TEMP TABLE {table} AS FROM found_contact")
    connection.unregister("found_contact")


def _decide(table: str) -> list[str]:
    by_column = {"has_contact_record_id": _OWN_IDS[table]}
    if table in _WITH_CUSTOMER_ID:
        by_column["has_contact_customer_id"] = "customer_id"
    return [
        *(
            statement
            for column in ("has_contact_customer_id", "has_contact_record_id")
            for statement in (
                f"ALTER TABLE staging.{table} ADD COLUMN IF NOT EXISTS {column} BOOLEAN DEFAULT false",
                f"ALTER TABLE staging.{table} ALTER COLUMN {column} DROP DEFAULT",
                f"ALTER TABLE staging.{table} ALTER COLUMN {column} SET NOT NULL",
            )
        ),
        *(
            f"UPDATE staging.{table} SET {column} = true WHERE {id_column} IN (FROM contact_id)"
            for column, id_column in by_column.items()
        ),
    ]


def _values(tables: list[str]) -> str:
    selects = ["SELECT value FROM other_contact_identifier"]
    for table in tables:
        selects += [
            f"SELECT unnest([record_key, {_OWN_IDS[table]}]) FROM staging.{table} WHERE has_contact_record_id",
            f"""
            SELECT unnest(list_filter(identifiers, lambda identifier: starts_with(identifier, 'c:')))
            FROM staging.{table}
            WHERE has_contact_customer_id
            """,
        ]
    return " UNION ALL ".join(selects)


_DELETE_SECRET = (
    """
    INSERT INTO ops.metadata BY NAME
    SELECT 'contains_deleted_secret' AS name, 'true' AS value FROM ops.metadata WHERE name = 'pseudonym_secret'
    """,
    "DELETE FROM ops.metadata WHERE name = 'pseudonym_secret'",
)
"""The mark stays until a compaction rewrites the file (`maintenance/compaction.py`)."""
