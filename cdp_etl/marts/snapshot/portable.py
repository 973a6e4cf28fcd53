"""A file with the rows of published marts, made from the file that readers open."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import duckdb

from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.marts.engine.mart import STORAGE_SCHEMA, Mart
from cdp_etl.marts.errors import SnapshotOfEarlierReleaseError
from cdp_etl.marts.snapshot.database import attached
from cdp_etl.marts.snapshot.tables import (
    create_rows_table,
    describing_statements,
    main_view_statements,
    rows_table,
)
from cdp_etl.marts.snapshot.views import stored_columns

_SOURCE = "source"


def write_portable(
    database: Path, target: Path, marts: Sequence[Mart], on_mart: Callable[[Mart], None], *, memory_limit: str
) -> None:
    """Write the rows of some marts to a new file, with views and comments as in the published one.

    Args:
        database: The published file.
        target: The new file; it does not exist, or is empty.
        marts: Marts to write.
        on_mart: Called before each mart is written.
        memory_limit: Memory that DuckDB may use.

    Raises:
        SnapshotOfEarlierReleaseError: If an earlier release published the snapshot.
    """
    target.unlink(missing_ok=True)
    with closing(duckdb.connect(config={"memory_limit": memory_limit})) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"ATTACH {literal(str(database))} AS {_SOURCE} (READ_ONLY)")
        with attached(connection, target) as cursor:
            try:
                cursor.execute(
                    "CREATE TABLE snapshot AS SELECT as_of, version, published_at, has_personal_data, layout"
                    f" FROM {_SOURCE}.main.snapshot"
                )
            except duckdb.BinderException:
                raise SnapshotOfEarlierReleaseError(database) from None
            ((has_personal_data,),) = cursor.execute("SELECT has_personal_data FROM snapshot").fetchall()
            cursor.execute("CREATE SCHEMA marts")
            cursor.execute(f"CREATE SCHEMA {STORAGE_SCHEMA}")
            for mart in marts:
                on_mart(mart)
                _write_mart(cursor, mart, has_personal_data=has_personal_data)


def _write_mart(cursor: duckdb.DuckDBPyConnection, mart: Mart, *, has_personal_data: bool) -> None:
    names = ", ".join(quoted(column.name) for column in stored_columns(mart, has_personal_data=has_personal_data))
    for statement in (
        *create_rows_table(mart, has_personal_data=has_personal_data),
        f"INSERT INTO {rows_table(mart)} SELECT {names} FROM {_SOURCE}.{mart.table}",
        *describing_statements(mart, has_personal_data=has_personal_data),
        *main_view_statements(mart, has_personal_data=has_personal_data),
    ):
        cursor.execute(statement)
