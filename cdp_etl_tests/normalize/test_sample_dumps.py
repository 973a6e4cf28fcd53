"""Generated dumps have the counts that the generator expects, in every format and for every entity."""

import json
from datetime import date
from pathlib import Path

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import Compression, DataFormat
from cdp_etl.entities import ENTITIES
from cdp_etl.sample import generate
from cdp_etl_tests.normalize.harness import DUMP_DATE, normalize


@pytest.mark.full
@pytest.mark.parametrize("entity", ENTITIES, ids=[entity.name for entity in ENTITIES])
@pytest.mark.parametrize(
    ("format_", "compression"),
    [("ndjson", "none"), ("json", "gz"), ("csv", "zst"), ("parquet", "none")],
    ids=["ndjson", "json", "csv", "parquet"],
)
def test_a_generated_dump_has_the_expected_counts(
    tmp_path: Path, entity: Entity, format_: DataFormat, compression: Compression
) -> None:
    generate(
        tmp_path,
        DUMP_DATE,
        1,
        600,
        entities=[entity.name],
        dirty=0.2,
        format=format_,
        compression=compression,
        seed=7,
    )
    folder = tmp_path / entity.name / date.isoformat(DUMP_DATE)
    expected = json.loads((folder / "_expected.json").read_text())
    files = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith("_")}

    dump = normalize(tmp_path / "run", files, entity=entity).dump

    counts = ("accepted", "superseded", "quarantined", "with_warnings")
    assert {name: getattr(dump, name) for name in counts} == {name: expected[name] for name in counts}
    assert dump.records_read == expected["read"]
    assert dump.reasons == expected["reasons"]
    assert dump.reference_path_records < 0.3 * dump.records_read
