"""Which outcomes in the lake the ledger holds on to."""

from pathlib import Path

from cdp_etl.warehouse import Warehouse, outcomes_referred_to, record_attempt
from cdp_etl_tests.warehouse.dumps import COMMENT
from cdp_etl_tests.warehouse.loading import comment, day, load, write_lake


def test_of_each_dump_the_load_in_place_and_the_newest_outcome_are_referred_to(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """The second dump of the first day is refused: it is the newest, and the first load stays in place."""
    replaced, in_place, refused, other = (
        write_lake(tmp_path / name, number, [comment(name)], quarantined=quarantined)
        for name, number, quarantined in (("a", 1, 0), ("b", 1, 0), ("c", 1, 9), ("d", 2, 0))
    )
    for dump in (replaced, in_place, refused, other):
        load(warehouse, dump)

    record_attempt(warehouse, COMMENT, day(1), "failed", "The zone does not answer.")

    assert outcomes_referred_to(warehouse) == {
        (COMMENT.table, day(1), in_place.content_fingerprint),
        (COMMENT.table, day(1), refused.content_fingerprint),
        (COMMENT.table, day(2), other.content_fingerprint),
    }


def test_nothing_is_referred_to_where_there_is_no_warehouse(warehouse: Warehouse) -> None:
    assert outcomes_referred_to(warehouse) == set()
