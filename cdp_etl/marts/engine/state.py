"""State of each mart in schema `ops`: the load it has applied, its definition, the months that changed.

Every function reads or writes within the caller's transaction.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.marts.engine.mart import Mart

WHOLE_MART = date(1, 1, 1)
"""Month in `ops.mart_partition` of a mart that is not published by month."""

_UPSTREAM_REBUILT = ""
"""Definition hash that marks a mart for a rebuild after one of its upstream marts; no definition has this hash."""

CHECK_FAILED = "check failed"
"""Definition hash that marks a mart for a rebuild after a failed check."""

_PUBLISHED = "published_version"


@dataclass(frozen=True, slots=True)
class MartState:
    """State of a mart after its last run.

    Attributes:
        load_seq: Newest load that the mart has applied.
        definition_hash: `Mart.definition_hash` at that run.
    """

    load_seq: int
    definition_hash: str


def newest_load(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the highest load_seq of the ledger, or 0 if nothing was loaded."""
    ((newest,),) = connection.execute("SELECT coalesce(max(load_seq), 0) FROM ops.load").fetchall()
    return int(newest)


def state_of(connection: duckdb.DuckDBPyConnection, mart: Mart) -> MartState | None:
    """Return the state of a mart, or None if it was never run."""
    row = connection.execute(
        "SELECT load_seq, definition_hash FROM ops.mart_state WHERE mart = ?", [mart.name]
    ).fetchone()
    return None if row is None else MartState(*row)


def write_state(connection: duckdb.DuckDBPyConnection, mart: Mart, state: MartState) -> None:
    """Replace the state of a mart."""
    connection.execute("DELETE FROM ops.mart_state WHERE mart = ?", [mart.name])
    connection.execute(
        "INSERT INTO ops.mart_state BY NAME"
        " SELECT ? AS mart, ? AS load_seq, ? AS definition_hash, now() AS applied_at",
        [mart.name, state.load_seq, state.definition_hash],
    )


def write_months(connection: duckdb.DuckDBPyConnection, mart: Mart, months: Iterable[date], load_seq: int) -> None:
    """Record that these months of the mart changed."""
    for month in months:
        connection.execute("DELETE FROM ops.mart_partition WHERE mart = ? AND month = ?", [mart.name, month])
        connection.execute(
            "INSERT INTO ops.mart_partition BY NAME SELECT ? AS mart, ? AS month, ? AS load_seq",
            [mart.name, month, load_seq],
        )


def months_of(connection: duckdb.DuckDBPyConnection, mart: Mart) -> Mapping[date, int]:
    """Return each month that ever had a row, with the newest load at its last change."""
    return dict(
        connection.execute("SELECT month, load_seq FROM ops.mart_partition WHERE mart = ?", [mart.name]).fetchall()
    )


def start_generation(connection: duckdb.DuckDBPyConnection, mart: Mart, downstream: Iterable[Mart]) -> None:
    """Record that the mart was rebuilt.

    Its downstream marts are marked for a rebuild, because the change feed does not have the differences. All files
    that were published of the mart are out of date.
    """
    invalidate_published(connection, mart)
    for later in downstream:
        connection.execute(
            "UPDATE ops.mart_state SET definition_hash = ? WHERE mart = ?", [_UPSTREAM_REBUILT, later.name]
        )


def invalidate_published(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    """Make the next publish write all files of the mart, by a new generation id."""
    _set_metadata(connection, _generation_name(mart), str(uuid.uuid4()))


def generation_of(connection: duckdb.DuckDBPyConnection, mart: Mart) -> str | None:
    """Return the generation id of the mart, or None if it was never built."""
    return _metadata(connection, _generation_name(mart))


def write_published(connection: duckdb.DuckDBPyConnection, version: str) -> None:
    """Record the snapshot version that was published last; an empty text before the first one."""
    _set_metadata(connection, _PUBLISHED, version)


def published_version(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return the snapshot version that was published last, or None if there is none."""
    return _metadata(connection, _PUBLISHED)


def mark_failed_checks(connection: duckdb.DuckDBPyConnection, marts: Iterable[Mart]) -> None:
    """Mark marts for a rebuild, which their next run does before anything is published."""
    connection.execute(
        "UPDATE ops.mart_state SET definition_hash = ? WHERE list_contains(?, mart)",
        [CHECK_FAILED, [mart.name for mart in marts]],
    )


def delete_applied_changes(connection: duckdb.DuckDBPyConnection, marts: Iterable[Mart]) -> None:
    """Delete the rows of the change feed that all these marts have applied.

    A mart that was never run has no state and does not need them: its first run reads everything.
    """
    connection.execute(
        """
        DELETE FROM ops.change_feed
        WHERE load_seq <= (SELECT min(load_seq) FROM ops.mart_state WHERE list_contains(?, mart))
        """,
        [[mart.name for mart in marts]],
    )


def comments_digest(connection: duckdb.DuckDBPyConnection, mart: Mart) -> str | None:
    """Return the digest of the comments that the mart's tables and view have; None if it is unknown."""
    return _metadata(connection, _comments_name(mart))


def write_comments_digest(connection: duckdb.DuckDBPyConnection, mart: Mart, digest: str) -> None:
    """Store the digest of the mart's comments."""
    _set_metadata(connection, _comments_name(mart), digest)


def _metadata(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM ops.metadata WHERE name = ?", [name]).fetchone()
    return None if row is None else str(row[0])


def _set_metadata(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    connection.execute("DELETE FROM ops.metadata WHERE name = ?", [name])
    connection.execute("INSERT INTO ops.metadata BY NAME SELECT ? AS name, ? AS value", [name, value])


def _generation_name(mart: Mart) -> str:
    return f"mart_generation:{mart.name}"


def _comments_name(mart: Mart) -> str:
    return f"mart_comments:{mart.name}"
