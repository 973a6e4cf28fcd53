"""Why records were refused, counted: part of the ledger, so that it outlives the records themselves.

`ops.rejection_count` keeps the reasons of every attempt that judged records, refused ones included, of which staging
holds nothing. The view `ops.quarantine_reason` tells of each dump's newest judgement, field by field, over time.
"""

import duckdb

from cdp_etl.contract.render.ddl import literal
from cdp_etl.contract.table import TEXT, WHOLE, TableColumn
from cdp_etl.warehouse.load.protocols import NormalizedDump
from cdp_etl.warehouse.schema.ops_tables import LOAD_ID, OpsTable
from cdp_etl.warehouse.sql import single_value

LOAD_REASON = OpsTable(
    "load_reason",
    "One reason for which an attempt to load refused records; never deleted.",
    (
        LOAD_ID,
        TableColumn("reason", TEXT, "<contract field>: <fact>.", is_nullable=False),
        TableColumn(
            "record_count", WHOLE, "Records refused for it; a record may bear several.", is_nullable=False
        ),
    ),
)

_VIEW_COMMENT = (
    "Refused records of each dump by field and reason, as of its newest judgement: of the load in place, or of a "
    "later attempt that was refused. A record with several reasons counts for each."
)

_VIEW = """
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
    JOIN ops.rejection_count AS load_reason USING (load_id)
"""

_BACKFILL = """
    INSERT INTO ops.rejection_count BY NAME
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


def add_load_reasons(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Give the migration's statements: table, view, and for a file with loads in it, their reasons."""
    has_loads = single_value(
        connection,
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'staging' AND table_name = 'quarantine'"
        " AND database_name = current_database()",
    )
    return [
        *LOAD_REASON.statements(),
        _VIEW,
        f"COMMENT ON VIEW ops.quarantine_reason IS {literal(_VIEW_COMMENT)}",
        *([_BACKFILL] if has_loads else []),
    ]


def write_reasons(connection: duckdb.DuckDBPyConnection, load_id: str, dump: NormalizedDump) -> None:
    """Write the reasons of an attempt that judged records; call it in the transaction of its row."""
    if not dump.reasons:
        return
    connection.execute(
        "INSERT INTO ops.rejection_count BY NAME"
        " SELECT ? AS load_id, unnest(?::VARCHAR[]) AS reason, unnest(?::BIGINT[]) AS record_count",
        [load_id, list(dump.reasons.keys()), list(dump.reasons.values())],
    )
