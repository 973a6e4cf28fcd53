"""Comparison of the declared entities with the contract's own page (`user-activity.txt`)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import JsonValue

from cdp_etl.contract.columns import ContractType
from cdp_etl.contract.entity import Entity
from cdp_etl.entities import BY_NAME, ENTITIES

PAGE = Path(__file__).with_name("user-activity.txt").read_text()
TYPES = {
    "string": ContractType.STRING,
    "integer": ContractType.INTEGER,
    "int": ContractType.INTEGER,
    "long": ContractType.LONG,
    "double": ContractType.DOUBLE,
    "boolean": ContractType.BOOLEAN,
    "timestamp": ContractType.TIMESTAMP,
    "list": ContractType.LIST,
    "array": ContractType.LIST,
}
SAMPLE_START = '{\n    "systemName"'
FIELD_NAME = re.compile(r"[a-z][A-Za-z0-9]+")


@dataclass(frozen=True)
class PageField:
    """A field of the page. The page omits the type of two internalCompanyId."""

    name: str
    type: ContractType
    is_required: bool


def page_fields(section: str) -> Iterator[PageField]:
    """Yield the fields of one section. Each has a name, a type and optionally Yes."""
    table = section.split("Example", 1)[1].split(SAMPLE_START, maxsplit=1)[0]
    lines = [line.strip() for line in table.splitlines() if line.strip()]
    for position, line in enumerate(lines):
        following = [*lines[position + 1 : position + 3], "", ""]
        is_typed = following[0].lower() in TYPES
        if FIELD_NAME.fullmatch(line) and line.lower() not in TYPES and (is_typed or line == "internalCompanyId"):
            yield PageField(line, TYPES.get(following[0].lower(), ContractType.STRING), following[1] == "Yes")


def sections() -> dict[str, str]:
    """Split the page at its headings, which contain the entity names in angle brackets."""
    parts = re.split(r"^.*<([a-z-]+)>$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_entities_are_those_of_the_page_in_its_order() -> None:
    assert [entity.name for entity in ENTITIES] == list(sections())


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_field_of_the_page_is_declared_with_its_type_in_its_order(entity: Entity) -> None:
    declared = [(field.contract_name, field.column.type) for field in entity.fields]

    assert declared == [(field.name, field.type) for field in page_fields(sections()[entity.name])]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_a_field_is_required_if_the_page_says_yes_except_the_phone(entity: Entity) -> None:
    """The "Yes" of customerPhone only means "Phone Required if Email is missing"."""
    marked = {field.name for field in page_fields(sections()[entity.name]) if field.is_required}

    assert {field.contract_name for field in entity.fields if field.is_required} == marked - {"customerPhone"}


PAGE_FURNITURE = ("Custom Fields", "Last updated", "Was this helpful?")
OBFUSCATED_ADDRESS = "[email\N{NO-BREAK SPACE}protected]"
"""What the page's server shows instead of an e-mail address."""


def page_examples(section: str) -> Iterator[tuple[str, JsonValue]]:
    """Yield the name and example of the fields of a section: of its sample record first, then of its table.

    A field is a name, a type, optionally Yes, a description with the allowed values as bullets, and an example.
    """
    table, *samples = section.split("Example", 1)[1].split(SAMPLE_START, maxsplit=1)
    for sample in samples:
        yield from json.loads(SAMPLE_START + sample).items()
    lines = [line.strip() for line in table.splitlines() if line.strip()]
    fields = {field.name: field for field in page_fields(section)}
    field, texts = None, list[str]()
    for line in [*lines, *list(fields)[:1]]:  # a name ends the field before it, the last one too
        if line in fields:
            if field and len(texts) > 1:
                yield field.name, typed(texts[1], field.type)
            field, texts = fields[line], []
        elif not (line.lower() in TYPES or line == "Yes" or line.startswith("•") or line in PAGE_FURNITURE):
            texts.append(line)


def typed(text: str, type_: ContractType) -> JsonValue:
    """Return an example of the page in the JSON type of its field; the page has typographic quotes."""
    is_text = type_ is ContractType.STRING
    return text if is_text else json.loads(text.translate(str.maketrans("“”", '""')))


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_example_is_that_of_the_page_for_this_entity_in_its_json_type(entity: Entity) -> None:
    on_page = dict(page_examples(sections()[entity.name]))

    assert {field.contract_name: field.example for field in entity.fields if field.example is not None} == {
        field.contract_name: on_page[field.contract_name]
        for field in entity.fields
        if on_page.get(field.contract_name) not in (None, OBFUSCATED_ADDRESS)
    }


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_ignored_update_cfs_are_supported_if_the_page_says_so(entity: Entity) -> None:
    is_marked = "[SUPPORT_IGNORED_UPDATE_CFS]" in sections()[entity.name]

    assert entity.supports_ignored_update_cfs == is_marked


def test_the_closed_vocabularies_are_those_of_the_page() -> None:
    closed = {
        (entity.name, field.contract_name): field.column.vocabulary
        for entity in ENTITIES
        for field in entity.fields
        if field.column.vocabulary
    }

    assert closed == {(entity.name, "recordStatus"): ("Active", "Deleted") for entity in ENTITIES} | {
        ("customer-product-subscriber", "status"): ("Subscribed", "Unsubscribed"),
        ("customer-product-subscriber", "sourceChannel"): ("Online", "Offline"),
    }


def test_irregular_names_have_the_expected_column_names() -> None:
    review, email = BY_NAME["customer-product-review"], BY_NAME["email-interaction"]

    names = {field.contract_name: field.name for entity in (review, email) for field in entity.fields}

    assert names["productPrice4Sale"] == "product_price4_sale"
    assert names["o2oCid"] == "o2o_cid"
    assert names["link2"] == "link2"
    assert names["timezoneGmt"] == "timezone_gmt"


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_every_entity_has_an_owner_and_descriptions(entity: Entity) -> None:
    assert re.fullmatch(r"team:[a-z-]+", entity.owner)
    assert entity.description.splitlines()[0].endswith((".", "…"))
    assert all(field.column.description.endswith(".") for field in entity.fields)
