"""Migrations 1 to 3: the schemas and the first tables of schema `ops`, with the names of that time.

Never changed: warehouse files made by these migrations exist. `ops_tables.py` declares the tables as they are now.
"""

import duckdb

from cdp_etl.warehouse.sql import single_value


def create_first_schemas(_connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the statements of migration 1."""
    return [
        "CREATE SCHEMA staging",
        "CREATE SCHEMA marts",
        """
        CREATE TABLE ops.load (
          load_id VARCHAR NOT NULL,
          load_seq BIGINT NOT NULL,
          entity VARCHAR NOT NULL,
          dump_date DATE NOT NULL,
          status VARCHAR NOT NULL,
          reason VARCHAR,
          files BIGINT NOT NULL,
          bytes BIGINT NOT NULL,
          records_read BIGINT NOT NULL,
          accepted BIGINT NOT NULL,
          superseded BIGINT NOT NULL,
          quarantined BIGINT NOT NULL,
          with_warnings BIGINT NOT NULL,
          changed_keys BIGINT NOT NULL,
          resurrected BIGINT NOT NULL,
          content_fingerprint VARCHAR,
          rules_version BIGINT NOT NULL,
          started_at TIMESTAMPTZ NOT NULL,
          finished_at TIMESTAMPTZ NOT NULL,
          run_id VARCHAR
        )
        """,
        """
        CREATE TABLE ops.dump_file (
          entity VARCHAR NOT NULL,
          dump_date DATE NOT NULL,
          path VARCHAR NOT NULL,
          bytes BIGINT NOT NULL,
          sha256 VARCHAR NOT NULL,
          modified_at TIMESTAMPTZ,
          pulled_at TIMESTAMPTZ
        )
        """,
        """
        CREATE TABLE ops.change (
          load_id VARCHAR NOT NULL,
          load_seq BIGINT NOT NULL,
          entity VARCHAR NOT NULL,
          record_key VARCHAR NOT NULL,
          key_hash UBIGINT NOT NULL,
          side VARCHAR NOT NULL,
          company_id VARCHAR NOT NULL,
          activity_date DATE,
          customer_key VARCHAR,
          identifiers VARCHAR[] NOT NULL,
          product_sku VARCHAR,
          campaign_id VARCHAR
        )
        """,
        """
        CREATE TABLE ops.mart_state (
          mart VARCHAR NOT NULL,
          load_seq BIGINT NOT NULL,
          definition_hash VARCHAR NOT NULL,
          applied_at TIMESTAMPTZ NOT NULL
        )
        """,
        "CREATE TABLE ops.mart_month (mart VARCHAR NOT NULL, month DATE NOT NULL, load_seq BIGINT NOT NULL)",
        "CREATE TABLE ops.setting (name VARCHAR NOT NULL, value VARCHAR NOT NULL)",
    ]


def add_load_reason(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the statements of migration 2: quarantine reasons per load, filled in from staging if it exists."""
    staging_exists = single_value(
        connection,
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'staging' AND table_name = 'quarantine'"
        " AND database_name = current_database()",
    )
    return [
        """
        CREATE TABLE ops.load_reason (
          load_id VARCHAR NOT NULL,
          reason VARCHAR NOT NULL,
          record_count BIGINT NOT NULL
        )
        """,
        """
        CREATE VIEW ops.quarantine_reason AS
        WITH judged AS (
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
          split_part(load_reason.reason, ': ', 1) AS field,
          load_reason.reason,
          load_reason.record_count AS count,
          load.records_read,
          load.status
        FROM judged
        JOIN ops.load AS load USING (load_id)
        JOIN ops.load_reason AS load_reason USING (load_id)
        """,
        *([_FILL_LOAD_REASON] if staging_exists else []),
    ]


_FILL_LOAD_REASON = """
    INSERT INTO ops.load_reason BY NAME
    WITH in_place AS (
      SELECT entity, dump_date, arg_max(load_id, load_seq) AS load_id
      FROM ops.load WHERE status = 'loaded' GROUP BY entity, dump_date
    ), refused AS (
      SELECT entity, dump_date, unnest(reasons) AS reason FROM staging.quarantine
    )
    SELECT load_id, reason, count(*) AS record_count
    FROM refused JOIN in_place USING (entity, dump_date)
    GROUP BY load_id, reason
"""


def add_difference(_connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the statements of migration 3: how a load differs from the previous load of the same dump."""
    return [
        f"ALTER TABLE ops.load ADD COLUMN {column} BIGINT"
        for column in (
            "files_added",
            "files_changed",
            "files_removed",
            "records_added",
            "records_changed",
            "records_removed",
        )
    ]
