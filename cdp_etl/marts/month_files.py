"""The Parquet files of a version: a month that changed is written, any other is linked from the version before.

A hard link costs nothing and keeps the file for as long as any version has it. Put here the files; what a version
is called and when one is due stands in `publish.py`.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from cdp_etl.contract.ddl import literal, quoted
from cdp_etl.landing.durable import sync_file, sync_folder
from cdp_etl.marts import personal, state
from cdp_etl.marts.mart import Mart
from cdp_etl.marts.snapshot import MonthFile, Snapshot

_LAYOUT = 1
"""Raised when the files of the same rows become different ones."""

READ_ONLY = 0o444


@dataclass(frozen=True, slots=True)
class FileWriter:
    """Writes the files of one version.

    Attributes:
        connection: To the warehouse.
        folder: Of the version that is being made.
        before: The version before, whose unchanged files are linked; None where there is none.
        with_personal_data: Whether names, phones, e-mails, addresses and IPs are in it.
    """

    connection: duckdb.DuckDBPyConnection
    folder: Path
    before: Snapshot | None
    with_personal_data: bool

    def write_mart(self, mart: Mart) -> Mapping[date, MonthFile]:
        """Write or link all files of a mart; where it has no row at all one file says its columns."""
        target = self.folder / mart.name
        target.mkdir()
        contents = month_contents(self.connection, mart, with_personal_data=self.with_personal_data)
        months = {month: self._month(mart, month, content) for month, content in contents.items()}
        if not any(file.path for file in months.values()):
            self._copy(mart, "false", target / "none.parquet")
        sync_folder(target)
        return months

    def _month(self, mart: Mart, month: date, content: str) -> MonthFile:
        known = self.before.marts.get(mart.name, {}).get(month) if self.before else None
        if self.before and known and known.content == content:
            if known.path is not None:
                _link(self.before.folder / known.path, self.folder / known.path)
            return known
        path = self.folder / mart.name / _file_name(month)
        rows = self._copy(mart, _in_month(mart, month), path)
        if not rows:
            path.unlink()
            return MonthFile(content, None, 0, 0)
        return MonthFile(content, str(path.relative_to(self.folder)), rows, path.stat().st_size)

    def _copy(self, mart: Mart, condition: str, path: Path) -> int:
        expressions = ", ".join(
            personal.published_expression(column, with_personal_data=self.with_personal_data)
            for column in personal.published_columns(mart.columns, with_personal_data=self.with_personal_data)
        )
        ((rows,),) = self.connection.execute(
            f"COPY (SELECT {expressions} FROM {mart.table} WHERE {condition})"
            f" TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
        ).fetchall()
        sync_file(path)
        path.chmod(READ_ONLY)
        return int(rows)


def month_contents(
    connection: duckdb.DuckDBPyConnection, mart: Mart, *, with_personal_data: bool
) -> Mapping[date, str]:
    """Give for each month of the mart what tells its present content from any other."""
    generation = state.generation_of(connection, mart)
    return {
        month: f"{_LAYOUT}:{generation}:{load_seq}:{'personal' if with_personal_data else 'pseudonyms'}"
        for month, load_seq in sorted(state.months_of(connection, mart).items())
    }


def _file_name(month: date) -> str:
    return "all.parquet" if month == state.WHOLE_MART else f"{month:%Y-%m}.parquet"


def _in_month(mart: Mart, month: date) -> str:
    if mart.month_column is None:
        return "true"
    day = quoted(mart.month_column)
    first = f"DATE {literal(str(month))}"
    return f"{day} >= {first} AND {day} < {first} + INTERVAL 1 MONTH"


def _link(source: Path, target: Path) -> None:
    """Link a file, or copy it where the file system knows no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
