"""Generated dumps and their expected counts."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast, get_args

import pytest

from cdp_etl.contract.base_record import ValidationContext
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import Compression, DataFormat
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.normalize.reference_path import Accepted, validate_record
from cdp_etl.sample import ExpectedCounts, SampleError, generate
from cdp_etl.sample.column_groups import TIMEZONE
from cdp_etl.sample.records import UNKNOWN_KEYS
from cdp_etl.sample.write_dump import PART_ROWS
from cdp_etl_tests.sample.reference_reader import content, count_records, parts, records

FIRST = date(2026, 3, 1)
SECOND = date(2026, 3, 2)
FORMATS = get_args(DataFormat)

each_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
each_format = pytest.mark.parametrize("data_format", FORMATS)
each_format_but_one_is_full = pytest.mark.parametrize(
    "data_format", [FORMATS[0], *(pytest.param(name, marks=pytest.mark.full) for name in FORMATS[1:])]
)


@cache
def fault_free_records(entity: Entity, *, day: date = FIRST, rows: int = 2_000) -> Sequence[dict[str, Any]]:
    """Generate a dump without faults once and return its records."""
    with TemporaryDirectory() as folder:
        generate(Path(folder), day, 1, rows, entities=[entity.name], dirty=0)
        return [cast("dict[str, Any]", one) for one in records(folder_of(Path(folder), entity, day), entity)]


@cache
def validated_rows(entity: Entity, *, day: date = FIRST) -> Sequence[Mapping[str, Any]]:
    """Generate a dump without faults once and return its validated rows by column name, without deletions."""
    context = ValidationContext(NormalizationSettings(), day)
    outcomes = [validate_record(entity, record, context) for record in fault_free_records(entity, day=day)]
    rows = [outcome.row for outcome in outcomes if isinstance(outcome, Accepted)]
    assert len(rows) == len(outcomes)
    return [row for row in rows if row["record_status"] == "Active"]


def folder_of(out: Path, entity: Entity, day: date) -> Path:
    return out / entity.name / day.isoformat()


def bytes_of(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def _pairwise() -> Iterator[Any]:
    """Pair every entity with every format; the days take turns. Half of the cases run for every change."""
    for (row, entity), (column, data_format) in product(enumerate(ENTITIES), enumerate(FORMATS)):
        is_for_every_change = (row + column) % 2 == 0
        day = (FIRST, SECOND)[(row + column // 2) % 2]
        yield pytest.param(
            entity,
            data_format,
            day,
            id=f"{entity.name}-{data_format}-{day}",
            marks=[] if is_for_every_change else pytest.mark.full,
        )


@pytest.mark.parametrize(("entity", "data_format", "day"), list(_pairwise()))
def test_a_dump_has_its_expected_counts(
    tmp_path: Path, entity: Entity, data_format: DataFormat, day: date
) -> None:
    """Half of the records have faults, so that every fault occurs in every field."""
    [expected] = generate(tmp_path, day, 1, 900, entities=[entity.name], dirty=0.5, format=data_format)

    actual = count_records(folder_of(tmp_path, entity, day), entity, day)

    assert {"entity": entity.name, "dump_date": day, **asdict(actual)} == asdict(expected)
    assert expected.quarantined == 450
    assert expected.superseded > 0
    assert expected.with_warnings > 0


@each_format_but_one_is_full
def test_the_share_of_bad_records_is_exact(tmp_path: Path, data_format: DataFormat) -> None:
    for dirty, fault_count in [(0.0, 0), (0.03, 9), (1.0, 300)]:
        expectations = generate(tmp_path, FIRST, 1, 300, dirty=dirty, format=data_format)

        assert {expected.quarantined for expected in expectations} == {fault_count}
        assert all(expected.read == 300 for expected in expectations)


@each_entity
def test_every_kind_of_fault_occurs(tmp_path: Path, entity: Entity) -> None:
    [expected] = generate(tmp_path, FIRST, 1, 1_000, entities=[entity.name], dirty=1)

    facts = Counter[str]()
    for reason, count in expected.reasons.items():
        facts[reason.partition(": ")[2]] += count
    assert {
        "malformed JSON", "not UTF-8", "not an object", "not this entity", "required", "wrong type",
        "out of range",
        "out of range, looks like seconds where milliseconds are expected", "not one of Active, Deleted",
    } <= facts.keys()  # fmt: skip # a list of words
    required = {f"{field.contract_name}: required" for field in entity.fields if field.is_required}
    assert required <= expected.reasons.keys()


@each_entity
def test_every_declared_field_is_generated_and_every_generated_key_is_known(entity: Entity) -> None:
    keys = {key for record in fault_free_records(entity, rows=5_000) for key in record}

    declared = set(entity.by_contract_name)
    own = {"customFieldTexts", "customFieldNumbers", "customFieldFlags", "ignoredUpdateCfs"}
    assert declared - keys == set()
    assert keys - declared - own <= UNKNOWN_KEYS


@pytest.mark.full
@pytest.mark.parametrize(
    ("data_format", "compression"),
    [
        ("parquet", "none"),
        *(
            pytest.param(data_format, compression, marks=[] if number % 4 == 0 else pytest.mark.full)
            for number, (data_format, compression) in enumerate(
                product((name for name in FORMATS if name != "parquet"), get_args(Compression))
            )
        ),
    ],
)
def test_equal_arguments_produce_equal_bytes(
    tmp_path: Path, data_format: DataFormat, compression: Compression
) -> None:
    for name in ("once", "twice"):
        generate(tmp_path / name, FIRST, 1, 200, format=data_format, compression=compression)

    assert bytes_of(tmp_path / "once") == bytes_of(tmp_path / "twice")


def test_another_seed_produces_other_records(tmp_path: Path) -> None:
    for seed in (1, 2):
        generate(tmp_path / str(seed), FIRST, 1, 50, seed=seed)

    assert bytes_of(tmp_path / "1") != bytes_of(tmp_path / "2")


def test_a_dump_is_the_same_whatever_else_is_generated_with_it(tmp_path: Path) -> None:
    generate(tmp_path / "all", FIRST, 3, 100)
    generate(tmp_path / "alone", SECOND, 1, 100, entities=["sms-interaction"])

    alone = bytes_of(tmp_path / "alone")
    everything = bytes_of(tmp_path / "all")
    assert {name: everything[name] for name in alone} == alone
    assert len(everything) == 3 * len(ENTITIES) * 2


def test_the_expected_counts_are_written_next_to_the_dump(tmp_path: Path) -> None:
    [expected] = generate(tmp_path, FIRST, 1, 100, entities=["email-interaction"])

    written = json.loads((tmp_path / "email-interaction" / "2026-03-01" / "_expected.json").read_text("utf-8"))
    assert ExpectedCounts(**written | {"dump_date": date.fromisoformat(written["dump_date"])}) == expected


@pytest.mark.full
def test_customers_are_the_same_persons_in_every_entity_and_on_every_day() -> None:
    known = defaultdict[str, set[tuple[Any, ...]]](set)
    seen_in = defaultdict[str, set[tuple[str, date]]](set)
    for entity in (entity for entity in ENTITIES if entity.has_customer):
        for day in (FIRST, SECOND):
            for row in validated_rows(entity, day=day):
                person = row["customer_id"]
                if person not in {None, "GUEST"}:
                    known[person].add((row["customer_name"], row["customer_phone"], row["customer_email"]))
                    seen_in[person].add((entity.name, day))

    assert {len(variants) for variants in known.values()} == {1}
    places = len({place for person in seen_in.values() for place in person})
    assert (
        max(len(of_person) for of_person in seen_in.values())
        == places
        == 2 * sum(entity.has_customer for entity in ENTITIES)
    )


def test_products_are_the_same_everywhere_and_a_few_are_very_frequent() -> None:
    names = defaultdict[str, set[str]](set)
    counts = Counter[str]()
    for entity in (entity for entity in ENTITIES if entity.has_customer):
        for row in validated_rows(entity):
            names[row["product_sku"]].add(row["product_name"])
            counts[row["product_sku"]] += 1

    assert {len(spellings) for spellings in names.values()} == {1}
    assert sum(count for _, count in counts.most_common(100)) > 0.3 * counts.total()
    assert len(counts) > 1_000


@pytest.mark.full
@pytest.mark.parametrize(
    ("name", "contact"), [("email-interaction", "email"), ("sms-interaction", "phone_number")]
)
def test_messages_are_sent_before_they_are_opened_or_clicked(name: str, contact: str) -> None:
    events = [row for day in (FIRST, SECOND) for row in validated_rows(BY_NAME[name], day=day)]

    sent = {row["message_id"]: row for row in events if row["event"] == "sent"}
    later = [row for row in events if row["event"] != "sent" and row["message_id"] in sent]
    for row in later:
        first = sent[row["message_id"]]
        assert row["event_at"] > first["event_at"]
        assert (row[contact], row["campaign_id"]) == (first[contact], first["campaign_id"])
    counts = Counter(row["event"] for row in events)
    assert counts["sent"] > 2 * counts["clicked"] > 0
    assert len(later) > 0.8 * (counts.total() - counts["sent"])
    assert any(row["event_at"].date() > sent[row["message_id"]]["event_at"].date() for row in later)


@each_entity
def test_most_events_are_of_the_dump_date_and_some_of_earlier_days(entity: Entity) -> None:
    days = Counter(row[entity.main_timestamp].date() for row in validated_rows(entity))

    assert days[FIRST] > 0.7 * days.total()
    assert len(days) > 2
    assert max(days) == FIRST


@each_entity
def test_some_systems_deliver_local_time_and_some_do_not(entity: Entity) -> None:
    zones = Counter(row["timezone_gmt"] for row in validated_rows(entity))

    assert zones.keys() == {TIMEZONE, None}


@each_entity
def test_records_are_repeated_in_the_same_and_in_later_dumps_and_some_are_deleted(entity: Entity) -> None:
    first, second = (fault_free_records(entity, day=day) for day in (FIRST, SECOND))

    ids = [{record[entity.own_id_field] for record in dump} for dump in (first, second)]
    again = ids[0] & ids[1]
    assert len(ids[0]) < len(first)
    assert again
    assert any(
        record.get("recordStatus") == "Deleted" for record in second if record[entity.own_id_field] in again
    )
    assert any(len(record) <= 4 and record.get("recordStatus") == "Deleted" for record in second), (
        "no record has nothing but its key"
    )


def test_only_entities_that_support_it_deliver_ignored_update_cfs_without_warning() -> None:
    for entity in ENTITIES:
        delivered = [record for record in fault_free_records(entity) if "ignoredUpdateCfs" in record]

        assert (len(delivered) > 10) == entity.supports_ignored_update_cfs


@pytest.mark.full
def test_a_large_dump_is_split_into_parts(tmp_path: Path) -> None:
    entity = BY_NAME["sms-interaction"]
    rows = PART_ROWS + 1

    [expected] = generate(tmp_path, FIRST, 1, rows, entities=[entity.name], format="csv")

    files = parts(folder_of(tmp_path, entity, FIRST))
    assert [path.name for path in files] == ["part-1.csv", "part-2.csv"]
    assert content(files[1]).count(b"\r\n") == 2
    assert expected.read == rows


@each_format
def test_a_dump_without_records_is_a_readable_file(tmp_path: Path, data_format: DataFormat) -> None:
    for expected in generate(tmp_path, SECOND, 1, 0, format=data_format):
        entity = BY_NAME[expected.entity]
        folder = folder_of(tmp_path, entity, SECOND)

        assert len(parts(folder)) == 1
        assert list(records(folder, entity)) == []
        assert expected == ExpectedCounts(entity.name, SECOND, 0, 0, 0, 0, 0, {})


def test_a_dump_that_is_generated_again_replaces_the_earlier_one(tmp_path: Path) -> None:
    generate(tmp_path, FIRST, 1, 50, entities=["sms-interaction"], format="csv")

    generate(tmp_path, FIRST, 1, 50, entities=["sms-interaction"], format="json")

    names = sorted(path.name for path in (tmp_path / "sms-interaction").rglob("*"))
    assert names == ["2026-03-01", "_expected.json", "part-1.json"]


def test_a_folder_that_was_not_generated_is_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "sms-interaction" / "2026-03-01"
    folder.mkdir(parents=True)
    (folder / "real.csv").write_text("id\n1\n")

    with pytest.raises(SampleError, match=r"2026-03-01: has no _expected\.json"):
        generate(tmp_path, FIRST, 1, 1, entities=["sms-interaction"])

    assert (folder / "real.csv").read_text() == "id\n1\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"days": 0}, "number of days is 0", id="no days"),
        pytest.param({"rows": -1}, "number of rows is -1", id="negative number of rows"),
        pytest.param({"dirty": 1.5}, "share of bad records is 1.5", id="share of faults above 1"),
        pytest.param(
            {"format": "parquet", "compression": "gz"}, "expected compression none", id="Parquet in gzip"
        ),
        pytest.param({"entities": ["purchase"]}, "no entity purchase; expected one of", id="unknown entity"),
    ],
)
def test_wrong_arguments_raise_an_error_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    options: dict[str, Any] = {"first": FIRST, "days": 1, "rows": 1} | arguments

    with pytest.raises(SampleError, match=message):
        generate(tmp_path / "zone", **options)

    assert not (tmp_path / "zone").exists()


def test_progress_is_reported_after_each_dump(tmp_path: Path) -> None:
    sentences: list[str] = []

    generate(tmp_path, FIRST, 2, 3, entities=["sms-interaction"], progress=sentences.append)

    assert sentences == [f"sms-interaction 2026-03-0{day}: 3 records written" for day in (1, 2)]
