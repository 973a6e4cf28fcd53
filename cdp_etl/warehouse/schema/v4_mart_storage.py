"""Migration 4: mart tables in the schema `kept`, with views over them in schema `marts`.

Never changed: warehouse files made by this migration exist. The mart tables are dropped, and the next mart run
rebuilds them from staging. `customer_identity_change` is a log and cannot be rebuilt: its rows are copied.
"""

import duckdb

_LOG = "customer_identity_change"
_LOG_COLUMNS = "company_id, identifier, person_before, person_after, load_seq, changed_at"


def add_mart_storage(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the statements of the migration."""
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'"
            " AND database_name = current_database()"
        ).fetchall()
    ]
    return [
        "CREATE SCHEMA kept",
        *(_copied_log() if _LOG in tables else ()),
        *(f'DROP TABLE marts."{name}"' for name in tables),
        *((f"CREATE VIEW marts.{_LOG} AS SELECT {_LOG_COLUMNS} FROM kept.{_LOG}",) if _LOG in tables else ()),
        f"DELETE FROM ops.mart_state WHERE mart <> '{_LOG}'",
    ]


def _copied_log() -> list[str]:
    return [
        f"""
        CREATE TABLE kept.{_LOG} (
          company_id VARCHAR NOT NULL,
          identifier VARCHAR NOT NULL,
          person_before VARCHAR NOT NULL,
          person_after VARCHAR,
          load_seq BIGINT NOT NULL,
          changed_at TIMESTAMPTZ NOT NULL,
          made_by_load BIGINT NOT NULL
        )
        """,
        f"INSERT INTO kept.{_LOG} SELECT {_LOG_COLUMNS}, load_seq FROM marts.{_LOG}",
        f"""
        CREATE TABLE kept.{_LOG}_left (
          company_id VARCHAR NOT NULL,
          identifier VARCHAR NOT NULL,
          changed_at TIMESTAMPTZ NOT NULL,
          left_by_load BIGINT NOT NULL
        )
        """,
    ]
