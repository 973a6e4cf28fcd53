"""Findings about a dump: different records under one id, numbers that look grouped."""

from pathlib import Path
from typing import Any

import pytest

from cdp_etl_tests.normalize.harness import COMMENT, EMAIL, NOON_MS, REVIEW, comment, ndjson, normalize
from cdp_etl_tests.normalize.test_ids import csv
from cdp_etl_tests.normalize.test_set_aside import email

DIFFERENT = "{} of {} superseded records differ from the accepted one in timestamp or recipient"


@pytest.mark.parametrize(
    ("changes", "differing"),
    [
        pytest.param([{}, {}, {}], 0, id="one event, delivered again"),
        pytest.param([{}, {"eventAt": NOON_MS + 1}, {"eventAt": NOON_MS + 2}], 2, id="other timestamps"),
        pytest.param([{}, {"email": "other@example.com"}, {}], 1, id="another recipient"),
        pytest.param([{}, {"email": "P1@EXAMPLE.com"}, {"subject": "x"}], 0, id="another spelling"),
    ],
)
def test_superseded_events_that_differ_are_a_finding(
    tmp_path: Path, changes: list[dict[str, Any]], differing: int
) -> None:
    """The id of a webhook is not that of an event: 99 of 100 events would vanish without a word."""
    files = {f"{number}.ndjson": ndjson(email(1, **change)) for number, change in enumerate(changes)}

    outcome = normalize(tmp_path, files, entity=EMAIL)

    assert outcome.dump.superseded == len(changes) - 1
    assert [finding.partition(":")[0] for finding in outcome.dump.findings] == (
        [DIFFERENT.format(differing, len(changes) - 1)] if differing else []
    )


def test_a_comment_may_change_its_timestamp(tmp_path: Path) -> None:
    outcome = normalize(tmp_path, {"a.ndjson": ndjson(comment(1), comment(1, commentedAt=NOON_MS + 1))})

    assert (outcome.dump.superseded, outcome.dump.findings) == (1, ())


@pytest.mark.parametrize("name", ["a.csv", "a.ndjson"])
@pytest.mark.parametrize(
    ("prices", "is_finding"),
    [
        pytest.param(["199.000", "1.350.000", "99.000"], True, id="millions, which are quarantined"),
        pytest.param(["199.000", "350.000", "99.000"], True, id="all grouped"),
        pytest.param(["199.000", "350.000", "99.5"], False, id="not throughout"),
        pytest.param(["199.000", "", "99.000"], True, id="with absent ones"),
        pytest.param(["199", "350", "99"], False, id="integers"),
    ],
)
def test_numbers_that_look_grouped_throughout_a_column_are_a_finding(
    tmp_path: Path, name: str, prices: list[str], *, is_finding: bool
) -> None:
    records = [comment(number, productPrice=price) for number, price in enumerate(prices)]

    outcome = normalize(tmp_path, {name: csv(*records) if name == "a.csv" else ndjson(*records)}, entity=COMMENT)

    expected = f"{name}: all texts of productPrice have groups of three digits behind points."
    assert [finding.startswith(expected) for finding in outcome.dump.findings] == [True] * is_finding


@pytest.mark.parametrize("name", ["a.csv", "a.ndjson"])
@pytest.mark.parametrize(
    ("ratings", "is_finding"),
    [
        pytest.param(["1.000", "2.000"], True, id="all grouped"),
        pytest.param(["1.000", "2"], False, id="not throughout"),
        pytest.param(["1.0", "2.0"], False, id="integers with a fraction of zero"),
    ],
)
def test_integers_as_text_that_look_grouped_are_a_finding(
    tmp_path: Path, name: str, ratings: list[str], *, is_finding: bool
) -> None:
    """`1.000` is 1 here, and a thousand in Vietnamese."""
    records = [
        comment(number, reviewId=number, reviewedAt=NOON_MS, rating=rating)
        for number, rating in enumerate(ratings)
    ]

    outcome = normalize(tmp_path, {name: csv(*records) if name == "a.csv" else ndjson(*records)}, entity=REVIEW)

    assert outcome.accepted["rating"].to_list() == [int(float(rating)) for rating in ratings]
    assert ["all texts of rating have groups" in finding for finding in outcome.dump.findings] == [
        True
    ] * is_finding


def test_a_column_is_grouped_only_if_it_is_in_all_batches(tmp_path: Path) -> None:
    records = [comment(number, productPrice="199.000") for number in range(200)] + [
        comment("last", productPrice="1.5")
    ]

    assert normalize(tmp_path, {"a.csv": csv(*records)}, batch_bytes=1024).dump.findings == ()
