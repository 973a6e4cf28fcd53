"""Migration 9: the status of an attempt that found no files is `missing`; it was `empty`.

Never changed: warehouse files made by this migration exist. An empty file is a dump of no records, so `empty` had
two meanings.
"""

import duckdb


def rename_empty_status(_connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the statements of the migration."""
    return ["UPDATE ops.load SET status = 'missing' WHERE status = 'empty'"]
