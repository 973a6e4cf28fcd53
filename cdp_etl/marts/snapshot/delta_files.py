"""The Parquet files of a version: unchanged months are linked, changed ones get files of what changed beside them.

A row that was published stays in its file; one that has left since is hidden by its key, in a file of `left`, and
the views put both together. Where much is hidden the month is written anew. A hard link costs nothing and keeps
the file for as long as any version has it.

Put here the files; how they are read together stands in `views.py`, when a version is due in `publish.py`.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.contract.table import TableColumn
from cdp_etl.durable_files import sync_file, sync_folder
from cdp_etl.marts.engine import state
from cdp_etl.marts.engine.mart import DELETED_BY, WRITTEN_BY, Mart
from cdp_etl.marts.snapshot import pseudonymize
from cdp_etl.marts.snapshot.manifest import LAYOUT, MonthFiles, Snapshot

_MOST_HIDDEN = 0.25
"""Of a month's rows: readers look at hidden ones in vain, and at their keys."""

_MOST_FILES = 62
"""Of a month: two a day."""

LEFT = "left"
READ_ONLY = 0o444


class Content(NamedTuple):
    """What tells the content of a month from any other; as the first two fields of `MonthFiles`."""

    kind: str
    load_seq: int


@dataclass(frozen=True, slots=True)
class FileWriter:
    """Writes the files of one version.

    Attributes:
        connection: To the warehouse.
        folder: Of the version that is being made.
        as_of: Its newest load.
        before: The version before, whose files are linked; None where there is none that this warehouse made.
        with_personal_data: Whether names, phones, e-mails, addresses and IPs are in it.
        rewritten_below: A changed month of fewer rows is written anew: a file the fewer is worth more.
    """

    connection: duckdb.DuckDBPyConnection
    folder: Path
    as_of: int
    before: Snapshot | None
    with_personal_data: bool
    min_rows_for_delta: int

    def write_mart(self, mart: Mart) -> Mapping[date, MonthFiles]:
        """Write or link all files of a mart; one without rows has none."""
        target = self.folder / mart.name
        target.mkdir()
        contents = month_contents(self.connection, mart, with_personal_data=self.with_personal_data)
        months = {month: self._month(mart, month, content) for month, content in contents.items()}
        for folder in (target / LEFT, target):
            if folder.exists():
                sync_folder(folder)
        return months

    def _month(self, mart: Mart, month: date, content: Content) -> MonthFiles:
        known = self.before.marts.get(mart.name, {}).get(month) if self.before else None
        if self.before is None or known is None or known.kind != content.kind:
            return self._write_anew(mart, month, content)
        if known.load_seq == content.load_seq:
            self._link(self.before, known)
            return known
        rows = self._count(mart.storage_table, _in_month(mart, month))
        left_since = f"{_in_month(mart, month)} AND {DELETED_BY.name} > {self.before.as_of}"
        left_rows = known.left_rows + self._count(mart.tombstone_table, left_since)
        hides_much = left_rows > rows * _MOST_HIDDEN or len(known.data) >= _MOST_FILES
        if rows < self.min_rows_for_delta or hides_much:
            return self._write_anew(mart, month, content)
        self._link(self.before, known)
        name = f"{_name(month)}.{self.as_of}.parquet"
        data = self._copy(
            mart.storage_table,
            (*mart.stored_columns, WRITTEN_BY),
            f"{_in_month(mart, month)} AND {WRITTEN_BY.name} > {self.before.as_of}",
            self.folder / mart.name / name,
        )
        left = self._copy(
            mart.tombstone_table,
            (*mart.tombstone_columns, DELETED_BY),
            left_since,
            self.folder / mart.name / LEFT / name,
        )
        return MonthFiles(
            *content,
            rows,
            known.bytes + sum(path.stat().st_size for path in (*data, *left)),
            (*known.data, *map(self._relative, data)),
            (*known.left, *map(self._relative, left)),
            left_rows,
        )

    def _write_anew(self, mart: Mart, month: date, content: Content) -> MonthFiles:
        condition = _in_month(mart, month)
        path = self.folder / mart.name / f"{_name(month)}.parquet"
        data = self._copy(mart.storage_table, (*mart.stored_columns, WRITTEN_BY), condition, path)
        size = sum(path.stat().st_size for path in data)
        rows = self._count(mart.storage_table, condition)
        return MonthFiles(*content, rows, size, tuple(map(self._relative, data)))

    def _copy(self, table: str, columns: tuple[TableColumn, ...], condition: str, path: Path) -> Sequence[Path]:
        """Write the rows for which the condition holds; without any there is no file."""
        expressions = ", ".join(
            pseudonymize.published_expression(column, with_personal_data=self.with_personal_data)
            for column in pseudonymize.published_columns(columns, with_personal_data=self.with_personal_data)
        )
        path.parent.mkdir(exist_ok=True)
        ((rows,),) = self.connection.execute(
            f"COPY (SELECT {expressions} FROM {table} WHERE {condition})"
            f" TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
        ).fetchall()
        if not rows:
            path.unlink()
            return ()
        sync_file(path)
        path.chmod(READ_ONLY)
        return (path,)

    def _count(self, table: str, condition: str) -> int:
        ((rows,),) = self.connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchall()
        return int(rows)

    def _link(self, before: Snapshot, files: MonthFiles) -> None:
        """Link files of the version before, or copy them where the file system knows no links."""
        for path in (*files.data, *files.left):
            source, target = before.folder / path, self.folder / path
            target.parent.mkdir(exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copy2(source, target)

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self.folder))


def month_contents(
    connection: duckdb.DuckDBPyConnection, mart: Mart, *, with_personal_data: bool
) -> Mapping[date, Content]:
    """Give for each month of the mart what tells its present content from any other."""
    generation = state.generation_of(connection, mart)
    kind = f"{LAYOUT}:{generation}:{'personal' if with_personal_data else 'pseudonyms'}"
    return {
        month: Content(kind, load_seq) for month, load_seq in sorted(state.months_of(connection, mart).items())
    }


def _name(month: date) -> str:
    return "all" if month == state.WHOLE_MART else f"{month:%Y-%m}"


def _in_month(mart: Mart, month: date) -> str:
    if mart.month_column is None:
        return "true"
    day = quoted(mart.month_column)
    first = f"DATE {literal(str(month))}"
    return f"{day} >= {first} AND {day} < {first} + INTERVAL 1 MONTH"
