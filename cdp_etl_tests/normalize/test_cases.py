"""Dumps as partners really send them: each case of `cdp_etl_tests/cases` gives the expected records or refusal.

Belongs here: what a dump's files alone decide. Cases that need the marts or two dumps are tested there.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.entities import BY_NAME
from cdp_etl.errors import CdpEtlError
from cdp_etl_tests.normalize.harness import Outcome, normalize

CASES = Path(__file__).parents[1] / "cases"


@pytest.mark.parametrize("name", sorted(path.parent.name for path in CASES.glob("*/expected.json")))
def test_a_case_gives_the_expected_records_or_refusal(tmp_path: Path, name: str) -> None:
    """The whole outcome is compared, so that nothing is lost or added without a word."""
    expected = json.loads((CASES / name / "expected.json").read_text())
    del expected["report"]
    entity = BY_NAME[expected.pop("entity")]
    folder = CASES / name / "input"
    files = {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
    if "refused" in expected:
        with pytest.raises(CdpEtlError) as refused:
            normalize(tmp_path, files, entity=entity)
        assert expected.pop("refused") in str(refused.value)
        assert not expected
        return
    outcome = normalize(tmp_path, files, entity=entity)
    assert _described(outcome, expected.get("values", [])) == expected


def _described(outcome: Outcome, expected_values: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the outcome in the form of `expected.json`, with the columns of the expected values."""
    dump = outcome.dump
    assert dump.records_read == dump.accepted + dump.superseded + dump.quarantined
    described: dict[str, Any] = {
        "accepted": dump.accepted,
        "superseded": dump.superseded,
        "quarantined": dump.quarantined,
        "reasons": dump.reasons,
        "warnings": dump.warning_counts,
        "findings": list(dump.findings),
    }
    if expected_values:
        rows = outcome.accepted.iter_rows(named=True)
        assert len(expected_values) == dump.accepted
        described["values"] = [
            {column: _as_json(row[column]) for column in columns}
            for row, columns in zip(rows, expected_values, strict=True)
        ]
    return {name: value for name, value in described.items() if value or isinstance(value, int)}


def _as_json(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | None) else value.isoformat()
