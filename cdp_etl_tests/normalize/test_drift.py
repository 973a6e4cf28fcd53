"""Drift: which changes between dumps are reported, and how often chance alone is reported."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.durable_files import hash_file
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.normalize import NormalizedDump, normalize_dump
from cdp_etl.normalize.drift import DUMPS_COMPARED, MIN_DUMPS, Drift, compare
from cdp_etl.normalize.lake.history import newest_dumps
from cdp_etl.sample import generate
from cdp_etl_tests.normalize.harness import Delivered

SMS = BY_NAME["sms-interaction"]
FIRST = date(2026, 3, 1)


def dump(day: int = 15, records: int = 1000, **counts: Any) -> NormalizedDump:
    """Return a dump's counts; no field is absent unless the test says so."""
    counts["null_counts"] = dict.fromkeys((field.name for field in SMS.fields), 0) | counts.get("null_counts", {})
    return NormalizedDump(
        SMS.table,
        FIRST + timedelta(days=day - 1),
        Path(),
        "content",
        files=(),
        bytes=0,
        records_read=records,
        accepted=records,
        superseded=0,
        quarantined=0,
        with_warnings=0,
        **counts,
    )


def links(absent: int, records: int = 1000) -> NormalizedDump:
    """Return a dump in which some records have no link."""
    return dump(records=records, null_counts={"link": absent})


def changes(newest: NormalizedDump, before: Sequence[NormalizedDump]) -> list[str]:
    return list(compare(SMS, newest, before).changes)


def test_a_new_key_is_reported_with_its_count() -> None:
    assert changes(dump(unknown_keys={"storeCode": 12}), [dump()] * 14) == [
        "New key `storeCode` in 12 of 1000 records: not in the contract, and in none of the 14 dumps before."
    ]


def test_a_key_that_came_once_in_the_dumps_before_is_not_new() -> None:
    before = [dump(unknown_keys={"storeCode": 1}), *[dump()] * 13]

    assert changes(dump(unknown_keys={"storeCode": 12}), before) == []


@pytest.mark.parametrize(
    ("count", "dumps", "records", "is_gone"),
    [
        pytest.param(500, 14, 1000, True, id="in half of the records"),
        pytest.param(1, 14, 1000, False, id="so rare that chance may leave it out"),
        pytest.param(500, 7, 1000, False, id="in no more than half of the dumps before"),
        pytest.param(500, 14, 9, False, id="gone from a few records"),
        pytest.param(500, 14, 10, True, id="gone from some more"),
    ],
)
def test_a_key_is_gone_if_chance_does_not_explain_it(
    count: int, dumps: int, records: int, *, is_gone: bool
) -> None:
    before = [*[dump(unknown_keys={"storeCode": count})] * dumps, *[dump()] * (14 - dumps)]

    found = changes(dump(records=records), before)

    assert [one.startswith("Key `storeCode` is gone: in none of") for one in found] == [True] * is_gone


@pytest.mark.parametrize(
    ("before", "newest", "is_reported"),
    [
        pytest.param([links(200)] * 14, links(300), True, id="ten points of a steady share"),
        pytest.param([links(200)] * 14, links(245), False, id="less than five points"),
        pytest.param([links(2, 10_000)] * 14, links(400, 10_000), False, id="significant, but too small"),
        pytest.param([links(0)] * 14, links(60), True, id="of a field that was never absent"),
        pytest.param([links(1000)] * 14, links(900), True, id="of a field that was never there"),
        pytest.param([links(20, 100)] * 14, links(35, 100), False, id="fifteen points of a hundred records"),
        pytest.param([links(20, 100)] * 14, links(40, 100), True, id="twenty points of a hundred records"),
        pytest.param([links(100)] * 10 + [links(600)] * 4, links(600), False, id="as on the weekends before"),
        pytest.param([links(100)] * 12 + [links(600)] * 2, links(600), True, id="as on two unusual days before"),
        pytest.param([links(100)] * 13 + [links(600)], links(100), False, id="usual after an unusual day"),
        pytest.param([links(10)] * 2, links(600), False, id="too few dumps before"),
        pytest.param([links(10)] * 3, links(600), True, id="just enough dumps before"),
        pytest.param([links(0, 30)] * 14, links(29, 29), False, id="too few records"),
        pytest.param([links(0, 29)] * 14, links(30, 30), False, id="too few records before"),
    ],
)
def test_the_share_of_an_absent_field_is_reported_if_neither_chance_nor_habit_explains_it(
    before: list[NormalizedDump], newest: NormalizedDump, *, is_reported: bool
) -> None:
    assert [one.startswith("`link` is absent from") for one in changes(newest, before)] == [True] * is_reported


def test_a_changed_share_is_reported_with_the_usual_range() -> None:
    before = [links(absent) for absent in range(200, 270, 5)]

    assert changes(links(620), before) == [
        "`link` is absent from 62.0% of 1000 records; usual is from 21.0% to 25.5%."
    ]


@pytest.mark.parametrize("records", [30, 100, 1000])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.97, 1.0])
def test_chance_alone_is_hardly_ever_reported(records: int, share: float) -> None:
    """A year of dumps without a change: at most one false alarm per field."""
    random = Random(records)  # noqa: S311 - to draw counts
    drawn = [links(sum(random.random() < share for _ in range(records)), records) for _ in range(365)]

    alarms = sum(bool(changes(drawn[n], drawn[n - DUMPS_COMPARED : n])) for n in range(DUMPS_COMPARED, 365))

    assert alarms <= 1


def test_a_new_value_of_an_open_vocabulary_is_reported() -> None:
    before = [dump(open_values={"event": {"sent": 990, "clicked": 10}})] * 14

    assert changes(dump(open_values={"event": {"sent": 900, "failed to send": 100}}), before) == [
        "New value of `event`: `failed to send`, in 100 of 1000 records."
    ]


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        pytest.param(
            "event", ["0986851234"], ["1 new values of `event`, not named here."], id="looks like a phone"
        ),
        pytest.param("event", ["a@b.vn"], ["1 new values of `event`, not named here."], id="an address"),
        pytest.param(
            "event", [f"word {n}" for n in range(11)], ["11 new values of `event`, not named here."], id="many"
        ),
        pytest.param(
            "event",
            ["sent", "0986851234"],
            [
                "New value of `event`: `sent`, in 1 of 1000 records.",
                "1 more new values of `event`, not named here.",
            ],
            id="one of two",
        ),
    ],
)
def test_a_value_that_may_be_personal_is_counted_and_not_named(
    column: str, values: list[str], expected: list[str]
) -> None:
    assert changes(dump(open_values={column: dict.fromkeys(values, 1)}), [dump()] * 14) == expected


@pytest.mark.parametrize("key", ["0986851234", "Nguyen Van A", "a@b.vn"])
def test_a_key_that_may_be_a_value_is_counted_and_not_named(key: str) -> None:
    found = changes(dump(unknown_keys={key: 1, "storeCode": 2}), [dump()] * 14)

    assert found[1:] == ["1 more new keys, not named here."]


def test_only_vocabularies_that_the_contract_lists_words_of_are_named() -> None:
    review = BY_NAME["customer-product-subscriber"]
    before = [dump(open_values={"source_name": {"Website": 1}})] * 14

    drift = compare(review, dump(open_values={"source_name": {"An": 1}}), before)

    assert drift.changes[-1] == "1 new values of `sourceName`, not named here."


def test_values_are_not_compared_if_not_all_of_them_were_stored() -> None:
    before = [dump(open_values={"event": {f"e{n}": 1 for n in range(200)}})] * 14

    drift = compare(SMS, dump(open_values={"event": {"new": 1}}), before)

    assert drift.changes == ()
    assert drift.notes == ("`event` has over 200 values; new ones are not reported.",)


@pytest.mark.parametrize(
    ("newest", "before", "sentence"),
    [
        pytest.param(dump(), [dump()] * 14, "Looks like the 14 dumps before it.", id="stable"),
        pytest.param(
            dump(unknown_keys={"x": 1}),
            [dump()] * (MIN_DUMPS - 1),
            "Only 2 dumps before it contain a valid record; at least 3 are required.",
            id="too few",
        ),
        pytest.param(
            dump(),
            [dump(records=0)] * 14,
            "Only 0 dumps before it contain a valid record; at least 3 are required.",
            id="empty ones before",
        ),
        pytest.param(dump(records=0), [dump()] * 14, "No record of the dump is valid.", id="empty"),
    ],
)
def test_the_summary_is_one_sentence(newest: NormalizedDump, before: list[NormalizedDump], sentence: str) -> None:
    assert compare(SMS, newest, before).summary == sentence


@pytest.mark.full
@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_generated_dumps_of_two_weeks_have_no_changed_share_and_no_changed_key(
    entity: Entity, tmp_path: Path
) -> None:
    generate(tmp_path / "landing", FIRST, DUMPS_COMPARED + 1, 60, entities=[entity.name])

    drift = drift_of_landing(entity, tmp_path)

    assert drift.compared_with == DUMPS_COMPARED
    assert [one for one in drift.changes if not one.startswith(("New value of", "New key"))] == []


def drift_of_landing(entity: Entity, root: Path) -> Drift:
    """Normalize all dumps of an entity, and compare the newest with those before it."""
    for folder in sorted((root / "landing" / entity.name).iterdir()):
        files = [Delivered(path.name, path.stat().st_size, hash_file(path)) for path in folder.glob("part-*")]
        normalize_dump(
            entity,
            date.fromisoformat(folder.name),
            folder,
            files,
            root / "lake",
            NormalizationSettings(),
            workers=1,
        )
    *before, newest = newest_dumps(root / "lake", entity, DUMPS_COMPARED + 1)
    return compare(entity, newest, before)
