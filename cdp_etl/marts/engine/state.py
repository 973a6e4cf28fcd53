"""What the warehouse remembers of each mart: the load it has applied, its definition, the months that changed.

Put here what reads and writes `ops.mart_state`, `ops.mart_partition` and the marts' part of `ops.change_feed` and
`ops.metadata`; all of it within the transaction of the caller.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.registry import MARTS, downstream

WHOLE_MART = date(1, 1, 1)
"""Stands for the month in `ops.mart_partition` where a mart is not published by month."""

_TO_BE_REBUILT = ""
"""Stands for the definition of a mart that must be rebuilt: no definition has this hash."""

CHECK_FAILED = "contradicted"
"""The same, for a mart of which a check did not hold."""

_PUBLISHED = "published_version"


@dataclass(frozen=True, slots=True)
class MartState:
    """What a mart has applied.

    Attributes:
        load_seq: The newest load whose changes it holds.
        definition_hash: Of its SQL and settings, when it was last run.
    """

    load_seq: int
    definition_hash: str


def newest_load(connection: duckdb.DuckDBPyConnection) -> int:
    """Give the newest load_seq of the ledger; 0 where nothing was ever loaded."""
    ((newest,),) = connection.execute("SELECT coalesce(max(load_seq), 0) FROM ops.load").fetchall()
    return int(newest)


def state_of(connection: duckdb.DuckDBPyConnection, mart: Mart) -> MartState | None:
    """Give what the mart has applied; None where it has never been run."""
    row = connection.execute(
        "SELECT load_seq, definition_hash FROM ops.mart_state WHERE mart = ?", [mart.name]
    ).fetchone()
    return None if row is None else MartState(*row)


def write_state(connection: duckdb.DuckDBPyConnection, mart: Mart, state: MartState) -> None:
    """Write that the mart holds everything up to a load."""
    connection.execute("DELETE FROM ops.mart_state WHERE mart = ?", [mart.name])
    connection.execute(
        "INSERT INTO ops.mart_state BY NAME"
        " SELECT ? AS mart, ? AS load_seq, ? AS definition_hash, now() AS applied_at",
        [mart.name, state.load_seq, state.definition_hash],
    )


def write_months(connection: duckdb.DuckDBPyConnection, mart: Mart, months: Iterable[date], load_seq: int) -> None:
    """Write that these months of the mart changed."""
    for month in months:
        connection.execute("DELETE FROM ops.mart_partition WHERE mart = ? AND month = ?", [mart.name, month])
        connection.execute(
            "INSERT INTO ops.mart_partition BY NAME SELECT ? AS mart, ? AS month, ? AS load_seq",
            [mart.name, month, load_seq],
        )


def months_of(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Mapping[date, int]:
    """Give the months of the mart that ever held a row, with the newest load by which each changed."""
    return dict(
        connection.execute("SELECT month, load_seq FROM ops.mart_partition WHERE mart = ?", [mart.name]).fetchall()
    )


def start_generation(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Write that the mart was rebuilt whole: nothing published of it before counts as unchanged.

    The marts behind it are marked to be rebuilt too: the change feed does not tell them what differs.
    """
    invalidate_published(connection, mart)
    for later in downstream(mart):
        connection.execute(
            "UPDATE ops.mart_state SET definition_hash = ? WHERE mart = ?", [_TO_BE_REBUILT, later.name]
        )


def invalidate_published(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Write that nothing published of the mart before counts as unchanged."""
    _set(connection, _generation_setting(mart), str(uuid.uuid4()))


def generation_of(connection: duckdb.DuckDBPyConnection, mart: Mart) -> str | None:
    """Give what tells this whole rebuild of the mart from any other; None where it was never built."""
    return _setting(connection, _generation_setting(mart))


def write_published(connection: duckdb.DuckDBPyConnection, version: str) -> None:
    """Write which version of the snapshot was published last."""
    _set(connection, _PUBLISHED, version)


def published_version(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Give the version that was published last; None where none was."""
    return _setting(connection, _PUBLISHED)


def mark_failed_checks(connection: duckdb.DuckDBPyConnection, marts: Iterable[Mart]) -> None:
    """Write that these marts are not to be relied on: they are made anew before anything is published."""
    connection.execute(
        "UPDATE ops.mart_state SET definition_hash = ? WHERE list_contains(?, mart)",
        [CHECK_FAILED, [mart.name for mart in marts]],
    )


def forget_applied_changes(connection: duckdb.DuckDBPyConnection) -> None:
    """Delete the rows of the change feed that every mart has applied; a mart never run needs none of them."""
    connection.execute(
        """
        DELETE FROM ops.change_feed
        WHERE load_seq <= (SELECT min(load_seq) FROM ops.mart_state WHERE list_contains(?, mart))
        """,
        [[mart.name for mart in MARTS]],
    )


def _setting(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM ops.metadata WHERE name = ?", [name]).fetchone()
    return None if row is None else str(row[0])


def _set(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    connection.execute("DELETE FROM ops.metadata WHERE name = ?", [name])
    connection.execute("INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", [name, value])


def _generation_setting(mart: Mart) -> str:
    return f"mart_generation:{mart.name}"
