"""The marts, the snapshot and the report behind a load: what they take in, and what the UI shows of them."""

from pathlib import Path

import dagster as dg

from cdp_etl.defs.keys import REPORT, SNAPSHOT, asset_key
from cdp_etl.pipeline.layers import Layer
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, THIRD, Pipe, sms


def test_the_marts_take_in_what_arrived_beside_a_day_that_did_not(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.deliver_bytes(SECOND, b"not gzip", name="part-1.ndjson.gz")
    pipe.deliver(THIRD, [sms("3", THIRD)])
    pipe.load(FIRST, THIRD)

    result = pipe.marts(FIRST, THIRD)

    assert result.success
    assert pipe.query("SELECT record_id FROM marts.interaction ORDER BY ALL") == [("1",), ("3",)]


def test_a_run_for_one_day_applies_every_load(pipe: Pipe) -> None:
    """A partition of a mart says that what is loaded of that date was applied, not that nothing else was."""
    for day in (FIRST, SECOND):
        pipe.deliver(day, [sms(day.isoformat(), day)])
    pipe.load(FIRST, SECOND)

    pipe.marts(SECOND, SECOND)

    assert pipe.query("SELECT count(*) FROM marts.interaction") == [(2,)]
    assert pipe.instance.get_materialized_partitions(asset_key(Layer.MARTS, "interaction")) == {"2026-03-02"}


def test_the_snapshot_and_the_report_stand_behind_the_marts(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)

    result = pipe.marts(FIRST, FIRST)

    assert result.success
    assert (pipe.settings.published / "cdp.duckdb").is_file()
    (event,) = pipe.instance.fetch_materializations(REPORT, limit=1).records
    assert event.asset_materialization is not None
    page = event.asset_materialization.metadata["page"]
    assert isinstance(page, dg.PathMetadataValue)
    assert Path(str(page.path)).is_file()
    assert pipe.instance.get_materialized_partitions(SNAPSHOT) == {"2026-03-01"}


def test_a_run_of_all_assets_makes_the_marts_behind_its_own_loads(pipe: Pipe) -> None:
    """Dagster skips what stands behind a step that puts nothing out; such a run ended green, its marts skipped."""
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.deliver(THIRD, [sms("3", THIRD)])

    result = pipe.everything(FIRST, THIRD)

    assert result.success
    assert [event.step_key for event in result.all_events if event.is_step_skipped] == []
    assert pipe.query("SELECT record_id FROM marts.interaction ORDER BY ALL") == [("1",), ("3",)]
    staged = pipe.instance.fetch_materializations(asset_key(Layer.STAGING, SMS.table), limit=10).records
    assert sorted(str(record.partition_key) for record in staged) == ["2026-03-01", "2026-03-03"]


def test_the_marts_run_where_nothing_was_ever_loaded(pipe: Pipe) -> None:
    result = pipe.marts(FIRST, FIRST)

    assert result.success
    assert pipe.query("SELECT count(*) FROM marts.interaction") == [(0,)]


def test_everything_that_is_stored_is_checked_by_a_job_of_its_own(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST)])
    pipe.load(FIRST)
    daily = pipe.marts(FIRST, FIRST)

    weekly = pipe.check_everything()

    each_day = {check.check_name for check in daily.get_asset_check_evaluations() if check.passed}
    assert {"grain_is_unique", "agrees_with_staging", "totals_agree_with_interaction"} <= each_day
    assert "full_data_check" not in each_day
    found = {
        check.asset_key.to_user_string(): (check.check_name, check.passed)
        for check in weekly.get_asset_check_evaluations()
    }
    assert set(found.values()) == {("full_data_check", True)}
    assert {"staging/sms_interaction", "marts/interaction"} <= set(found)


def test_where_a_check_of_a_mart_does_not_hold_nothing_behind_it_is_made_and_the_next_run_mends_it(
    pipe: Pipe,
) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    pipe.marts(FIRST, FIRST)
    with pipe.settings.open_warehouse().writing() as connection:
        connection.execute("UPDATE mart_storage.customer_daily SET interaction_count = 9")
    pipe.deliver(SECOND, [sms("1", SECOND)])
    pipe.load(SECOND)

    failed = pipe.marts(SECOND, SECOND)
    mended = pipe.marts(SECOND, SECOND)

    (check,) = [one for one in failed.get_asset_check_evaluations() if not one.passed]
    assert (check.asset_key.path[-1], check.check_name, check.blocking) == (
        "customer_daily",
        "totals_agree_with_interaction",
        True,
    )
    assert check.metadata["violations"].value == 1
    assert "marts rebuild --all" in str(failed.all_events)
    assert not failed.success
    assert pipe.instance.get_materialized_partitions(SNAPSHOT) == {"2026-03-01", "2026-03-02"}
    assert failed.asset_materializations_for_node("publish_snapshot") == []
    assert failed.asset_materializations_for_node("mart_customer_daily") == []
    assert failed.asset_materializations_for_node("mart_campaign_daily") != []
    assert mended.success


def test_a_row_that_is_lost_from_a_mart_is_found_by_the_job_that_checks_everything(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST)])
    pipe.load(FIRST)
    pipe.marts(FIRST, FIRST)
    with pipe.settings.open_warehouse().writing() as connection:
        connection.execute("DELETE FROM mart_storage.interaction WHERE record_id = '1'")

    checks = pipe.check_everything().get_asset_check_evaluations()

    (check,) = [one for one in checks if one.asset_key == asset_key(Layer.MARTS, "interaction")]
    assert not check.passed
    assert "agrees_with_staging failed for 1 keys" in str(check.description)
