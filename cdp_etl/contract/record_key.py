"""The key of a record: what tells records apart, over all dumps.

Key (inferred): company, system and the entity's own id; absent parts count as ''. Put here how the parts are
joined, and nothing of how versions compete.
"""

from typing import Any

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.parsers import InvalidValueError, parse_text

SEPARATOR = "|"
ESCAPE = "\\"


def record_key(company: str, system: str, own_id: str) -> str:
    """Join the parts so that no two different triples give one key (RULINGS 12)."""
    return SEPARATOR.join(
        part.replace(ESCAPE, ESCAPE * 2).replace(SEPARATOR, ESCAPE + SEPARATOR)
        for part in (company, system, own_id)
    )


def raw_record_key(entity: Entity, record: dict[str, Any], settings: NormalizationSettings) -> str | None:
    """Give the key of a record that was not accepted; None where its parts cannot be read."""
    try:
        company, system, own_id = (
            parse_text(record.get(entity.model.fields[part].contract_name))
            for part in ("internal_company_id", "system_name", entity.own_id)
        )
    except InvalidValueError:
        return None
    return record_key(company or settings.default_company, system or "", own_id) if own_id else None
