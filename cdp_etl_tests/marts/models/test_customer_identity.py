"""Worked examples of identity matching, and an independent recomputation without libraries."""

import tempfile
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.marts.models.customer_identity import CUSTOMER_IDENTITY, IDENTITY_CHANGE
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl.marts.registry import mart_named
from cdp_etl.marts.settings import MartSettings
from cdp_etl_tests.examples import examples
from cdp_etl_tests.marts.loading import ACTIVITY, Loader, make_record


def _load(loader: Loader, *records: Sequence[str], dump_day: int = 1) -> None:
    loader.load(
        ACTIVITY,
        dump_day,
        [
            make_record(ACTIVITY, f"{dump_day}-{number}", identifiers=identifiers)
            for number, identifiers in enumerate(records)
        ],
    )


def _persons(loader: Loader) -> Mapping[str, str]:
    refresh_mart(loader.warehouse, CUSTOMER_IDENTITY, loader.settings)
    rows = loader.rows("SELECT identifier, person_id FROM marts.customer_identity")
    return {row["identifier"]: row["person_id"] for row in rows}


def test_identifiers_linked_by_a_chain_of_records_are_one_person(loader: Loader) -> None:
    _load(loader, ("c:2", "e:a"), ("c:1", "e:a"), ("e:b", "p:1"), ("c:9",))

    assert _persons(loader) == {
        "c:1": "c:1",
        "c:2": "c:1",
        "e:a": "c:1",
        "e:b": "e:b",
        "p:1": "e:b",
        "c:9": "c:9",
    }


def test_a_person_does_not_cross_companies(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", identifiers=("c:1", "e:a"), company_id="A"),
            make_record(ACTIVITY, "2", identifiers=("c:2", "e:a"), company_id="B"),
        ],
    )
    refresh_mart(loader.warehouse, CUSTOMER_IDENTITY, loader.settings)

    rows = loader.rows("SELECT company_id, identifier, person_id FROM marts.customer_identity ORDER BY ALL")

    assert [tuple(row.values()) for row in rows] == [
        ("A", "c:1", "c:1"),
        ("A", "e:a", "c:1"),
        ("B", "c:2", "c:2"),
        ("B", "e:a", "c:2"),
    ]


@pytest.mark.parametrize(
    ("records", "shared", "reason"),
    [
        pytest.param(
            [(f"c:{number}", "p:call-centre") for number in range(6)],
            "p:call-centre",
            "occurs with 6 customer ids, more than 5",
            id="phone of a call centre",
        ),
        pytest.param(
            [("c:GUEST", f"e:{number}") for number in range(6)],
            "c:GUEST",
            "occurs with 6 emails, more than 5",
            id="customer id of guests",
            marks=pytest.mark.full,
        ),
        pytest.param(
            [("c:0", f"p:{number}") for number in range(6)],
            "c:0",
            "occurs with 6 phones, more than 5",
            id="customer id zero",
            marks=pytest.mark.full,
        ),
        pytest.param(
            [("e:shop", f"p:{number}") for number in range(6)],
            "e:shop",
            "occurs with 6 phones, more than 5",
            id="e-mail address of a shop",
            marks=pytest.mark.full,
        ),
    ],
)
def test_a_shared_identifier_is_excluded_with_its_reason(
    loader: Loader, records: Sequence[Sequence[str]], shared: str, reason: str
) -> None:
    _load(loader, *records)

    persons = _persons(loader)
    refresh_mart(loader.warehouse, mart_named("shared_identifier"), loader.settings)

    assert persons == {name: name for name in persons}
    assert loader.rows("FROM marts.shared_identifier") == [
        {
            "company_id": "",
            "identifier": shared,
            "customer_id_count": reason.count("customer") * 6,
            "email_count": reason.count("email") * 6,
            "phone_count": reason.count("phone") * 6,
            "exclusion_reason": reason,
        }
    ]


def test_an_identifier_with_the_maximum_number_of_customers_links_them(loader: Loader) -> None:
    _load(loader, *[(f"c:{number}", "p:family") for number in range(5)])

    assert set(_persons(loader).values()) == {"c:0"}


@pytest.mark.full
def test_an_identifier_that_is_no_longer_shared_links_records_of_earlier_loads(loader: Loader) -> None:
    _load(loader, *[(f"c:{number}", "p:1") for number in range(5)], dump_day=1)
    _load(loader, ("c:5", "p:1"), dump_day=2)
    assert set(_persons(loader).values()) == {*(f"c:{number}" for number in range(6)), "p:1"}

    _load(loader, ("c:5",), dump_day=2)

    assert set(_persons(loader).values()) == {"c:0", "c:5"}


def test_an_identifier_on_the_denylist_is_excluded(tmp_path: Path) -> None:
    loader = Loader(tmp_path, MartSettings(identifier_denylist=("c:GUEST",)))
    _load(loader, ("c:GUEST", "e:a"), ("c:GUEST", "e:b"))

    persons = _persons(loader)

    assert persons == {"c:GUEST": "c:GUEST", "e:a": "e:a", "e:b": "e:b"}


def test_a_changed_setting_rebuilds_the_persons(loader: Loader) -> None:
    _load(loader, ("c:1", "e:a"), ("c:2", "e:a"))
    assert set(_persons(loader).values()) == {"c:1"}

    strict = Loader(loader.folder, MartSettings(max_customers_per_identifier=1))

    assert set(_persons(strict).values()) == {"c:1", "c:2", "e:a"}


def test_merges_and_splits_are_logged_with_their_load(loader: Loader) -> None:
    _load(loader, ("c:1", "e:a"), ("c:2", "e:b"), dump_day=1)
    refresh_mart(loader.warehouse, IDENTITY_CHANGE, loader.settings)
    _load(loader, ("e:a", "e:b"), dump_day=2)
    refresh_mart(loader.warehouse, IDENTITY_CHANGE, loader.settings)
    _load(loader, dump_day=2)
    refresh_mart(loader.warehouse, IDENTITY_CHANGE, loader.settings)
    _load(loader, ("c:1", "e:a"), ("c:2",), dump_day=1)
    refresh_mart(loader.warehouse, IDENTITY_CHANGE, loader.settings)

    rows = loader.rows(
        "SELECT load_seq, identifier, person_before, person_after"
        " FROM marts.customer_identity_change ORDER BY load_seq, identifier"
    )

    assert [tuple(row.values()) for row in rows] == [
        (2, "c:2", "c:2", "c:1"),
        (2, "e:b", "c:2", "c:1"),
        (3, "c:2", "c:1", "c:2"),
        (3, "e:b", "c:1", "c:2"),
        (4, "e:b", "c:2", None),
    ]


def test_records_that_add_no_identifier_log_no_change(loader: Loader) -> None:
    _load(loader, ("c:1", "e:a"), dump_day=1)
    refresh_mart(loader.warehouse, IDENTITY_CHANGE, loader.settings)

    _load(loader, ("c:1", "e:a"), ("c:1",), ("c:7", "e:z"), dump_day=2)
    refresh_mart(loader.warehouse, IDENTITY_CHANGE, loader.settings)

    assert loader.rows("FROM marts.customer_identity_change") == []


def test_a_rebuild_keeps_the_change_log(loader: Loader) -> None:
    _load(loader, ("c:1", "e:a"), ("c:2", "e:b"), dump_day=1)
    refresh_mart(loader.warehouse, IDENTITY_CHANGE, loader.settings)
    _load(loader, ("e:a", "e:b"), dump_day=2)
    refresh_mart(loader.warehouse, IDENTITY_CHANGE, loader.settings)

    strict = MartSettings(identifier_denylist=("e:a",))
    refresh_mart(loader.warehouse, IDENTITY_CHANGE, strict)

    assert loader.rows("SELECT count(DISTINCT changed_at) AS n FROM marts.customer_identity_change") == [{"n": 2}]


_NAMES = st.sampled_from(["c:1", "c:2", "c:3", "c:4", "e:a", "e:b", "e:c", "p:1", "p:2", "p:3"])


@examples(15)
@given(records=st.lists(st.sets(_NAMES, min_size=1, max_size=3), max_size=10), maximum=st.integers(1, 3))
def test_persons_equal_an_independent_recomputation(records: list[set[str]], maximum: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        loader = Loader(Path(folder), MartSettings(max_customers_per_identifier=maximum))
        _load(loader, *[sorted(record) for record in records])

        assert _persons(loader) == _recomputed(records, maximum)


def _recomputed(records: Sequence[set[str]], maximum: int) -> dict[str, str]:
    """Return the person of each identifier by merging sets until nothing changes."""
    names = set().union(*records)
    neighbours = {name: set().union(*(record for record in records if name in record)) - {name} for name in names}
    links = {
        name
        for name, others in neighbours.items()
        if all(sum(other.startswith(kind) for other in others) <= maximum for kind in ("c:", "e:", "p:"))
    }
    persons = [{name} for name in names]
    for record in records:
        for one, other in combinations(record & links, 2):
            joined = [person for person in persons if one in person or other in person]
            persons = [person for person in persons if person not in joined] + [set().union(*joined)]
    return {name: min(person) for person in persons for name in person}


def test_a_placeholder_is_listed_with_its_reason_and_links_nobody(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [
            make_record(ACTIVITY, "1", identifiers=("e:a", "p:1"), placeholders=["c:null"]),
            make_record(ACTIVITY, "2", identifiers=("e:b",), placeholders=["c:null"]),
            make_record(ACTIVITY, "3", identifiers=(), placeholders=["c:0", "p:0"]),
        ],
    )

    persons = _persons(loader)
    refresh_mart(loader.warehouse, mart_named("shared_identifier"), loader.settings)

    assert persons == {"e:a": "e:a", "p:1": "e:a", "e:b": "e:b"}
    listed = "FROM marts.shared_identifier ORDER BY identifier"
    counted = [tuple(row.values())[1:] for row in loader.rows(listed)]
    assert counted == [
        ("c:0", 0, 0, 0, "placeholder"),
        ("c:null", 0, 2, 1, "placeholder"),
        ("p:0", 0, 0, 0, "placeholder"),
    ]


def test_a_value_that_became_a_placeholder_is_listed_once(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [make_record(ACTIVITY, str(number), identifiers=("c:guest", f"e:{number}")) for number in range(6)],
    )
    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "9", identifiers=("e:9",), placeholders=["c:guest"])])

    refresh_mart(loader.warehouse, mart_named("shared_identifier"), loader.settings)

    assert loader.rows("SELECT identifier, email_count FROM marts.shared_identifier") == [
        {"identifier": "c:guest", "email_count": 6}
    ]
