"""Property of any sequence of loads: the warehouse depends only on the last content of each dump."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.custom_field_merge import CustomFieldVersion, merge_versions
from cdp_etl.warehouse import Warehouse
from cdp_etl_tests.examples import examples
from cdp_etl_tests.warehouse.conftest import at
from cdp_etl_tests.warehouse.loading import comment, load_records, rows, rows_of

Content = dict[str, dict[str, Any]]
"""Content of a dump: the values of each comment, by its id."""

FACTS = "record_key, company_id, activity_date, customer_key, identifiers, product_sku"
STAGED = "FROM staging.customer_product_comment"
VIEW = "SELECT record_key, title, custom_fields, dump_date FROM staging.customer_product_comment_current"
FEED_VIEW = f"SELECT {FACTS} FROM staging.customer_product_comment_current"

customs = st.sampled_from(
    [
        None,
        '{"customFieldTexts":{"a":"1"}}',
        '{"customFieldTexts":{"a":"2","b":"2"}}',
        '{"customFieldLongs":{"a":3},"customFieldTexts":{"b":"3"}}',
    ]
)
versions = st.fixed_dictionaries(
    {
        "title": st.sampled_from(["x", "y"]),
        "product_sku": st.sampled_from(["A", "B"]),
        "customer_key": st.sampled_from(["c:1", "e:a@b.example", None]),
        "custom_fields": customs,
        "ignored_update_cfs": st.sampled_from([None, [], ["a"], ["a", "b"]]),
        "record_status": st.sampled_from(["Active", "Active", "Active", "Deleted"]),
    }
)
contents = st.dictionaries(st.sampled_from(["1", "2", "3"]), versions, max_size=3)
deliveries = st.lists(st.tuples(st.integers(1, 4), contents), min_size=1, max_size=7)


@contextmanager
def new_warehouse() -> Iterator[Warehouse]:
    with tempfile.TemporaryDirectory() as folder:
        warehouse = at(Path(folder) / "cdp.duckdb")
        with warehouse.writing():
            pass
        yield warehouse


def load_content(warehouse: Warehouse, number: int, content: Content) -> int:
    records = [
        comment(own_id, source_position=position, **values)
        for position, (own_id, values) in enumerate(content.items(), start=1)
    ]
    return load_records(warehouse, number, records).load_seq


def read(warehouse: Warehouse, *queries: str) -> list[list[tuple[Any, ...]]]:
    with warehouse.reading() as connection:
        return [rows_of(connection, query) for query in queries]


def plain_model(dumps: dict[int, Content]) -> list[tuple[str, str, str | None, int]]:
    """Return key, title, custom fields and dump of the rows that the view must show, by docs/records.md."""
    shown = []
    for own_id in {own_id for content in dumps.values() for own_id in content}:
        history = [(number, dumps[number][own_id]) for number in sorted(dumps) if own_id in dumps[number]]
        number, newest = history[-1]
        folded = merge_versions(
            CustomFieldVersion(
                version["custom_fields"],
                frozenset(version["ignored_update_cfs"] or []),
                version["record_status"] == "Deleted",
            )
            for _, version in history
        )
        if not folded.is_deleted:
            shown.append((f"||{own_id}", newest["title"], folded.custom_fields, number))
    return sorted(shown, key=repr)


# Few examples, because a load waits for the disk.
@examples(12)
@given(deliveries)
def test_any_order_and_repetition_of_loads_gives_the_same_staging(history: list[tuple[int, Content]]) -> None:
    last: dict[int, Content] = {}
    with new_warehouse() as warehouse, new_warehouse() as in_date_order:
        for number, content in history:
            load_content(warehouse, number, content)
            last[number] = content
        for number in sorted(last):
            load_content(in_date_order, number, last[number])

        assert rows(warehouse, STAGED) == rows(in_date_order, STAGED)
        assert [(key, title, custom, day.day) for key, title, custom, day in rows(warehouse, VIEW)] == plain_model(
            last
        )


@examples(8)  # as above
@given(deliveries)
def test_the_change_feed_equals_the_changes_of_the_view(history: list[tuple[int, Content]]) -> None:
    with new_warehouse() as warehouse:
        for number, content in history:
            before, facts_before = read(warehouse, VIEW, FEED_VIEW)
            load_seq = load_content(warehouse, number, content)
            feed = f"SELECT {FACTS} FROM ops.change_feed WHERE load_seq = {load_seq} AND image = "
            after, facts_after, fed_before, fed_after = read(
                warehouse, VIEW, FEED_VIEW, f"{feed}'before'", f"{feed}'after'"
            )

            touched = {row[0] for row in fed_before + fed_after}
            changed = {row[0] for row in before + after if row not in before or row not in after}
            assert changed <= touched
            assert fed_before == [row for row in facts_before if row[0] in touched]
            assert fed_after == [row for row in facts_after if row[0] in touched]
