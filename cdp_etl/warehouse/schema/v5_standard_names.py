"""Migration 5: standard names for the mart storage and for the tables of schema `ops`.

DuckDB cannot rename a schema. So the mart tables are dropped, and the next mart run rebuilds them from staging.
`customer_identity_change` is a log and cannot be rebuilt: its rows and its tombstones are copied. The next run of
`customer_identity` writes the comments of its tables.
"""

import duckdb

_LOG = "customer_identity_change"
_LOG_COLUMNS = "company_id, identifier, person_before, person_after, load_seq, changed_at"


def use_standard_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the statements of the migration."""
    tables = _names(connection, "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'kept'")
    views = _names(connection, "SELECT view_name FROM duckdb_views() WHERE schema_name = 'marts'")
    return [
        *_RENAMES_IN_OPS,
        "CREATE SCHEMA mart_storage",
        *(_COPY_LOG if _LOG in tables else ()),
        *(f'DROP VIEW marts."{name}"' for name in views),
        *(f'DROP TABLE kept."{name}"' for name in tables),
        "DROP SCHEMA kept",
        *(
            (f"CREATE VIEW marts.{_LOG} AS SELECT {_LOG_COLUMNS} FROM mart_storage.{_LOG}",)
            if _LOG in tables
            else ()
        ),
        f"DELETE FROM ops.mart_state WHERE mart <> '{_LOG}'",
    ]


def _names(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    found = connection.execute(f"{query} AND database_name = current_database()").fetchall()
    return [name for (name,) in found]


_RENAMES_IN_OPS = (
    "DROP VIEW ops.quarantine_reason",  # a view does not follow the rename of its table
    "ALTER TABLE ops.change RENAME TO change_feed",
    "ALTER TABLE ops.change_feed RENAME COLUMN side TO image",
    "ALTER TABLE ops.mart_month RENAME TO mart_partition",
    "ALTER TABLE ops.setting RENAME TO metadata",
    "ALTER TABLE ops.load_reason RENAME TO rejection_count",
    "ALTER TABLE ops.load RENAME COLUMN resurrected TO restored_versions",
    """
    CREATE VIEW ops.quarantine_reason AS
    WITH newest_normalization AS (
      SELECT
        CASE
          WHEN arg_max(status, load_seq) = 'refused' THEN arg_max(load_id, load_seq)
          ELSE arg_max(load_id, load_seq) FILTER (status = 'loaded')
        END AS load_id
      FROM ops.load
      WHERE status IN ('loaded', 'unchanged', 'refused') AND content_fingerprint IS NOT NULL
      GROUP BY entity, dump_date
    )
    SELECT
      load.entity,
      load.dump_date,
      split_part(rejection_count.reason, ': ', 1) AS field,
      rejection_count.reason,
      rejection_count.record_count AS count,
      load.records_read,
      load.status
    FROM newest_normalization
    JOIN ops.load AS load USING (load_id)
    JOIN ops.rejection_count AS rejection_count USING (load_id)
    """,
)

_COPY_LOG = (
    f"""
    CREATE TABLE mart_storage.{_LOG} (
      company_id VARCHAR NOT NULL,
      identifier VARCHAR NOT NULL,
      person_before VARCHAR NOT NULL,
      person_after VARCHAR,
      load_seq BIGINT NOT NULL,
      changed_at TIMESTAMPTZ NOT NULL,
      written_by_load_seq BIGINT NOT NULL
    )
    """,
    f"INSERT INTO mart_storage.{_LOG} SELECT {_LOG_COLUMNS}, made_by_load FROM kept.{_LOG}",
    f"""
    CREATE TABLE mart_storage.{_LOG}_tombstones (
      company_id VARCHAR NOT NULL,
      identifier VARCHAR NOT NULL,
      changed_at TIMESTAMPTZ NOT NULL,
      deleted_by_load_seq BIGINT NOT NULL
    )
    """,
    f"""
    INSERT INTO mart_storage.{_LOG}_tombstones
    SELECT company_id, identifier, changed_at, left_by_load FROM kept.{_LOG}_left
    """,
)
