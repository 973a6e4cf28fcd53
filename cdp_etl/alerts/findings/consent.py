"""Findings about withdrawn consent statements: a person should know that refusals were taken back."""

from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta

from cdp_etl.alerts.findings.finding import Finding, FindingKind
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse import Withdrawal

WITHDRAWALS_REPORTED_FOR = timedelta(days=7)
"""After this time the finding is resolved; the ledger keeps the withdrawal."""

_NAMES = {entity.table: entity.name for entity in ENTITIES}


def consent_findings(withdrawals: Iterable[Withdrawal]) -> Iterator[Finding]:
    """Yield a finding for each recent withdrawal."""
    for withdrawal in withdrawals:
        entity = _NAMES[withdrawal.entity]
        yield Finding(
            FindingKind.CONSENT_WITHDRAWN,
            f"{entity} {withdrawal.dump_date}, load {withdrawal.load_seq}",
            withdrawal.reason,
            {
                "entity": entity,
                "dump date": withdrawal.dump_date.isoformat(),
                "at": f"{withdrawal.withdrawn_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            },
            "cdp-etl status",
            fingerprint=withdrawal.reason,
        )
