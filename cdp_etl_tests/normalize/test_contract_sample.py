"""The sample record of the contract's text."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cdp_etl_tests.normalize.harness import normalize

SEED = Path(__file__).parents[1] / "entities" / "user-activity.txt"


@pytest.fixture
def sample() -> bytes:
    text = SEED.read_text("utf-8")
    return text[text.index("{\n") : text.index("\n}\n") + 2].encode()


@pytest.mark.parametrize(
    "name", [pytest.param("a.json", id="as an object by itself"), pytest.param("a.ndjson", id="as a line")]
)
def test_the_contracts_sample_is_accepted_with_warnings(tmp_path: Path, sample: bytes, name: str) -> None:
    content = sample if name == "a.json" else json.dumps(json.loads(sample)).encode()

    outcome = normalize(tmp_path, {name: content})

    row = outcome.accepted.row(0, named=True)
    assert (outcome.dump.accepted, outcome.dump.with_warnings, outcome.dump.unknown_keys) == (
        1,
        1,
        {"productId": 1},
    )
    assert row["warnings"] == ["customerPhone: not a dialable number", "customerEmail: not a valid address"]
    assert (row["customer_phone"], row["customer_phone_e164"]) == ("098685xxx", None)
    assert (row["customer_email"], row["customer_email_normalized"]) == ("[email\xa0protected]", None)
    assert row["custom_fields"] == '{"customFieldTexts":{"customField01":"tag:question"}}'
    assert row["extra_fields"] == '{"productId":"PID32632526325"}'
    assert row["commented_at"] == row["occurred_at"] == datetime(2021, 3, 3, 23, 40, 1, tzinfo=UTC)
    assert (row["company_id"], row["customer_key"]) == ("ORG1029130112", "c:KH12352632526325")
    assert row["identifiers"] == ["c:KH12352632526325"]
    assert (row["title"], row["product_price4_sale"]) == ("Tình trạng sản phẩm", 23_000_000.0)
