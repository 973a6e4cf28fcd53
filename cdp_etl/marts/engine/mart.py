"""Declaration of a mart: its SELECT, its columns, its refresh scope, and the reconciliation of its totals."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.render.ddl import create_table, create_view, quoted
from cdp_etl.contract.table import INTEGER, TableColumn
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.engine.functions import function_definitions
from cdp_etl.marts.engine.key_hash import KeyHash, hash_signature, key_hash_of
from cdp_etl.marts.engine.scope import IntermediateTable, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql, without_comments
from cdp_etl.marts.engine.value_rule import ValueRule
from cdp_etl.marts.errors import MartHeaderError
from cdp_etl.marts.settings import MartSettings

STORAGE_SCHEMA = "mart_storage"
"""Schema of the tables that store the marts; schema `marts` has views of the columns that readers see."""

WRITTEN_BY = TableColumn(
    "written_by_load_seq",
    INTEGER,
    "Newest load when the row was written.",
    is_nullable=False,
    publication=Publication.UNCHANGED,
)
DELETED_BY = TableColumn(
    "deleted_by_load_seq",
    INTEGER,
    "Newest load when the row was deleted.",
    is_nullable=False,
    publication=Publication.UNCHANGED,
)

_KEY_HASH = "key_hash"
_DAY = "activity_date"

_EVERY_ENTITY = "<entity>_current"
"""Input in a header: the current records of every entity."""

_COMMENT = re.compile(r"(?:--[^\n]*\n)+")
_HEADER = re.compile(r"(?P<meaning>.+?) Grain: (?P<grain>.+?) Inputs: (?P<inputs>.+?)(?: Mind: (?P<notes>.+))?")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Reconciliation of the totals of a mart with the loaded records.

    Attributes:
        column: What one row counts: a column, or 1 if a row is a record.
        group_by: Columns by which the totals are compared; the change feed and the other side have them too.
        predicate: SQL over these columns and those of the feed: the records that count.
        weight: SQL for how much one record counts.
        against_staging: Whether the other side is staging; else it is the mart `interaction`.
    """

    column: str
    group_by: tuple[str, ...]
    predicate: str = "true"
    weight: str = "1"
    against_staging: bool = False


@dataclass(frozen=True)
class SqlHeader:
    """The comment at the top of a mart's SQL.

    Attributes:
        meaning: Meaning of one row.
        grain: Columns that identify a row.
        inputs: Tables that the SELECT reads. The comment has `<entity>_current` for the current records of every
            entity.
        notes: What a reader could get wrong.
    """

    meaning: str
    grain: tuple[str, ...]
    inputs: tuple[str, ...]
    notes: str


@dataclass(frozen=True, eq=False)
class Mart:
    """A view of schema `marts` over a table of schema `mart_storage`.

    The table also has the load that wrote each row. A second table has the tombstones: the keys of rows deleted
    since the last publish. So a publish writes only what changed.

    Attributes:
        name: Name of the table and of the SQL file.
        columns: Columns in order, with type and meaning.
        refresh_scope: What a change of the inputs affects; None: each run computes the mart in full, from inputs
            that are small compared with the history, and writes the rows that differ.
        month_column: Date column; the mart is published in files by its month. None: in one file.
        intermediate_tables: Tables that the SELECT reads in addition to its inputs, by name, in order.
        change_log_of: Mart whose changes this mart logs: each run of that mart appends the result of this SELECT
            in the same transaction. A log is never rebuilt.
        row_id_chunks: Number of row-id chunks per lookup; above 1 for marts that may exceed 2**26 rows
            (`row_id_chunks.py`).
        key_hashes: Sets of columns by which rows are looked up over all days. A hash of each set is stored.
        derived: SQL of the columns that the view computes from all rows of the mart, by column. Stored, they would
            change in rows that are otherwise unchanged.
        carried_columns: Columns that the SELECT returns for the mart's own next run alone; the view does not have
            them.
        is_published: Whether the mart is part of the snapshot; else only other marts read it.
        settings: Fields of `MartSettings` that the SQL reads, as DuckDB variables of the same name.
        reconciliation: Reconciliation of its totals; None if its rows do not add up to records.
        value_rules: Rules on the values of a row that do not follow from the columns alone.
        owner: Owner in the form that Dagster shows.
    """

    name: str
    columns: tuple[TableColumn, ...]
    refresh_scope: RefreshScope | None
    month_column: str | None = None
    intermediate_tables: Mapping[str, IntermediateTable] = field(default_factory=dict)
    change_log_of: str | None = None
    key_hashes: tuple[tuple[str, ...], ...] = ()
    row_id_chunks: int = 1
    derived: Mapping[str, str] = field(default_factory=dict)
    carried_columns: tuple[TableColumn, ...] = ()
    is_published: bool = True
    settings: tuple[str, ...] = ()
    reconciliation: Reconciliation | None = None
    value_rules: tuple[ValueRule, ...] = ()
    owner: str = "team:data-platform"

    @property
    def table(self) -> str:
        """Name of the view with its schema, as readers know it."""
        return f"marts.{self.name}"

    @property
    def storage_table(self) -> str:
        """Name of the table under the view, with its schema."""
        return f"{STORAGE_SCHEMA}.{self.name}"

    @property
    def tombstone_table(self) -> str:
        """Name of the table of tombstones, with its schema."""
        return f"{STORAGE_SCHEMA}.{self.name}_tombstones"

    @property
    def stored_columns(self) -> tuple[TableColumn, ...]:
        """Columns that are stored for readers: all but the derived ones."""
        return tuple(column for column in self.columns if column.name not in self.derived)

    @property
    def select_columns(self) -> tuple[TableColumn, ...]:
        """Columns that the SELECT returns."""
        return (*self.stored_columns, *self.carried_columns)

    @property
    def hash_columns(self) -> Sequence[KeyHash]:
        """Hashes that are stored with each row."""
        return [key_hash_of(columns) for columns in self.key_hashes]

    def hash_for(self, columns: tuple[str, ...]) -> KeyHash | None:
        """Return the stored hash for a lookup by these columns, or None if there is none or a day bounds it."""
        if _DAY in columns:
            return None
        if _KEY_HASH in columns:
            return KeyHash(_KEY_HASH, _KEY_HASH)
        return key_hash_of(columns) if columns in self.key_hashes else None

    @property
    def tombstone_columns(self) -> tuple[TableColumn, ...]:
        """Columns of a tombstone: the grain, and the date by which the row is published."""
        names = (*self.grain, *((self.month_column,) if self.month_column else ()))
        return tuple(column for column in self.columns if column.name in names)

    @cached_property
    def sql(self) -> str:
        """The SELECT, with its header."""
        return read_sql("cdp_etl.marts.models", self.name)

    @cached_property
    def header(self) -> SqlHeader:
        """The header of the SQL.

        Raises:
            MartHeaderError: If it lacks meaning, grain or inputs.
        """
        comment = _COMMENT.match(self.sql)
        lines = comment[0].splitlines() if comment else []
        found = _HEADER.fullmatch(" ".join(line.removeprefix("--").strip() for line in lines))
        if found is None:
            raise MartHeaderError(self.name)
        return SqlHeader(found["meaning"], _names(found["grain"]), _inputs(found["inputs"]), found["notes"] or "")

    @property
    def grain(self) -> tuple[str, ...]:
        """Columns that identify a row."""
        return self.header.grain

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names that the SQL reads: tables of staging, or other marts."""
        return self.header.inputs

    @property
    def description(self) -> str:
        """Meaning of one row, the grain, and what a reader could get wrong."""
        grain = f"Grain: {', '.join(self.grain)}."
        return f"{self.header.meaning} {grain} {self.header.notes}".strip()

    def create_statements(self) -> Sequence[str]:
        """Return the statements that create the tables and the view, with comments."""
        return [
            *create_table(
                STORAGE_SCHEMA,
                self.name,
                (*self.select_columns, WRITTEN_BY, *(key_hash.column for key_hash in self.hash_columns)),
                f"Rows of {self.table}.",
            ),
            *create_table(
                STORAGE_SCHEMA,
                f"{self.name}_tombstones",
                (*self.tombstone_columns, DELETED_BY),
                f"Keys of rows of {self.table} deleted since the last publish.",
            ),
            *create_view(
                "marts",
                self.name,
                self.columns,
                self.view_select(self.columns, self.storage_table),
                self.description,
            ),
        ]

    def view_select(self, columns: Sequence[TableColumn], rows: str) -> str:
        """Return the SELECT of some of the columns that readers see, derived ones included.

        Args:
            columns: Columns of the mart.
            rows: Source of the stored columns: the table, or files of its rows.
        """
        names = (
            f"{self.derived[column.name]} AS {quoted(column.name)}"
            if column.name in self.derived
            else quoted(column.name)
            for column in columns
        )
        return f"SELECT {', '.join(names)} FROM {rows}"

    def definition_hash(self, settings: MartSettings) -> str:
        """Return a hash of everything that decides which rows the mart has and how they are stored.

        Comments, descriptions and names in Python are left out: a changed text must not rebuild a mart.
        """
        definition: Mapping[str, Any] = {
            "sql": without_comments(self.sql),
            "functions": function_definitions(self.sql),
            "grain": self.grain,
            "inputs": sorted(self.inputs),
            "columns": [_column_definition(column) for column in self.columns],
            "carried_columns": [_column_definition(column) for column in self.carried_columns],
            "derived": {name: without_comments(sql) for name, sql in self.derived.items()},
            "month_column": self.month_column,
            "key_hashes": [[key_hash.name, key_hash.expression] for key_hash in self.hash_columns],
            "hash_signature": hash_signature() if self.key_hashes else None,
            "intermediate_tables": [
                [name, table.definition()] for name, table in self.intermediate_tables.items()
            ],
            "refresh_scope": self.refresh_scope and self.refresh_scope.definition(),
            "settings": {name: settings.value(name) for name in self.settings},
        }
        return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()


def _column_definition(column: TableColumn) -> Sequence[Any]:
    # A column newly marked as personal must disappear from published files, and only a rebuild rewrites all of
    # them.
    personal = column.personal and column.personal.value
    return [column.name, column.type.duckdb, column.is_nullable, column.compression, personal]


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(","))


def _inputs(listed: str) -> tuple[str, ...]:
    every_entity = sorted(f"{entity.table}_current" for entity in ENTITIES)
    return tuple(table for name in _names(listed) for table in (every_entity if name == _EVERY_ENTITY else [name]))
