"""Load of one dump into staging: current versions, refused dumps, change feed, ledger."""

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from cdp_etl.warehouse import LoadFailedError, LoadNotBalancedError, Warehouse, ledger, load_dump
from cdp_etl.warehouse.errors import OutputOlderError
from cdp_etl_tests.warehouse.dumps import COMMENT, EMAIL, File, record, write_dump
from cdp_etl_tests.warehouse.loading import comment, day, load, load_records, rows, write_lake

STAGED = "SELECT comment_id, dump_date, title, is_current FROM staging.customer_product_comment"
CURRENT = "SELECT comment_id, title FROM staging.customer_product_comment_current"
CUSTOM = "SELECT comment_id, custom_fields FROM staging.customer_product_comment_current"
FEED = (
    "SELECT record_key, image, product_sku FROM ops.change_feed"
    " WHERE load_seq = (SELECT max(load_seq) FROM ops.load)"
)


def texts(**fields: str) -> str:
    """Return the JSON of text custom fields."""
    return '{"customFieldTexts":{' + ",".join(f'"{name}":"{value}"' for name, value in fields.items()) + "}}"


def test_every_column_of_the_lake_is_stored_unchanged(warehouse: Warehouse) -> None:
    delivered = comment(
        "1",
        system_name="Website",
        content="Xin hỏi sản phẩm này còn không?",
        product_price=23520000.5,
        custom_fields='{"customFieldTexts":{"a":"1"}}',
        extra_fields='{"productId":"PID1"}',
        ignored_update_cfs=["a"],
        warnings=["customerPhone: not a dialable number"],
        identifiers=["c:1", "e:a@b.example"],
    )

    load_records(warehouse, 1, [delivered])

    with warehouse.reading() as connection:
        stored = connection.sql("FROM staging.customer_product_comment").pl().row(0, named=True)
    assert stored == delivered | {"dump_date": day(1), "is_current": True, "current_custom_fields": None}


def test_a_later_dump_has_the_newer_version(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", title="old"), comment("2", title="only")])
    load_records(warehouse, 2, [comment("1", title="new")])

    assert rows(warehouse, CURRENT) == [("1", "new"), ("2", "only")]
    assert rows(warehouse, STAGED) == [
        ("1", day(1), "old", False),
        ("1", day(2), "new", True),
        ("2", day(1), "only", True),
    ]


def test_an_older_dump_loaded_later_leaves_the_newer_version_current(warehouse: Warehouse) -> None:
    load_records(warehouse, 2, [comment("1", title="new")])
    load_records(warehouse, 1, [comment("1", title="old"), comment("2", title="only")])

    assert rows(warehouse, CURRENT) == [("1", "new"), ("2", "only")]


def test_a_reload_replaces_its_own_dump_and_nothing_else(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", title="first day"), comment("2", title="first day")])
    load_records(warehouse, 2, [comment("3", title="second day")])
    load_records(warehouse, 1, [comment("1", title="corrected")])

    assert rows(warehouse, CURRENT) == [("1", "corrected"), ("3", "second day")]


def test_a_reload_without_a_key_restores_its_older_version_and_reports_it(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", title="old")])
    load_records(warehouse, 2, [comment("1", title="new"), comment("2")])

    result = load_records(warehouse, 2, [comment("2")])

    assert rows(warehouse, CURRENT) == [("1", "old"), ("2", None)]
    assert result.restored_versions == 1
    assert result.findings == (
        "1 of 2 records that were loaded are no longer in this dump.",
        "For 1 records an older version is current again, because this dump no longer contains the newer one.",
    )


def test_an_empty_dump_replaces_what_was_loaded(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1")], quarantined=1, superseded=1)

    result = load_records(warehouse, 1, [])

    assert (result.status, result.records_read) == ("loaded", 0)
    assert rows(warehouse, STAGED) == []
    assert rows(warehouse, "FROM staging.quarantine") == []
    assert rows(warehouse, "FROM staging.superseded") == []


def test_a_deleted_record_is_gone_from_the_view_and_stays_in_staging(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", title="old")])
    load_records(warehouse, 2, [comment("1", record_status="Deleted", occurred_at=None, activity_date=None)])

    assert rows(warehouse, CURRENT) == []
    assert rows(warehouse, STAGED) == [("1", day(1), "old", False), ("1", day(2), None, True)]


def test_keys_of_two_companies_or_systems_are_different(warehouse: Warehouse) -> None:
    load_records(
        warehouse,
        1,
        [comment("1", company_id="A", title="a"), comment("1", company_id="B", title="b")],
    )
    load_records(warehouse, 2, [comment("1", company_id="B", system_name="Web", title="c")])

    assert rows(warehouse, CURRENT) == [("1", "a"), ("1", "b"), ("1", "c")]


def test_keys_with_equal_hashes_are_distinguished(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", key_hash=7, title="a")])
    load_records(warehouse, 2, [comment("2", key_hash=7, title="b"), comment("3", key_hash=7, title="c")])

    assert rows(warehouse, CURRENT) == [("1", "a"), ("2", "b"), ("3", "c")]


@pytest.mark.parametrize(
    ("newer", "expected"),
    [
        pytest.param(
            {"custom_fields": texts(a="2", b="2"), "ignored_update_cfs": ["a"]}, texts(a="1", b="2"), id="listed"
        ),
        pytest.param({"custom_fields": texts(a="2")}, texts(a="2"), id="not listed"),
        pytest.param({"custom_fields": None, "ignored_update_cfs": ["a"]}, texts(a="1"), id="absent but listed"),
        pytest.param({"custom_fields": texts(z="2"), "ignored_update_cfs": ["z", "b", "a"]}, texts(a="1", b="1"),
                     id="never there"),
    ],
)  # fmt: skip # one case per line
def test_a_custom_field_that_the_newer_version_lists_keeps_its_value(
    warehouse: Warehouse, newer: dict[str, Any], expected: str
) -> None:
    load_records(warehouse, 1, [comment("1", custom_fields=texts(a="1", b="1"))])
    load_records(warehouse, 2, [comment("1", **newer)])

    assert rows(warehouse, CUSTOM) == [("1", expected)]


def test_custom_fields_that_the_merge_leaves_empty_are_null(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1")])
    load_records(warehouse, 2, [comment("1", custom_fields=texts(a="2"), ignored_update_cfs=["a"])])

    assert rows(warehouse, CUSTOM) == [("1", None)]


def test_an_older_dump_loaded_later_changes_the_custom_fields_of_the_newer_one(warehouse: Warehouse) -> None:
    load_records(warehouse, 2, [comment("1", custom_fields=texts(a="2"), ignored_update_cfs=["a"])])
    assert rows(warehouse, CUSTOM) == [("1", texts(a="2"))]

    load_records(warehouse, 1, [comment("1", custom_fields=texts(a="1"))])
    assert rows(warehouse, CUSTOM) == [("1", texts(a="1"))]

    load_records(warehouse, 1, [])
    assert rows(warehouse, CUSTOM) == [("1", texts(a="2"))]


def test_the_merged_custom_fields_of_a_dump_represent_all_its_versions(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", custom_fields=texts(a="1", b="1"))])
    load_records(
        warehouse,
        2,
        [
            comment(
                "1",
                custom_fields=texts(a="3"),
                ignored_update_cfs=["a", "b"],
                folded_custom_fields=texts(a="2"),
                folded_ignored_update_cfs=["b"],
            )
        ],
    )

    assert rows(warehouse, CUSTOM) == [("1", texts(a="2", b="1"))]


def test_ignored_update_cfs_is_applied_only_to_entities_that_support_it(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    for number, value in ((1, "1"), (2, "2")):
        mail = record(EMAIL, "1", custom_fields=texts(a=value), ignored_update_cfs=["a"])
        load(warehouse, write_dump(tmp_path, EMAIL, day(number), [mail]), entity=EMAIL)

    assert rows(warehouse, "SELECT custom_fields FROM staging.email_interaction_current") == [(texts(a="2"),)]


def test_the_feed_has_the_current_row_before_and_after(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", product_sku="A"), comment("2", product_sku="A")])
    assert rows(warehouse, FEED) == [("||1", "after", "A"), ("||2", "after", "A")]

    load_records(warehouse, 2, [comment("1", product_sku="B"), comment("3", record_status="Deleted")])
    assert rows(warehouse, FEED) == [("||1", "after", "B"), ("||1", "before", "A")]

    load_records(warehouse, 2, [])
    assert rows(warehouse, FEED) == [("||1", "after", "A"), ("||1", "before", "B")]


def test_the_feed_has_affected_keys_even_if_the_newer_version_stays(warehouse: Warehouse) -> None:
    """Consent depends on all versions of a subscriber, so a late older version matters."""
    load_records(warehouse, 2, [comment("1", product_sku="B")])
    result = load_records(warehouse, 1, [comment("1", product_sku="A")])

    assert rows(warehouse, FEED) == [("||1", "after", "B"), ("||1", "before", "B")]
    assert result.changed_keys == 1


def test_the_same_content_is_loaded_once(warehouse: Warehouse) -> None:
    first = load_records(warehouse, 1, [comment("1")])
    second = load_records(warehouse, 1, [comment("1")])

    assert (first.status, second.status) == ("loaded", "unchanged")
    assert second.reason == "The same files were loaded under the same rules already."
    assert second.load_seq == first.load_seq + 1


def test_content_a_then_b_then_a_again_is_loaded_three_times(warehouse: Warehouse) -> None:
    """A comparison with any earlier load instead of the one in place would skip the third."""
    results = [load_records(warehouse, 1, [comment(own_id)]) for own_id in ("a", "b", "a")]

    assert [result.status for result in results] == ["loaded"] * 3
    assert [row[0] for row in rows(warehouse, CURRENT)] == ["a"]


def test_force_loads_the_same_content_again(warehouse: Warehouse) -> None:
    dump = write_lake(warehouse.path.parent, 1, [comment("1")])
    load(warehouse, dump)

    assert load(warehouse, dump, force=True).status == "loaded"
    assert len(rows(warehouse, STAGED)) == 1


def test_too_many_quarantined_records_refuse_the_load_and_leave_the_previous_one(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1")])

    result = load_records(warehouse, 1, [comment("2")], quarantined=2)

    assert (result.status, result.changed_keys) == ("refused", 0)
    assert result.reason == (
        "2 of 3 records are quarantined, more than the share of 0.5 that is allowed;"
        " most common reasons: actionId: required (2)."
    )
    assert [row[0] for row in rows(warehouse, CURRENT)] == ["1"]
    assert ledger(warehouse)["status"].to_list() == ["refused"]


def test_as_many_quarantined_records_as_allowed_are_loaded(warehouse: Warehouse) -> None:
    assert load_records(warehouse, 1, [comment("1")], quarantined=1).status == "loaded"


def test_quarantined_and_superseded_records_are_stored_with_their_positions(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1")], quarantined=1, superseded=1)

    assert rows(warehouse, "FROM staging.quarantine") == [
        ("customer_product_comment", day(1), "part-1.ndjson", 1, ["actionId: required"], b"\xff{")
    ]
    assert rows(warehouse, "FROM staging.superseded") == [
        ("customer_product_comment", day(1), "part-1.ndjson", 1, "part-1.ndjson", 9)
    ]


def test_a_load_that_does_not_balance_is_rolled_back_and_recorded(warehouse: Warehouse) -> None:
    load_records(warehouse, 1, [comment("1", title="old")])
    dump = write_lake(warehouse.path.parent, 1, [comment("1", title="new"), comment("2")])
    pl.read_parquet(dump.accepted_files[0]).head(1).write_parquet(dump.accepted_files[0])

    with pytest.raises(LoadNotBalancedError, match=r"2 records were accepted, but staging\.\w+ has 1"):
        load(warehouse, dump)

    assert rows(warehouse, CURRENT) == [("1", "old")]
    ((status, reason),) = ledger(warehouse).select("status", "reason").rows()
    assert status == "failed"
    assert reason.startswith("The load of customer-product-comment of 2026-01-01 was rolled back: 2 records were")


def test_a_duplicate_key_among_accepted_records_rolls_the_load_back(warehouse: Warehouse) -> None:
    with pytest.raises(LoadNotBalancedError, match="1 keys occur more than once"):
        load_records(warehouse, 1, [comment("1"), comment("1", source_position=2)])

    assert rows(warehouse, STAGED) == []


def test_an_output_of_an_older_release_that_lacks_a_column_is_refused_and_yesterdays_rows_stay(
    warehouse: Warehouse,
) -> None:
    load_records(warehouse, 1, [comment("1", title="old")])
    dump = write_lake(warehouse.path.parent, 1, [comment("1", title="new")])
    pl.read_parquet(dump.accepted_files[0]).drop("content").write_parquet(dump.accepted_files[0])

    with pytest.raises(OutputOlderError, match=r"without content\. .*`cdp-etl run --from 2026-01-01 --entity"):
        load(warehouse, dump)

    assert rows(warehouse, CURRENT) == [("1", "old")]
    assert ledger(warehouse)["status"].to_list() == ["failed"]


def test_if_the_ledger_fails_too_the_first_error_is_raised(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulates a full disk: a patched ledger raises the error of one."""
    dump = write_lake(warehouse.path.parent, 1, [comment("1")])
    dump.accepted_files[0].unlink()

    def disk_is_full(*_: object) -> None:
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr("cdp_etl.warehouse.load.ledger.write_attempt", disk_is_full)
    with pytest.raises(LoadFailedError, match=r"IOException: .*No files found") as failed:
        load(warehouse, dump)

    assert failed.value.__notes__ == ["The ledger could not be written either (WarehouseStorageError)."]


def test_an_error_that_could_quote_a_value_is_reported_by_type_only(warehouse: Warehouse) -> None:
    dump = write_lake(warehouse.path.parent, 1, [comment("1", customer_name="Nguyen")])
    pl.read_parquet(dump.accepted_files[0]).with_columns(
        rating=pl.lit(1), dump_date=pl.lit("Nguyen")
    ).write_parquet(dump.accepted_files[0])

    with pytest.raises(LoadFailedError) as failed:
        load(warehouse, dump)

    assert "ConversionException" in str(failed.value)
    assert "Nguyen" not in str(failed.value)


def test_bytes_loaded_under_another_date_already_are_a_finding(warehouse: Warehouse) -> None:
    records = [comment("1")]
    load(warehouse, write_lake(warehouse.path.parent, 1, records, fingerprint="same"))

    result = load(warehouse, write_lake(warehouse.path.parent, 2, records, fingerprint="same"))

    assert result.findings == ("The file part-1.ndjson has the same bytes as one loaded for 2026-01-01.",)


def test_an_empty_file_on_each_of_two_days_is_no_finding(warehouse: Warehouse) -> None:
    results = [
        load_dump(
            warehouse,
            COMMENT,
            write_lake(warehouse.path.parent, number, []),
            [File("part-1.ndjson", bytes=0)],
            max_quarantine_rate=0.5,
            force=False,
            run_id=None,
        )
        for number in (1, 2)
    ]

    assert [(result.status, result.findings) for result in results] == [("loaded", ()), ("loaded", ())]
