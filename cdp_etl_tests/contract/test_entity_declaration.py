"""Declaration of an entity: what is missing is said when the class is defined, not at the first load."""

from datetime import date
from typing import Annotated, Any

import pytest

from cdp_etl.contract.base_record import Record
from cdp_etl.contract.columns import Col, ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.entities import BY_NAME
from cdp_etl.normalize.source_files import content_fingerprint

_SMS = BY_NAME["sms-interaction"].model


def _declare(names: list[str], **more: Any) -> type[Record]:
    """Define a class with some fields of SMS events, in this order."""
    annotations: dict[str, Any] = {name: Annotated[Any, _SMS.fields[name].column] for name in names} | more
    values = dict.fromkeys(annotations)
    own = {"entity_name": "an-entity", "own_id": "id", "main_timestamp": "event_at"}
    body = {"__module__": __name__, "__doc__": "One record.", "__annotations__": annotations, **values, **own}
    return type("AnEntity", (Record,), body)


FIRST = ["id", "internal_company_id", "system_name", "record_status", "timezone_gmt"]


@pytest.mark.parametrize("name", [*FIRST, "event_at"])
def test_an_entity_without_a_column_that_all_entities_have_is_refused(name: str) -> None:
    names = [one for one in [*FIRST, "event_at"] if one != name]

    with pytest.raises(TypeError, match=f"AnEntity does not declare {name}"):
        _declare(names)


@pytest.mark.parametrize("name", ["timezone_gmt", "system_name"])
def test_a_column_that_timestamps_read_is_declared_before_them(name: str) -> None:
    names = [one for one in FIRST if one != name]

    with pytest.raises(TypeError, match=f"AnEntity declares {name} after a timestamp"):
        _declare([*names, "event_at", name])


def test_a_dump_is_normalized_again_if_its_entity_gets_a_field() -> None:
    before = Entity(_declare([*FIRST, "event_at"]))
    after = Entity(_declare([*FIRST, "event_at"], note=Annotated[str | None, Col(ContractType.STRING, "A note.")]))
    settings = NormalizationSettings()

    first, again, changed = (
        content_fingerprint(entity, date(2026, 3, 1), [], settings) for entity in (before, before, after)
    )

    assert first == again != changed
