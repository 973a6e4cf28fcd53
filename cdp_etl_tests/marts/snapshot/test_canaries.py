"""The published snapshot contains no contact and no other personal data, and no hash of one.

Dumps of all six entities have a canary in every text field that no mart publishes as it is. Contacts in several
spellings are ids of customers and of records as well. The tests search for the canaries in every file that readers
get: by column, in the bytes, and among the hashes that anybody can compute without a key.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from cdp_etl.contract.columns import ContractType, Personal
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.field_spec import ContractField
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.registry import PUBLISHED
from cdp_etl.marts.snapshot import delta_files
from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl.marts.snapshot.publication import PublishRules
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.pipeline.dump_pipeline import DumpRequest, process_dump
from cdp_etl.pipeline.layers import LOAD_LAYERS
from cdp_etl.settings import Settings, load_settings

pytestmark = pytest.mark.full

DAYS = (date(2026, 3, 1), date(2026, 3, 2))
PUBLIC_FIELDS = frozenset(
    {
        "internal_company_id", "system_name", "product_sku", "product_name", "product_category",
        "product_category_id", "action", "event", "service_provider", "campaign_id", "campaign_name",
        "source_channel",
    }
)  # fmt: skip # a list
"""Fields that marts publish as they are: no person is their subject."""

PHONE_IDS = ("0901000001", "+84 90 100 0002", "84901000003", "(0)90.100.0004", "901000005")
EMAIL_IDS = ("Canary.One@Leak.example", "canary.two@leak.example")
CONTACT_IDS = (*PHONE_IDS, *EMAIL_IDS)
"""Ids of customers and of records."""

NEEDLES = ("canary", *(f"90{kind}000{number:03d}" for kind in (1, 2) for number in range(50)))
"""Each canary contains one of these, ignoring case and everything but letters and digits."""


def _phone(number: int) -> str:
    return (f"0902000{number:03d}", f"+84 90 200 0{number:03d}", f"84902000{number:03d}")[number % 3]


def _email(number: int) -> str:
    return f"Canary.{number}@Leak.example"


def _link(number: int) -> str:
    email, phone = _email(number), _phone(number).replace(" ", "")
    return (
        f"https://{email.replace('@', '%40')}:pw@shop.example/{email}/p/1?phone={phone}&e={email}#{email}",
        f"https://mail.example/r/https%3A%2F%2Fshop.example%2Fp%3Fphone%3D{phone}",
        f"https://shop.example/p/1;phone={phone}",
        f"tel://{phone}",
    )[number % 4]


def _text(field: ContractField, number: int) -> str:
    if "link" in field.name:
        return _link(number)
    if field.name in PUBLIC_FIELDS:
        return {"action": "Purchase", "event": "clicked"}.get(field.name, "Public")
    by_kind: dict[Personal | None, str] = {Personal.PHONE: _phone(number), Personal.EMAIL: _email(number)}
    return by_kind.get(field.column.personal, f"canary {field.name}")


def _value(field: ContractField, number: int) -> Any:
    column = field.column
    if column.vocabulary:
        return column.vocabulary[0]
    match column.type:
        case ContractType.STRING:
            return _text(field, number)
        case ContractType.LIST:
            return [_link(number), "canary in a list"]
        case ContractType.TIMESTAMP:
            return int(datetime(2026, 3, 1, 12, number, tzinfo=UTC).timestamp() * 1000)
    return column.type is ContractType.BOOLEAN or column.minimum or 3


def _record(entity: Entity, number: int, own_id: str, customer_id: str | None, **changes: Any) -> dict[str, Any]:
    """Return a record with a canary in every field."""
    record = {field.contract_name: _value(field, number) for field in entity.fields}
    record |= {
        entity.own_id_field: own_id,
        "customFieldTexts": {"note": _email(0), _phone(0): "canary"},
        "unlisted": _phone(1),
        "timezoneGmt": 0,
    }
    if entity.has_customer:
        record["customerId"] = customer_id
    return {key: value for key, value in (record | changes).items() if value is not None}


def _records(entity: Entity, day: date) -> Iterator[dict[str, Any]]:
    """Yield the records of a dump. On the second day some customers have another id, so that persons merge."""
    shift = DAYS.index(day)
    for number, contact in enumerate(CONTACT_IDS):
        own_id = CONTACT_IDS[(number + 1) % len(CONTACT_IDS)]
        yield _record(entity, number, own_id if number % 2 == 0 or not shift else f"R{number}", contact)
        if shift:
            yield _record(entity, number, f"R1{number}", CONTACT_IDS[number - 1])
    if entity.has_customer:
        yield _record(entity, 20, "R20", None, customerEmail=None)
        yield _record(entity, 21, "R21", None, customerPhone=None)
        # A phone with more customer ids than a person has.
        for number in range(30, 37):
            yield _record(
                entity, number, f"R{number}", f"KH{number}", customerPhone="0902000022", customerEmail=None
            )
        # Two products of one person in one session.
        yield _record(entity, 45, "R45", "KH45")
        yield _record(entity, 46, "R46", "KH45", productSku="Public 2")
        # Two records of one key in one dump: the first is superseded.
        for customer_id in ("0901000006", "KH40"):
            yield _record(entity, 40, "R40", customer_id)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return an installation that has loaded the dumps of two days and published after each."""
    segments = tmp_path_factory.mktemp("segments") / "segments.yaml"
    segments.write_text("segments: [{name: all, description: All persons., condition: TRUE IS NOT NULL}]")
    settings = load_settings(
        data=tmp_path_factory.mktemp("installation"), threads=1, segments=segments, pair_min_baskets=1
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delta_files, "_MAX_DELETED_SHARE", 100)  # so that changed months have files of tombstones
        _load_and_publish(settings)
    return settings


def _load_and_publish(settings: Settings) -> None:
    for day in DAYS:
        for entity in ENTITIES:
            folder = settings.data / "landing" / entity.name / day.isoformat()
            folder.mkdir(parents=True)
            lines = [json.dumps(record) + "\n" for record in _records(entity, day)]
            (folder / "part-1.ndjson").write_text("".join(lines), encoding="utf-8")
            outcome = process_dump(
                settings, DumpRequest(entity, day, LOAD_LAYERS, force=False), lambda _text: None
            )
            assert outcome.error is None
        _publish(settings, settings.publish_rules(), settings.published)


def _publish(settings: Settings, rules: PublishRules, folder: Path) -> None:
    publish(settings.open_warehouse(), folder, settings.mart_settings(), rules, min_rows_for_delta=0)


def _published_values(published: Path) -> Iterator[tuple[str, Any]]:
    """Yield each value of each file and each view, with the name of its column; nested values one by one."""
    for path in sorted(published.rglob("*.parquet")):
        frame = pl.read_parquet(path, hive_partitioning=False)
        for column in frame.columns:
            yield from ((f"{path.parent.name}.{column}", value) for value in _flat(frame[column].to_list()))
    with closing(duckdb.connect(published / DATABASE, read_only=True)) as connection:
        for mart in PUBLISHED:
            for row in connection.sql(f"FROM marts.{mart.name}").pl().to_dicts():
                yield from ((f"{mart.name}.{column}", value) for column, value in _flat_items(row))


def _flat_items(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for column, values in row.items():
        yield from ((column, value) for value in _flat([values]))


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, Mapping):
            yield from _flat([*value.keys(), *value.values()])
        elif isinstance(value, (list, tuple)):
            yield from _flat(value)
        elif value is not None:
            yield value


def _only_letters_and_digits(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _columns_with_canaries(published: Path) -> set[str]:
    return {
        column
        for column, value in _published_values(published)
        if any(needle in _only_letters_and_digits(str(value)) for needle in NEEDLES)
    }


def test_no_column_has_a_canary(settings: Settings) -> None:
    assert {path.parent.parent.name for path in settings.published.rglob("deletes/*")} >= {
        "interaction", "customer_identity"
    }  # fmt: skip # a list
    assert _columns_with_canaries(settings.published) == set()


def test_the_search_sees_rows_of_every_mart(settings: Settings) -> None:
    with closing(duckdb.connect(settings.published / DATABASE, read_only=True)) as connection:
        empty = {
            mart.name
            for mart in PUBLISHED
            if not connection.execute(f"SELECT 1 FROM {mart.table} LIMIT 1").fetchall()
        }

    assert empty == set()


def test_with_personal_data_the_same_search_finds_canaries_of_every_kind(
    settings: Settings, tmp_path: Path
) -> None:
    """Otherwise the search could be blind."""
    _publish(settings, replace(settings.publish_rules(), has_personal_data=True), tmp_path)

    found = _columns_with_canaries(tmp_path)
    assert found >= {
        "interaction.record_key", "interaction.record_id", "interaction.customer_key", "interaction.link",
        "customer_product_daily.newest_rating", "customer_product_daily.newest_subscription",
        "customer_identity.identifier", "customer_identity.person_id", "customer_identity_change.person_before",
        "customer_identity_change.person_after", "shared_identifier.identifier", "customer.identifiers",
        "customer.customer_name", "customer_daily.newest_name", "product.product_link",
        "product.product_image_link", "product_daily.newest_link", "product_daily.newest_image_link",
        "customer_product.person_id",
    }  # fmt: skip # a list


def _stored_texts(settings: Settings) -> set[str]:
    """Return what staging stores of contacts: ids and keys, and identifiers with their prefix and without."""
    with settings.open_warehouse().reading() as connection:
        found = connection.execute(
            " UNION ".join(
                f"SELECT unnest([record_key, {entity.own_id}]) FROM staging.{entity.table}"
                f" UNION SELECT unnest(identifiers) FROM staging.{entity.table}"
                for entity in ENTITIES
            )
        ).fetchall()
    texts = {text for (text,) in found}
    return (
        texts
        | {text[2:] for text in texts if text[1:2] == ":"}
        | {*CONTACT_IDS, *map(_phone, range(41)), *map(_email, range(41))}
    )


def _unkeyed_hashes(texts: Sequence[str]) -> Iterator[Any]:
    for text in texts:
        for name in ("md5", "sha1", "sha256"):
            yield hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()[:32]
    with closing(duckdb.connect()) as connection:
        numbers = connection.execute(
            "SELECT unnest([hash(one), hash(one) % 4294967296, (md5_number(one) >> 64)::UBIGINT,"
            " (md5_number(one) % 18446744073709551616)::UBIGINT]) FROM (SELECT unnest($texts) AS one)",
            {"texts": texts},
        ).fetchall()
    yield from (number for (number,) in numbers)


def test_no_column_has_a_hash_of_a_contact_that_needs_no_key(settings: Settings) -> None:
    hashes = set(_unkeyed_hashes(sorted(_stored_texts(settings))))
    found = {
        column
        for column, value in _published_values(settings.published)
        if (value.split(":")[-1][:32] if isinstance(value, str) else value) in hashes
    }

    assert found == set()


def test_no_file_has_a_canary_in_its_bytes(settings: Settings, tmp_path: Path) -> None:
    """Parquet is searched as it is, because of its statistics, and in a form without compression."""
    files = [path for path in settings.published.rglob("*") if path.is_file()]
    for number, path in enumerate([path for path in files if path.suffix == ".parquet"]):
        copy = tmp_path / f"{number}.arrow"
        pl.read_parquet(path, hive_partitioning=False).write_ipc(copy, compression="uncompressed")
        files.append(copy)

    found = {
        path.name
        for path in files
        if any(needle.encode() in path.read_bytes().lower() for needle in (*NEEDLES, *map(str.lower, CONTACT_IDS)))
    }
    assert len(files) > len(PUBLISHED)
    assert found == set()


def test_ids_that_are_no_contacts_are_published_as_they_are(settings: Settings) -> None:
    with closing(duckdb.connect(settings.published / DATABASE, read_only=True)) as connection:
        keys = connection.execute("SELECT DISTINCT customer_key FROM marts.interaction").fetchall()
        record_ids = connection.execute("SELECT DISTINCT record_id FROM marts.interaction").fetchall()

    assert {"c:KH30", "c:KH36", "c:KH40"} <= {key for (key,) in keys}
    assert {"R30", "R40"} <= {record_id for (record_id,) in record_ids}


def test_all_customer_ids_are_pseudonyms_if_the_setting_says_so(settings: Settings, tmp_path: Path) -> None:
    _publish(settings, replace(settings.publish_rules(), has_pseudonymous_customer_ids=True), tmp_path)

    assert not {value for _, value in _published_values(tmp_path) if str(value).startswith("c:KH")}
