"""Pseudonyms: the published columns and values if personal data is left out.

Columns of names, phones, e-mails, addresses and IPs are left out. Identifiers stay, because rows are joined by
them; but `e:<e-mail>` and `p:<phone>` contain personal data and are replaced by pseudonyms. A pseudonym is the
same in every mart and every snapshot. It cannot be reversed without the secret that the warehouse stores.
"""

import secrets

import duckdb

from cdp_etl.contract.columns import Personal
from cdp_etl.contract.render.ddl import quoted
from cdp_etl.contract.table import TEXT_LIST, TableColumn
from cdp_etl.warehouse.sql import transaction

_SECRET = "pseudonym_secret"  # noqa: S105 - the name under which the secret is stored


def published_columns(columns: tuple[TableColumn, ...], *, with_personal_data: bool) -> tuple[TableColumn, ...]:
    """Return the columns that are published."""
    return tuple(
        column for column in columns if with_personal_data or column.personal in {None, Personal.IDENTIFIER}
    )


def published_expression(column: TableColumn, *, with_personal_data: bool) -> str:
    """Return the SQL of a published column; it reads the secret with `getvariable`."""
    name = quoted(column.name)
    if with_personal_data or column.personal is None:
        return name
    if column.type is TEXT_LIST:
        return f"list_transform({name}, lambda one: {_pseudonym('one')}) AS {name}"
    return f"{_pseudonym(name)} AS {name}"


def set_secret_variable(connection: duckdb.DuckDBPyConnection) -> None:
    """Set the DuckDB variable that `published_expression` reads; the first call creates the warehouse's secret."""
    secret = _stored_secret(connection)
    if secret is None:
        secret = secrets.token_hex(32)
        with transaction(connection):
            connection.execute("INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", [_SECRET, secret])
    connection.execute(f"SET VARIABLE {_SECRET} = ?", [secret])


def _stored_secret(connection: duckdb.DuckDBPyConnection) -> str | None:
    row = connection.execute("SELECT value FROM ops.metadata WHERE name = ?", [_SECRET]).fetchone()
    return None if row is None else str(row[0])


def _pseudonym(value: str) -> str:
    return (
        f"CASE WHEN starts_with({value}, 'e:') OR starts_with({value}, 'p:')"
        f" THEN left({value}, 2) || left(sha256(getvariable('{_SECRET}') || {value}), 32) ELSE {value} END"
    )
