"""Refresh scope: the rows of a mart that a change affects, and the rows of its inputs that recompute them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from cdp_etl.contract.table import TableColumn
from cdp_etl.marts.engine.sql_files import without_comments


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """Filter of a table by the keys in a temporary table.

    Attributes:
        key_table: Name of the temporary table.
        columns: Columns that it and the filtered table share; no key has a null in them.
        date_range: Temporary table of one row, `first_day` and `last_day`: rows of other days do not pass.
        extra_rows: Temporary table of further rows that pass, with the columns that the SELECT reads.
        materialize: Whether the rows are stored in a temporary table first, because the SELECT reads them
            several times.
    """

    key_table: str
    columns: tuple[str, ...]
    date_range: str | None = None
    extra_rows: str | None = None
    materialize: bool = False

    def definition(self) -> Sequence[Any]:
        """Return the values that `Mart.definition_hash` depends on."""
        return [self.key_table, self.columns, self.date_range, self.extra_rows]


@dataclass(frozen=True, slots=True)
class RefreshScope:
    """Temporary tables of affected keys, and how they filter the mart and its inputs.

    Attributes:
        tables: SELECT of each temporary table, in order. It may read `pending`, which holds the feed's changes
            that the mart has not applied; the mart and its inputs; and the variable `applied_load_seq`, the newest
            load that the mart has applied.
        mart: Filter of the mart's own rows: a refresh deletes them and inserts the result of the SELECT.
        inputs: Filter of each input. An input without a filter is read in full.
        chunk_by: Columns by which a full rebuild reads its inputs in chunks, so that its memory does not grow with
            the history. Inputs whose filter has these columns are chunked. Empty: one chunk.
        existing_rows: Temporary table of the stored rows to replace, with `row_id`, if `tables` already has it.
        follows_rows_of: Mart whose inserted rows and tombstones determine the affected keys; None: the change
            feed does.
        filter_output: Whether the SELECT also returns rows that are not affected, because a filter of an input is
            coarser than the one of the mart. They are dropped.
    """

    tables: Mapping[str, str]
    mart: KeyFilter
    inputs: Mapping[str, KeyFilter]
    chunk_by: tuple[str, ...] = ()
    existing_rows: str | None = None
    follows_rows_of: str | None = None
    filter_output: bool = False

    def definition(self) -> Sequence[Any]:
        """Return the values that `Mart.definition_hash` depends on."""
        return [
            [[name, without_comments(sql)] for name, sql in self.tables.items()],
            self.mart.definition(),
            [[name, key_filter.definition()] for name, key_filter in sorted(self.inputs.items())],
            self.existing_rows,
            self.follows_rows_of,
            self.filter_output,
        ]


@dataclass(frozen=True, slots=True)
class IntermediateTable:
    """Temporary table that the SELECT reads in addition to its inputs, computed from them in each run.

    Attributes:
        full_sql: Its SELECT in a full rebuild.
        incremental_sql: Its SELECT in an incremental refresh; it may read the tables of the refresh scope.
        compute: Function that fills the table if SQL cannot. The SELECTs then only declare its columns and their
            lineage.
    """

    full_sql: str
    incremental_sql: str
    compute: Callable[[duckdb.DuckDBPyConnection], None] | None = None

    def definition(self) -> Sequence[Any]:
        """Return the values that `Mart.definition_hash` depends on."""
        return [without_comments(self.full_sql), without_comments(self.incremental_sql)]


def feed_scope(columns: tuple[str, ...], inputs: tuple[str, ...]) -> RefreshScope:
    """Return the scope of a mart whose keys are columns of the change feed, of the mart and of each input.

    The feed has these columns of each changed record, before and after the change. So its keys are all keys whose
    rows can differ, however many loads are pending. A mart by day that reads `interaction` is rebuilt in chunks of
    days.
    """
    is_complete = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    key_filter = KeyFilter("affected", columns)
    return RefreshScope(
        tables={"affected": f"SELECT DISTINCT {', '.join(columns)} FROM pending WHERE {is_complete}"},
        mart=key_filter,
        inputs=dict.fromkeys(inputs, key_filter),
        chunk_by=("activity_date",) if "activity_date" in columns and "interaction" in inputs else (),
    )


def stored_totals(columns: Sequence[TableColumn]) -> IntermediateTable:
    """Return the table of the stored totals of rows that are updated append-only (docs/glossary.md).

    It is empty in a full rebuild; else it is the table `append_only_rows`.
    """
    nothing = ", ".join(f"NULL::{column.type.duckdb} AS {column.name}" for column in columns)
    return IntermediateTable(f"SELECT {nothing} WHERE false", "FROM append_only_rows")
