"""Findings and ledger rows for the tests of alerts."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from cdp_etl.alerts.findings.finding import Finding, FindingKind

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def finding(subject: str = "sms-interaction 2026-03-01", **changes: Any) -> Finding:
    """Return a finding that is sent at once, with changes."""
    parts: dict[str, Any] = {
        "kind": FindingKind.DUMP_REFUSED,
        "subject": subject,
        "description": "part-1.csv: a quote is not closed.",
        "details": {"entity": "sms-interaction", "dump date": "2026-03-01"},
        "command": "cdp-etl landing check",
        "fingerprint": "a",
    }
    return Finding(**(parts | changes))


def ledger(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return a ledger. Columns that a row does not set are those of a load that is in place."""
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
