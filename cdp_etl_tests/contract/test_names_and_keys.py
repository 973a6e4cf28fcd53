"""Conversion of names, uniqueness of record keys, and the fingerprint of the settings."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.field_spec import contract_fields
from cdp_etl.contract.naming import camel_case, looks_like_field_name, normalize_header, snake_case
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.record_key import raw_record_key, record_key
from cdp_etl.entities import BY_NAME, ENTITIES

parts = st.text(alphabet="a|\\", max_size=4)


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_column_names_convert_back_to_contract_names(entity: Entity) -> None:
    for field in entity.fields:
        assert snake_case(field.contract_name) == field.name
        assert camel_case(field.name) == field.contract_name


@pytest.mark.parametrize("header", ["productPrice4Sale", "PRODUCT_PRICE4_SALE", " product price4 sale "])
def test_headers_match_ignoring_case_underscores_and_blanks(header: str) -> None:
    assert normalize_header(header) == normalize_header("productPrice4Sale")


@pytest.mark.parametrize("key", ["storeCode", "utm_source", "customFieldTexts", "a.b-c", "line2"])
def test_a_key_that_looks_like_a_name_may_be_shown(key: str) -> None:
    assert looks_like_field_name(key)


@pytest.mark.parametrize("key", ["Nguyen Van A", "a@b.vn", "0986851234", "tok_7f3a91c2", "", "x" * 65])
def test_a_key_that_may_be_a_value_is_not_shown(key: str) -> None:
    assert not looks_like_field_name(key)


@given(st.tuples(parts, parts, parts), st.tuples(parts, parts, parts))
def test_two_records_have_the_same_key_only_if_all_its_parts_are_equal(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (record_key(*one) == record_key(*other)) == (one == other)


def test_the_key_of_a_quarantined_record_is_parsed_from_its_delivered_values() -> None:
    review = BY_NAME["customer-product-review"]

    assert (
        raw_record_key(review, {"reviewId": 7, "systemName": " Web "}, NormalizationSettings(default_company="C"))
        == "C|Web|7"
    )
    assert raw_record_key(review, {"reviewId": True}, NormalizationSettings()) is None
    assert raw_record_key(review, {"content": "x"}, NormalizationSettings()) is None


@pytest.mark.parametrize(
    "changed",
    [
        replace(NormalizationSettings(), default_company="C"),
        replace(NormalizationSettings(), customer_id_scope="system"),
        replace(NormalizationSettings(), phone_region="TH"),
        replace(NormalizationSettings(), epoch_is_utc=frozenset({"Web"})),
        replace(NormalizationSettings(), business_timezone="Asia/Ho_Chi_Minh"),
        replace(NormalizationSettings(), max_record_bytes=1),
    ],
    ids=["company", "scope", "region", "epoch", "zone", "record size"],
)
def test_every_normalization_setting_changes_the_fingerprint(changed: NormalizationSettings) -> None:
    assert changed.fingerprint() != NormalizationSettings().fingerprint()


def test_the_order_of_a_setting_that_is_a_set_does_not_change_the_fingerprint() -> None:
    one, other = (
        NormalizationSettings(epoch_is_utc=frozenset(names)) for names in (["a", "b", "c"], ["c", "b", "a"])
    )

    assert one.fingerprint() == other.fingerprint()


def test_a_field_without_a_col_is_an_error_that_names_the_field() -> None:
    class Loose(BaseModel):
        some_field: str | None = None

    with pytest.raises(TypeError, match=r"Loose\.some_field: expected one Col in its annotation, found 0"):
        contract_fields(Loose, {})


def test_an_example_of_no_field_is_an_error() -> None:
    class Loose(BaseModel):
        pass

    with pytest.raises(TypeError, match=r"Loose\.nmae: an example of a field that is not declared"):
        contract_fields(Loose, {"nmae": "An"})
