"""How a mart is declared: its SELECT, its columns, and which slices of it a change of its inputs touches.

Put here what can be said of any mart. Each mart's columns and slices stand in the Python file beside its SQL; how
it is kept up to date stands in `keeping.py`.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files

import duckdb

from cdp_etl.contract.render.ddl import create_table, create_view, quoted
from cdp_etl.contract.table import INTEGER, TableColumn
from cdp_etl.marts.engine.key_hash import KeyHash, hash_signature, key_hash_of
from cdp_etl.marts.errors import MartHeaderError
from cdp_etl.marts.settings import MartSettings

STORAGE_SCHEMA = "mart_storage"
"""The schema of the tables that marts are kept in; those of schema `marts` are views of what readers may see."""

WRITTEN_BY = TableColumn(
    "written_by_load_seq", INTEGER, "The newest load when the row was made.", is_nullable=False
)
DELETED_BY = TableColumn(
    "deleted_by_load_seq", INTEGER, "The newest load when the row was taken out.", is_nullable=False
)

_KEY_HASH = "key_hash"
_DAY = "activity_date"

_COMMENT = re.compile(r"(?:--[^\n]*\n)+")
_HEADER = re.compile(r"(?P<meaning>.+?) Grain: (?P<grain>.+?) Inputs: (?P<inputs>.+?)(?: Mind: (?P<notes>.+))?")


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """Which rows of a table belong to the affected slices: those that a temporary table names.

    Attributes:
        affected: The temporary table.
        columns: The columns that it and the table have in common; none of them is ever null in a affected row.
        days: A temporary table of one row, `first_day` and `last_day`: only rows of these days belong to them.
        beside: A temporary table of further rows of the table that belong to them; of the columns that are read.
        is_sought_once: Whether its rows are put aside before the SELECT, which reads them several times.
    """

    key_table: str
    columns: tuple[str, ...]
    date_range: str | None = None
    extra_rows: str | None = None
    materialize: bool = False


@dataclass(frozen=True, slots=True)
class RefreshScope:
    """What a change of the inputs touches, as temporary tables, and how each table is cut by them.

    Attributes:
        tables: The SELECT of each temporary table, in order. They may read `pending`, the changes of the feed that
            the mart has not applied yet, the mart itself as it was, its inputs as they are, and the variable
            `applied_load_seq`, the newest load that the mart has applied.
        mart: The affected rows of the mart: they are deleted, and the SELECT must give exactly their successors.
        found: The temporary table of the affected rows of the mart as they are kept, with `row_id`, where one of
            the tables has sought them already.
        gives_more: Whether it gives other rows too, which are left out: of inputs that are cut more coarsely.
        inputs: For each input the rows that those are made from. An input that is not named is read whole.
        follows: The mart of which the rows made, or left, since tell what to make anew; None: the feed tells it.
        parted_by: Columns by which a full rebuild is done in parts, for its memory not to follow the history:
            inputs that are cut by them are read part by part, and the SELECT joins all others to these. Empty: it
            is done at once.
    """

    tables: Mapping[str, str]
    mart: KeyFilter
    inputs: Mapping[str, KeyFilter]
    chunk_by: tuple[str, ...] = ()
    existing_rows: str | None = None
    follows_rows_of: str | None = None
    filter_output: bool = False


@dataclass(frozen=True, slots=True)
class IntermediateTable:
    """A table that the SELECT reads beside its inputs, made from them for the time of a run.

    Attributes:
        whole: Its SELECT for a full rebuild.
        affected: Its SELECT where the mart is patched; it may read the tables of the slices.
        compute: Fills it in Python, where SQL cannot; the SELECTs then only say its columns and their origin.
    """

    full_sql: str
    incremental_sql: str
    compute: Callable[[duckdb.DuckDBPyConnection], None] | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How the rows of a mart add up to records: they are compared with what was loaded.

    Attributes:
        column: What a row counts: a column, or 1 where a row is a record.
        by: The columns by which the sums are compared; the change feed and what is compared with have them too.
        of: Which records are counted, as SQL over these columns and those of the feed.
        each: What one record counts.
        in_staging: Whether the records are those of staging; else those of the mart `interaction`.
    """

    column: str
    group_by: tuple[str, ...]
    predicate: str = "true"
    weight: str = "1"
    against_staging: bool = False


@dataclass(frozen=True)
class SqlHeader:
    """What the comment at the top of a mart's SQL says.

    Attributes:
        meaning: What one row is.
        grain: The columns that tell its rows apart.
        inputs: The tables that it reads.
        notes: What a reader would get wrong.
    """

    meaning: str
    grain: tuple[str, ...]
    inputs: tuple[str, ...]
    notes: str


@dataclass(frozen=True, eq=False)
class Mart:
    """A view of schema `marts`, and the table of schema `kept` under it.

    The table also says by which load a row was made, and beside it stands which rows have left: by that only what
    changed is published.

    Attributes:
        name: The table's name, and that of its SQL file.
        columns: In order, with type and meaning.
        slices: What a change of its inputs touches; None: it is computed whole at each run, from inputs that are
            small beside the history, and what differs is applied.
        month_column: The date by whose month it is published in files of its own; None: in one file.
        made: Tables that its SELECT reads beside its inputs, by name, in order.
        log_of: The mart whose changes it lists: each run of that mart adds what this SELECT gives, in the same
            transaction. It is a record of what happened, and never rebuilt.
        pieces: In how many pieces rows that were sought are read: more than one where it may have more rows than
            DuckDB tells places apart of exactly (`seeking.py`).
        sought_by: Sets of columns by which rows are sought among all days: a hash of each is kept beside the row.
        derived: Columns that readers compute from all rows of the mart, as SQL: those that would change with rows
            to which nothing happened.
        beside: Columns that its SELECT gives for its own next run alone: kept beside the row, and shown to nobody.
        is_published: Whether it is part of the snapshot; else it is kept for other marts alone.
        settings: The fields of `MartSettings` that its SQL reads, as DuckDB variables of the same name.
        counted: How its rows add up to records; None where they do not.
        owner: Who answers for it, in the form that Dagster shows.
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
    owner: str = "team:data-platform"

    @property
    def table(self) -> str:
        """Its name with the schema, as readers know it."""
        return f"marts.{self.name}"

    @property
    def storage_table(self) -> str:
        """The table under it, with the schema."""
        return f"{STORAGE_SCHEMA}.{self.name}"

    @property
    def tombstone_table(self) -> str:
        """The table of the rows that have left since it was published, with the schema."""
        return f"{STORAGE_SCHEMA}.{self.name}_tombstones"

    @property
    def stored_columns(self) -> tuple[TableColumn, ...]:
        """The columns that are kept for readers: all but the derived ones."""
        return tuple(column for column in self.columns if column.name not in self.derived)

    @property
    def select_columns(self) -> tuple[TableColumn, ...]:
        """The columns that the SELECT gives."""
        return (*self.stored_columns, *self.carried_columns)

    @property
    def hash_columns(self) -> Sequence[KeyHash]:
        """The hashes that are kept beside its rows."""
        return [key_hash_of(columns) for columns in self.key_hashes]

    def hash_for(self, columns: tuple[str, ...]) -> KeyHash | None:
        """Give the hash by which rows are sought by these columns; None where none is kept, or days bound them."""
        if _DAY in columns:
            return None
        if _KEY_HASH in columns:
            return KeyHash(_KEY_HASH, _KEY_HASH)
        return key_hash_of(columns) if columns in self.key_hashes else None

    @property
    def tombstone_columns(self) -> tuple[TableColumn, ...]:
        """What is known of a row that has left: its grain, and the date by which it is published."""
        names = (*self.grain, *((self.month_column,) if self.month_column else ()))
        return tuple(column for column in self.columns if column.name in names)

    @cached_property
    def sql(self) -> str:
        """The SELECT, with its header."""
        return files("cdp_etl.marts.models").joinpath(f"{self.name}.sql").read_text(encoding="utf-8")

    @cached_property
    def header(self) -> SqlHeader:
        """What the header of its SQL says.

        Raises:
            MartHeaderError: where it lacks meaning, grain or inputs.
        """
        comment = _COMMENT.match(self.sql)
        lines = comment[0].splitlines() if comment else []
        found = _HEADER.fullmatch(" ".join(line.removeprefix("--").strip() for line in lines))
        if found is None:
            raise MartHeaderError(self.name)
        return SqlHeader(found["meaning"], _names(found["grain"]), _names(found["inputs"]), found["notes"] or "")

    @property
    def grain(self) -> tuple[str, ...]:
        """The columns that tell its rows apart."""
        return self.header.grain

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names that its SQL reads: `<entity>_current` of staging, or another mart."""
        return self.header.inputs

    @property
    def description(self) -> str:
        """What one row is, its grain, and what a reader would get wrong."""
        grain = f"Grain: {', '.join(self.grain)}."
        return f"{self.header.meaning} {grain} {self.header.notes}".strip()

    def create_statements(self) -> Sequence[str]:
        """Give the statements that make its tables and the view over them, with comments."""
        left = f"A row of {self.table} that has left since it was published."
        return [
            *create_table(
                STORAGE_SCHEMA,
                self.name,
                (*self.select_columns, WRITTEN_BY, *(lookup.column for lookup in self.hash_columns)),
                f"What {self.table} shows.",
            ),
            *create_table(STORAGE_SCHEMA, f"{self.name}_tombstones", (*self.tombstone_columns, DELETED_BY), left),
            *create_view(
                "marts",
                self.name,
                self.columns,
                self.view_select(self.columns, self.storage_table),
                self.description,
            ),
        ]

    def view_select(self, columns: Sequence[TableColumn], rows: str) -> str:
        """Give the SELECT of what readers see of some of its columns, the derived ones among them.

        Args:
            columns: Of the mart.
            rows: What they are read from: the table, or files of its rows.
        """
        names = (
            f"{self.derived[column.name]} AS {quoted(column.name)}"
            if column.name in self.derived
            else quoted(column.name)
            for column in columns
        )
        return f"SELECT {', '.join(names)} FROM {rows}"

    def definition_hash(self, settings: MartSettings) -> str:
        """Give a hash that changes when its SQL, its columns, its slices or a setting that it reads does."""
        read = (repr(settings.value(name)) for name in self.settings)
        made = (
            f"{name} {made.full_sql} {made.incremental_sql}" for name, made in self.intermediate_tables.items()
        )
        hashes = [hash_signature()] if self.key_hashes else []
        parts = (self.sql, *self.create_statements(), repr(self.refresh_scope), *made, *read, *hashes)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(","))
