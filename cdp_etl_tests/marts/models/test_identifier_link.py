"""Worked examples of `identifier_link`."""

from collections.abc import Sequence

from cdp_etl.marts.models.identifier_link import IDENTIFIER_LINK
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl_tests.marts.loading import ACTIVITY, COMMENT, EMAIL, Loader, make_record


def _pairs(loader: Loader) -> Sequence[tuple[object, ...]]:
    refresh_mart(loader.warehouse, IDENTIFIER_LINK, loader.settings)
    rows = loader.rows("SELECT * EXCLUDE (company_id) FROM marts.identifier_link ORDER BY ALL")
    return [tuple(row.values()) for row in rows]


def test_each_pair_counts_its_records_in_either_order_and_each_identifier_with_itself(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [make_record(ACTIVITY, "1", identifiers=("c:1", "e:a")), make_record(ACTIVITY, "2", identifiers=())],
    )
    loader.load(COMMENT, 1, [make_record(COMMENT, "1", identifiers=("c:1", "e:a"))])
    loader.load(EMAIL, 1, [make_record(EMAIL, "1", identifiers=("e:a",))])

    assert _pairs(loader) == [
        ("c:1", "c:1", 2, 2),
        ("c:1", "e:a", 2, 2),
        ("e:a", "c:1", 2, 0),
        ("e:a", "e:a", 3, 1),
    ]


def test_a_record_that_loses_its_customer_id_moves_the_count_of_customer_keys(loader: Loader) -> None:
    """The pair of e-mail and phone stays on one record, of which the e-mail is the customer key now."""
    loader.load(ACTIVITY, 1, [make_record(ACTIVITY, "1", identifiers=("c:1", "e:a", "p:1"))])
    assert ("e:a", "p:1", 1, 0) in _pairs(loader)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "1", identifiers=("e:a", "p:1"))])

    assert _pairs(loader) == [
        ("e:a", "e:a", 1, 1),
        ("e:a", "p:1", 1, 1),
        ("p:1", "e:a", 1, 0),
        ("p:1", "p:1", 1, 0),
    ]


def test_a_correction_moves_the_count_and_a_deletion_removes_it(loader: Loader) -> None:
    loader.load(
        ACTIVITY,
        1,
        [make_record(ACTIVITY, "1", identifiers=("c:1", "e:a")), make_record(ACTIVITY, "2", identifiers=("c:2",))],
    )
    _pairs(loader)

    loader.load(ACTIVITY, 2, [make_record(ACTIVITY, "1", identifiers=("c:1", "e:b"))])
    assert _pairs(loader) == [
        ("c:1", "c:1", 1, 1), ("c:1", "e:b", 1, 1), ("c:2", "c:2", 1, 1),
        ("e:b", "c:1", 1, 0), ("e:b", "e:b", 1, 0),
    ]  # fmt: skip # the pairs of one record per group

    loader.load(ACTIVITY, 3, [make_record(ACTIVITY, "1", identifiers=("c:1",), record_status="Deleted")])
    assert _pairs(loader) == [("c:2", "c:2", 1, 1)]
