"""The fast path returns exactly what the reference path returns, or leaves the record to it."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl_tests.examples import examples
from cdp_etl_tests.normalize import strategies
from cdp_etl_tests.normalize.harness import COMMENT, REVIEW, comment, ndjson
from cdp_etl_tests.normalize.paths import assert_paths_agree, decoded

ENTITY_IDS = [entity.name for entity in ENTITIES]

calm = settings(examples(25), suppress_health_check=[HealthCheck.too_slow])
"""A slow machine must not fail the property."""


@pytest.mark.parametrize("entity", ENTITIES, ids=ENTITY_IDS)
@calm
@given(data=st.data())
def test_of_arbitrary_json_records(entity: Entity, data: st.DataObject) -> None:
    records = data.draw(st.lists(strategies.json_records(entity), min_size=1, max_size=4))
    lines = "\n".join(record.replace("\n", " ") for record in records).encode("utf-8", "surrogatepass")

    for rows in decoded(entity, "a.ndjson", lines):
        assert_paths_agree(entity, rows)


@pytest.mark.parametrize("entity", ENTITIES, ids=ENTITY_IDS)
@calm
@given(data=st.data())
def test_of_arbitrary_csv_rows(entity: Entity, data: st.DataObject) -> None:
    fields = [field.contract_name for field in entity.fields]
    names = [*fields, "customFieldTexts", "note", "ignored_update_cfs"]
    if data.draw(st.booleans()):
        names[data.draw(st.integers(0, len(fields) - 1))] = "x" * 3
    again = data.draw(st.lists(st.sampled_from(fields), max_size=2, unique=True))
    names += ["-".join(name) for name in again]
    other_cells = [strategies.padded_text] * (3 + len(again))
    rows_ = data.draw(
        st.lists(
            st.tuples(*(strategies.cells(field) for field in entity.fields), *other_cells),
            min_size=1,
            max_size=4,
        )
    )
    text = "\n".join([",".join(names), *(",".join(map(strategies.cell, row)) for row in rows_)])

    for rows in decoded(entity, "a.csv", text.encode("utf-8", "surrogatepass")):
        assert_paths_agree(entity, rows)


integers = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, 7, 1_772_366_400_000])
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    # Parquet's texts are UTF-8, which has no lone surrogate.
    "texts": strategies.padded_text.map(lambda text: text.encode("utf-8", "ignore").decode("utf-8")),
    "integers": integers,
    "numbers": st.floats() | st.sampled_from([7.0, -0.0, 1_772_366_400_000.0, 2.0**53]),
    "booleans": st.booleans(),
    "timestamps": st.datetimes(),
    "decimals": st.decimals(-(10**9), 10**9, places=3),
    "lists": st.lists(st.none() | strategies.padded_text, max_size=3),
    "dates": st.dates(),
}


@pytest.mark.parametrize("kind", COLUMNS)
@calm
@given(data=st.data())
def test_of_parquet_columns_of_any_type(kind: str, data: st.DataObject) -> None:
    good = {key: [value] * 3 for key, value in comment(1, reviewId="1", reviewedAt=1_772_366_400_000).items()}
    names = [*(field.contract_name for field in REVIEW.fields), "note", "customFieldTexts"]
    name = data.draw(st.sampled_from(names))
    values = data.draw(st.lists(st.none() | COLUMNS[kind], min_size=3, max_size=3))
    spelling = data.draw(st.sampled_from([name, ".".join(name), "_" + name[:3]]))
    buffer = io.BytesIO()
    pq.write_table(pa.table(good | {name: values, spelling: values}), buffer)

    for rows in decoded(REVIEW, "a.parquet", buffer.getvalue()):
        assert_paths_agree(REVIEW, rows)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="a plain record"),
        pytest.param({"customFieldTexts": {"a": "x", "b": 1}}, id="custom fields"),
        pytest.param({"customFieldNumbers": {"a": 1.5}}, id="custom fields with fractions"),
        pytest.param({"productId": "P1", "tags": ["a"]}, id="unknown keys"),
        pytest.param({"ignoredUpdateCfs": ["a", "b"]}, id="ignored custom fields"),
        pytest.param({"recordStatus": "deleted"}, id="a deletion"),
        pytest.param({"commentedAt": "1772366400000", "productPrice": "1.5"}, id="numbers as text"),
        pytest.param({"commentedAt": 1772366400000.0}, id="integers in floating point"),
        pytest.param({"commentedAt": "2026-03-01T12:00:00+07:00"}, id="ISO 8601"),
        pytest.param({"content": "Nguye\u0302\u0303n"}, id="text not in NFC"),
        pytest.param({"title": "1.5"}, id="a text that could be a number"),
    ],
)
def test_the_fast_path_supports_common_records(changes: dict[str, Any]) -> None:
    """A fast path that supports no record would agree too."""
    (rows,) = decoded(COMMENT, "a.ndjson", ndjson(comment(1, **changes)))

    assert assert_paths_agree(COMMENT, rows) == 1


def test_a_number_is_stored_as_delivered_even_if_another_key_has_it_in_another_form() -> None:
    """1.50 keeps its zero, although the line contains 1.5 too."""
    line = ndjson(comment(1, productPrice=1.5, score=0)).replace(b'"score": 0', b'"score": 1.50')
    (rows,) = decoded(COMMENT, "a.ndjson", line)

    assert assert_paths_agree(COMMENT, rows) == 1
