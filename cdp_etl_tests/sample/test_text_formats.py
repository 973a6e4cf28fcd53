"""A frame and its single records are encoded to the same text."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.sample.record_ids import make_dump_rows
from cdp_etl.sample.records import make_frame
from cdp_etl.sample.shared_data import SharedData, make_shared_data
from cdp_etl.sample.text_formats import CsvText, TextFormat, ndjson


@pytest.fixture(scope="module")
def shared() -> SharedData:
    return make_shared_data(1)


def in_both_ways(text: TextFormat, rows: pl.DataFrame) -> tuple[list[bytes], list[bytes]]:
    records = [
        {name: value for name, value in row.items() if value is not None} for row in rows.to_dicts()
    ]  # fmt: skip # one expression
    return text.encode_frame(rows), [text.encode_record(record) for record in records]


@pytest.mark.full
@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_a_frame_and_its_single_records_are_encoded_equally(shared: SharedData, entity: Entity) -> None:
    position = np.arange(3_000)
    rows = make_frame(shared, entity, make_dump_rows(1, entity.name, date(2026, 3, 1), position, position < 0))

    for text in (ndjson(), CsvText(rows.columns)):
        at_once, one_by_one = in_both_ways(text, rows)
        assert at_once == one_by_one


def test_special_characters_are_escaped_in_each_format() -> None:
    rows = pl.DataFrame(
        {
            "text": ['a "b", c\\d\n\te', "ấ", None],
            "list": [["x,y", 'z"'], [], None],
            "map": [{"k": 'v"'}, None, None],
            "number": [0.25, None, 1.0],
        },
        schema_overrides={"list": pl.List(pl.String)},
    )

    assert ndjson().encode_frame(rows) == [
        b'{"text":"a \\"b\\", c\\\\d\\n\\te","list":["x,y","z\\""],"map":{"k":"v\\""},"number":0.25}',
        '{"text":"ấ","list":[]}'.encode(),
        b'{"number":1.0}',
    ]
    assert CsvText(rows.columns).encode_frame(rows) == [
        b'"a ""b"", c\\d\n\te","[""x,y"",""z\\""""]","{""k"":""v\\""""}",0.25',
        "ấ,[],,".encode(),
        b",,,1.0",
    ]
