"""Record key: identifies a record over all dumps.

It consists of company, system and the entity's own id; absent parts count as ''. The contract does not define a
key, so this is inferred.
"""

from typing import Any

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.parsers import InvalidValueError, parse_value

SEPARATOR = "|"
ESCAPE = "\\"


def record_key(company: str, system: str, own_id: str) -> str:
    """Join the parts, escaped so that different triples never produce the same key."""
    return SEPARATOR.join(
        part.replace(ESCAPE, ESCAPE * 2).replace(SEPARATOR, ESCAPE + SEPARATOR)
        for part in (company, system, own_id)
    )


def raw_record_key(entity: Entity, record: dict[str, Any], settings: NormalizationSettings) -> str | None:
    """Return the key of a record that was not accepted; None if its parts cannot be parsed."""
    try:
        company, system, own_id = (
            parse_value(record.get(field.contract_name), field.column, None)
            for part in ("internal_company_id", "system_name", entity.own_id)
            for field in [entity.model.fields[part]]
        )
    except InvalidValueError:
        return None
    return record_key(company or settings.default_company, system or "", own_id) if own_id else None
