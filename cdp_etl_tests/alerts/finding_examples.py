"""Findings for the tests of alerts, and a ledger as the warehouse gives it."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from cdp_etl.alerts import Finding, Kind

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def finding(place: str = "sms-interaction 2026-03-01", **changes: Any) -> Finding:
    """Give a finding that is told at once; parts of it may be others."""
    parts: dict[str, Any] = {
        "kind": Kind.DUMP_REFUSED,
        "place": place,
        "what": "part-1.csv: a quote is not closed.",
        "where": {"entity": "sms-interaction", "dump date": "2026-03-01"},
        "command": "cdp-etl landing check",
        "state": "a",
    }
    return Finding(**(parts | changes))


def ledger(*rows: dict[str, Any]) -> pl.DataFrame:
    """Give the ledger; what a row does not say is that of a load that is in place."""
    return pl.DataFrame(
        [
            {
                "entity": "sms_interaction",
                "dump_date": date(2026, 3, 1),
                "status": "loaded",
                "reason": None,
                "records_read": 10,
                "finished_at": NOW,
                "run_id": "run-1",
                "loaded_load_id": "load-1",
                "loaded_load_seq": 1,
                "loaded_finished_at": NOW,
                **row,
            }
            for row in rows
        ],
        schema_overrides={"reason": pl.String, "loaded_load_id": pl.String, "loaded_load_seq": pl.Int64},
        infer_schema_length=None,
    )
