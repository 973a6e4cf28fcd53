"""Which outcomes in the lake the ledger still refers to.

Put here what must be kept for it. What is removed, and when, is decided elsewhere.
"""

from datetime import date

from cdp_etl.warehouse.connection import Warehouse


def outcomes_referred_to(warehouse: Warehouse) -> set[tuple[str, date, str]]:
    """Give entity table, dump date and content fingerprint of each outcome that must stay in the lake.

    Of each dump that of the load in place, and that of the newest attempt that came to an outcome, a refused one
    too: `quarantine` and `replay` read it. None where there is no warehouse yet.
    """
    if not warehouse.path.exists():
        return set()
    with warehouse.reading() as connection:
        found = connection.execute(
            """
            SELECT
              entity,
              dump_date,
              arg_max(content_fingerprint, load_seq) FILTER (status = 'loaded'),
              arg_max(content_fingerprint, load_seq) FILTER (content_fingerprint IS NOT NULL)
            FROM ops.load
            GROUP BY entity, dump_date
            """
        ).fetchall()
    return {(entity, day, one) for entity, day, *fingerprints in found for one in fingerprints if one is not None}
