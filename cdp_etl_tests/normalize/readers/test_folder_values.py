"""Folders such as `internalCompanyId=ORG-A/` give their field to the records that lack it, on both paths."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.folder_values import RowsInFolders, folder_values
from cdp_etl_tests.examples import examples
from cdp_etl_tests.normalize import strategies
from cdp_etl_tests.normalize.harness import COMMENT, comment, ndjson, normalize
from cdp_etl_tests.normalize.paths import assert_paths_agree, decoded

FOLDER_TEXTS = st.dictionaries(
    st.sampled_from(
        ["internalCompanyId", "timezoneGmt", "recordStatus", "productSku", "customerId", "productPrice"]
    ),
    st.sampled_from(["ORG A", "7", "deleted", "1.5", "+7", "x", "Áo thun"]),
    min_size=1,
)


def parquet(**columns: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def test_two_companies_in_two_folders_stay_two(tmp_path: Path) -> None:
    files = {f"internalCompanyId={company}/a.ndjson": ndjson(comment(1)) for company in ("ORG-A", "ORG%20B")}

    outcome = normalize(tmp_path, files)

    assert sorted(outcome.accepted["record_key"]) == ["ORG B|Website|1", "ORG-A|Website|1"]
    assert (outcome.dump.superseded, outcome.dump.findings) == (0, ())


def test_the_own_value_of_a_record_wins_and_a_difference_is_a_finding(tmp_path: Path) -> None:
    records = ndjson(comment(1, internalCompanyId="ORG-B"), comment(2, internalCompanyId=" "), comment(3))

    outcome = normalize(tmp_path, {"dt=2026-03-01/internal_company_id=ORG-A/a.ndjson": records})

    assert outcome.accepted["company_id"].to_list() == ["ORG-B", "ORG-A", "ORG-A"]
    assert outcome.dump.findings == (
        "1 records have another internalCompanyId than the folder of their file; their own value counts.",
        "Folders give values that are not read, because the contract has no such field: dt.",
    )


def test_a_folder_of_absent_values_gives_nothing(tmp_path: Path) -> None:
    files = {"internalCompanyId=__HIVE_DEFAULT_PARTITION__/a.ndjson": ndjson(comment(1))}

    assert normalize(tmp_path, files).accepted["company_id"].to_list() == [""]


def test_a_time_zone_of_a_folder_shifts_the_timestamps(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"timezoneGmt=7/a.ndjson": ndjson(comment(1), comment(2, timezoneGmt=0))})

    first, second = outcome.accepted["commented_at"].to_list()
    assert (second - first).total_seconds() == 7 * 3600


def test_a_value_that_its_field_cannot_have_quarantines_the_records_that_lack_it(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"timezoneGmt=east/a.ndjson": ndjson(comment(1), comment(2, timezoneGmt=0))})

    assert outcome.reasons == [["timezoneGmt: wrong type"]]


@pytest.mark.parametrize(
    "folder",
    [
        "commentId=1",
        "customerPhone=0912345678",
        "customer_email=a@example.com",
        "customerName=An",
        "commentedAt=0",
    ],
)
def test_a_folder_cannot_give_what_only_records_have(tmp_path: Path, folder: str) -> None:
    with pytest.raises(DumpUnreadableError, match="which only records can have") as refused:
        normalize(tmp_path, {f"{folder}/a.ndjson": ndjson(comment(1))})

    name, _, value = folder.partition("=")
    assert str(refused.value).startswith(f"{name}: a folder gives the field")
    assert value not in str(refused.value).replace("0 ", "")


def test_of_two_folders_for_one_field_the_inner_one_counts() -> None:
    found = folder_values(COMMENT, "systemName=A/x/system_name=B/a.csv")

    assert (found.texts, found.unlisted) == ({"systemName": "B"}, frozenset())


calm = settings(examples(20), suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("entity", ENTITIES, ids=[entity.name for entity in ENTITIES])
@calm
@given(data=st.data(), texts=FOLDER_TEXTS)
def test_both_paths_agree_on_json_records(entity: Entity, data: st.DataObject, texts: dict[str, str]) -> None:
    records = data.draw(st.lists(strategies.json_records(entity), min_size=1, max_size=3))
    lines = "\n".join(record.replace("\n", " ") for record in records).encode("utf-8", "surrogatepass")
    known = {name: text for name, text in texts.items() if name in entity.by_contract_name}

    for rows in decoded(entity, "a.ndjson", lines):
        assert_paths_agree(entity, RowsInFolders(entity, rows, known))


@calm
@given(texts=FOLDER_TEXTS, cells=st.lists(st.sampled_from(["", " ", "ORG-B", "7"]), min_size=3, max_size=3))
def test_both_paths_agree_on_csv_and_parquet(texts: dict[str, str], cells: list[str]) -> None:
    record = comment(1, **dict(zip(("internalCompanyId", "timezoneGmt", "productSku"), cells, strict=True)))
    rows = [[str(value) for value in record.values()]]
    csv = "\n".join(",".join(map(strategies.cell, row)) for row in [list(record), *rows]).encode()
    files = {"a.csv": csv, "a.parquet": parquet(**{name: [value] for name, value in record.items()})}

    for name, content in files.items():
        for batch in decoded(COMMENT, name, content):
            assert_paths_agree(COMMENT, RowsInFolders(COMMENT, batch, texts))


@pytest.mark.parametrize("name", ["a.ndjson", "a.csv", "a.parquet"])
def test_the_fast_path_supports_records_that_lack_the_field(name: str) -> None:
    record = comment(1)
    contents = {
        "a.ndjson": json.dumps(record).encode(),
        "a.csv": "\n".join(",".join(map(str, row)) for row in (record, record.values())).encode(),
        "a.parquet": parquet(**{key: [value] for key, value in record.items()}),
    }
    texts = {"internalCompanyId": "ORG-A", "timezoneGmt": "7"}

    (batch,) = decoded(COMMENT, name, contents[name])

    assert assert_paths_agree(COMMENT, RowsInFolders(COMMENT, batch, texts)) == 1
