"""Segments: the file, its conditions, and worked examples of `segment_member` and `segment_daily`."""

import re
from pathlib import Path

import duckdb
import pytest

from cdp_etl.marts.errors import SegmentFailedError, SegmentsInvalidError
from cdp_etl.marts.models.segment_conditions import load_segments
from cdp_etl.marts.models.segment_member import SEGMENT_MEMBER
from cdp_etl.marts.refresh import rebuild_mart, refresh_mart
from cdp_etl.marts.settings import MartSettings
from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl_tests.marts.loading import ACTIVITY, SUBSCRIBER, Loader, make_record

EXAMPLE = Path(__file__).parents[3] / "docs" / "segments.yaml"


def _declared(folder: Path, condition: str, *, personal: str = "false") -> Path:
    path = folder / "segments.yaml"
    path.write_text(
        f"segments: [{{name: one, description: One., condition: {condition!r}, personal: {personal}}}]",
        encoding="utf-8",
    )
    return path


def _members(loader: Loader) -> list[tuple[str, str]]:
    refresh_mart(loader.warehouse, SEGMENT_MEMBER, loader.settings)
    rows = loader.rows("SELECT segment, person_id FROM marts.segment_member ORDER BY ALL")
    return [(row["segment"], row["person_id"]) for row in rows]


def test_the_example_of_the_documentation(loader: Loader) -> None:
    settings = MartSettings(segments=load_segments(EXAMPLE))
    example = Loader(loader.folder, settings)
    example.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", identifiers=("c:1",), action="Purchase", price=600.0, customer_name="A"),
            make_record(ACTIVITY, "2", identifiers=("c:2", "e:b@x.vn"), action="Purchase", price=700.0),
            make_record(ACTIVITY, "3", identifiers=("c:3",), action="Search"),
        ],
    )
    refused = make_record(SUBSCRIBER, "1", identifiers=("e:b@x.vn",), status="Unsubscribed")
    example.load(SUBSCRIBER, 1, [refused])
    assert _members(example) == [
        ("big_spenders", "c:1"),
        ("named", "c:1"),
        ("one_time_buyers", "c:1"),
        ("one_time_buyers", "c:2"),
    ]

    example.load(
        ACTIVITY, 2, [make_record(ACTIVITY, "4", on=2, identifiers=("c:1",), action="Refund", price=200.0)]
    )
    example.load(ACTIVITY, 3, [make_record(ACTIVITY, "5", on=3, identifiers=("c:2",), action="Purchase")])
    assert _members(example) == [("named", "c:1"), ("one_time_buyers", "c:1")]

    fewer = Loader(loader.folder, MartSettings(segments={"all": "TRUE"}))
    assert _members(fewer) == [("all", "c:1"), ("all", "c:2"), ("all", "c:3")]
    assert _members(Loader(loader.folder, MartSettings())) == []


@pytest.mark.parametrize(
    ("condition", "fact"),
    [
        ("count(*) > 1", "Count is not allowed"),
        ("revenue > (SELECT 1)", "Subquery is not allowed"),
        ("EXISTS (SELECT 1 FROM interaction)", "Exists is not allowed"),
        ("revenue > sum(revenue) OVER ()", "Window is not allowed"),
        ("read_text('/etc/passwd') IS NULL", "is not allowed"),
        ("getvariable('segments') IS NULL", "Anonymous is not allowed"),
        ("random() < 0.5", "is not allowed"),
        ("now() > first_at", "is not allowed"),
        ("revenue = $1", "is not allowed"),
        ("true; DROP TABLE customer", "is not allowed"),
        ("ops.load_seq = 1", "customer has no such column"),
        ("rfm_segment = 'lost'", "customer has no such column"),
        ("customer_name = 'A'", "customer_name is personal"),
        ("revenue::VARCHAR = '1'", "only a date may be converted"),
        ("revenue / purchase_count > 5", "Div is not allowed"),
        ("purchase_count", "must be true or false"),
        ("identifiers = 1 AND", "the condition is not SQL"),
        ("has_email_consent > DATE '2026-01-01'", "cannot be compared"),
        ("first_at > DATE '2026-02-30'", "cannot be compared"),
        ("interaction_count > 0 AND first_at > 'yesterday'", "cannot be compared"),
        ("NOT " * 2_000 + "true", "nested too deeply"),
        (" " * 10_001, "name, description and condition must be texts"),
        ("true" + " AND true" * 2_000, "longer than 10,000 characters"),
    ],
)
def test_a_condition_that_reads_anything_but_one_person_is_refused(
    tmp_path: Path, condition: str, fact: str
) -> None:
    with pytest.raises(SegmentsInvalidError, match=re.escape(fact)):
        load_segments(_declared(tmp_path, condition))


def test_what_runs_is_rendered_from_the_tree_and_not_the_text(tmp_path: Path) -> None:
    path = _declared(tmp_path, "revenue>=1 /* note */ and not customer_name like 'x%'", personal="true")

    assert load_segments(path) == {"one": '"revenue" >= 1 AND NOT "customer_name" LIKE \'x%\''}


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("segments: {", "it cannot be read"),
        ("[" * 3_000, "it cannot be read (RecursionError)"),
        ("segments: [{name: a, description: x, condition: 2026-99-99}]", "it cannot be read (ValueError)"),
        ("segments: []\nsegments: []", "it cannot be read (ConstructorError)"),
        ("segments: [{name: a, name: b, description: x, condition: 'true'}]", "it cannot be read"),
        ("other: []", "expected the key segments"),
        ("segments: [{name: A b, description: x, condition: 'true'}]", "lower letters, digits and _ only"),
        ("segments: [{name: a, description: x}]", "expected name, description and condition"),
        ("segments: [{name: a, description: x, condition: 'true', sql: x}]", "expected name, description"),
        (
            "segments: [{name: a, description: x, condition: 'true', personal: 1}]",
            "personal must be true or false",
        ),
        (
            f"segments: [{', '.join(['{name: a, description: x, condition: TRUE IS NULL}'] * 2)}]",
            "two segments have the name a",
        ),
    ],
)
def test_a_file_that_is_not_valid_is_refused_with_what_was_expected(tmp_path: Path, text: str, fact: str) -> None:
    path = tmp_path / "segments.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SegmentsInvalidError, match=re.escape(fact)):
        load_segments(path)


def test_a_condition_whose_number_gets_too_large_is_named(loader: Loader) -> None:
    loader = Loader(
        loader.folder,
        MartSettings(segments={"a": "TRUE", "b": "abs(interaction_count + 9223372036854775807) > 0"}),
    )
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", identifiers=("c:1",))])

    with pytest.raises(SegmentFailedError, match="Segment b cannot be computed"):
        _members(loader)


_BUYERS = MartSettings(segments={"buyers": "purchase_count > 0"})


def _log(loader: Loader) -> list[tuple[int, ...]]:
    refresh_mart(loader.warehouse, SEGMENT_MEMBER, loader.settings)
    rows = loader.rows(
        "SELECT day(dump_date), member_count, joined_count, left_count FROM marts.segment_daily ORDER BY ALL"
    )
    return [tuple(row.values()) for row in rows]


def test_the_log_has_a_row_for_each_dump_date_and_replaces_it_in_a_later_run(loader: Loader) -> None:
    """The example of the documentation; a publish in between shows the replaced row once."""
    loader = Loader(loader.folder, _BUYERS)
    purchases = [make_record(ACTIVITY, n, identifiers=(f"c:{n}",), action="Purchase") for n in ("1", "2", "3")]
    loader.load(ACTIVITY, 1, purchases[:2])
    assert _log(loader) == [(1, 2, 2, 0)]

    loader.load(ACTIVITY, 2, [purchases[2]])
    assert _log(loader) == [(1, 2, 2, 0), (2, 3, 1, 0)]

    loader.publish()
    gone = make_record(ACTIVITY, "1", identifiers=("c:1",), action="Purchase", record_status="Deleted")
    loader.load(ACTIVITY, 2, [purchases[2], gone])
    assert _log(loader) == [(1, 2, 2, 0), (2, 2, 1, 1)]
    loader.publish()
    assert _published_sizes(loader) == [(2,), (2,)]

    rebuild_mart(loader.warehouse, SEGMENT_MEMBER, loader.settings)
    assert _log(loader) == [(1, 2, 2, 0), (2, 2, 1, 1)]

    nobody = Loader(loader.folder, MartSettings(segments={"buyers": "purchase_count > 5"}))
    assert _log(nobody) == [(1, 2, 2, 0), (2, 0, 1, 3)]


def _published_sizes(loader: Loader) -> list[tuple[int, ...]]:
    with duckdb.connect(loader.folder / "published" / DATABASE, read_only=True) as connection:
        return connection.execute("SELECT member_count FROM marts.segment_daily ORDER BY dump_date").fetchall()
