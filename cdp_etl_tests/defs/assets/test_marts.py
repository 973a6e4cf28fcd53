"""Marts, snapshot and report downstream of a load."""

from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.defs.keys import REPORT, SNAPSHOT, asset_key
from cdp_etl.pipeline.layers import Layer
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, THIRD, Pipeline, sms


def newest(pipeline: Pipeline, key: dg.AssetKey) -> dg.AssetMaterialization:
    """Return the newest materialization of an asset."""
    (record,) = pipeline.instance.fetch_materializations(key, limit=1).records
    assert record.asset_materialization is not None
    return record.asset_materialization


@pytest.mark.full
def test_a_run_for_one_day_applies_every_load_next_to_a_failed_one(pipeline: Pipeline) -> None:
    """A mart has no partitions: its run applies all pending loads, whatever the dates of the run."""
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.deliver_bytes(SECOND, b"not gzip", name="part-1.ndjson.gz")
    pipeline.deliver(THIRD, [sms("3", THIRD)])
    pipeline.load(FIRST, THIRD)

    result = pipeline.marts(THIRD, THIRD)

    assert result.success
    assert pipeline.query("SELECT record_id FROM marts.interaction ORDER BY ALL") == [("1",), ("3",)]
    mart = newest(pipeline, asset_key(Layer.MARTS, "interaction"))
    assert mart.partition is None
    assert mart.metadata["newest_dump_date"].value == "2026-03-03"
    assert "| sms_interaction | 2 | 2026-03-03 | 3 |" in str(mart.metadata["applied_loads"].value)


def test_checks_snapshot_and_report_follow_the_marts(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)

    result = pipeline.marts(FIRST, FIRST)

    assert result.success
    assert (pipeline.settings.published / "cdp.duckdb").is_file()
    report = newest(pipeline, REPORT)
    assert report.partition == "2026-03-01"
    page = report.metadata["page"]
    assert isinstance(page, dg.PathMetadataValue)
    assert Path(str(page.path)).is_file()
    snapshot = newest(pipeline, SNAPSHOT)
    assert (snapshot.partition, snapshot.metadata["newest_dump_date"].value) == (None, "2026-03-01")
    checks = {check.check_name for check in result.get_asset_check_evaluations() if check.passed}
    assert {"grain_is_unique", "agrees_with_staging", "totals_agree_with_interaction"} <= checks
    assert "full_data_check" not in checks


@pytest.mark.full
def test_a_dagster_home_of_the_release_with_partitions_of_marts_opens(settings: Settings, tmp_path: Path) -> None:
    mart = asset_key(Layer.MARTS, "interaction")
    (tmp_path / "home").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "home")) as home:
        for day in ("2026-02-27", "2026-02-28"):
            home.report_runless_asset_event(dg.AssetMaterialization(mart, partition=day))
            home.report_runless_asset_event(dg.AssetMaterialization(SNAPSHOT, partition=day))
    with dg.DagsterInstance.local_temp(str(tmp_path / "home")) as home:
        pipeline = Pipeline(settings, home)
        pipeline.deliver(FIRST, [sms("1", FIRST)])
        pipeline.load_without_dagster(FIRST)

        result = pipeline.marts(FIRST, SECOND, [mart])

        assert result.success
        assert newest(pipeline, mart).partition is None
        assert home.get_materialized_partitions(mart) == {"2026-02-27", "2026-02-28"}
        assert pipeline.query("SELECT record_id FROM marts.interaction") == [("1",)]


@pytest.mark.full
def test_a_run_of_all_assets_applies_its_own_loads(pipeline: Pipeline) -> None:
    """Dagster skips assets downstream of a step without output: such a run succeeded with its marts skipped."""
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.deliver(SECOND, [sms("2", SECOND)])

    result = pipeline.everything(FIRST, SECOND)

    assert result.success
    assert [event.step_key for event in result.all_events if event.is_step_skipped] == []
    assert pipeline.query("SELECT record_id FROM marts.interaction ORDER BY ALL") == [("1",), ("2",)]
    staged = pipeline.instance.fetch_materializations(asset_key(Layer.STAGING, SMS.table), limit=10).records
    assert sorted(str(record.partition_key) for record in staged) == ["2026-03-01", "2026-03-02"]
    assert pipeline.instance.get_materialized_partitions(REPORT) == {"2026-03-01", "2026-03-02"}
    assert len(pipeline.instance.fetch_materializations(SNAPSHOT, limit=10).records) == 1


@pytest.mark.full
def test_the_marts_can_be_refreshed_before_the_first_load(pipeline: Pipeline) -> None:
    result = pipeline.marts(FIRST, FIRST)

    assert result.success
    assert pipeline.query("SELECT count(*) FROM marts.interaction") == [(0,)]


@pytest.mark.full
def test_all_stored_data_is_checked_by_its_own_job(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST)])
    pipeline.load_without_dagster(FIRST)
    pipeline.publish_marts()

    weekly = pipeline.check_everything()

    found = {
        check.asset_key.to_user_string(): (check.check_name, check.passed)
        for check in weekly.get_asset_check_evaluations()
    }
    assert set(found.values()) == {("full_data_check", True)}
    assert {"staging/sms_interaction", "marts/interaction"} <= set(found)


@pytest.mark.full
def test_a_failed_check_blocks_downstream_assets_and_the_next_run_repairs_the_mart(
    pipeline: Pipeline,
) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)
    pipeline.publish_marts()
    with pipeline.settings.open_warehouse().writing() as connection:
        connection.execute("UPDATE mart_storage.customer_daily SET interaction_count = 9")
    pipeline.deliver(SECOND, [sms("1", SECOND)])
    pipeline.load_without_dagster(SECOND)

    failed = pipeline.marts(SECOND, SECOND)
    repaired = pipeline.marts(SECOND, SECOND)

    (check,) = [one for one in failed.get_asset_check_evaluations() if not one.passed]
    assert (check.asset_key.path[-1], check.check_name, check.blocking) == (
        "customer_daily",
        "totals_agree_with_interaction",
        True,
    )
    assert check.metadata["violations"].value == 1
    assert "marts rebuild --all" in str(failed.all_events)
    assert not failed.success
    assert len(pipeline.instance.fetch_materializations(SNAPSHOT, limit=10).records) == 1
    assert failed.asset_materializations_for_node("publish_snapshot") == []
    assert failed.asset_materializations_for_node("mart_customer_daily") == []
    assert failed.asset_materializations_for_node("mart_campaign_daily") != []
    assert repaired.success


@pytest.mark.full
def test_a_missing_row_of_a_mart_fails_the_full_check(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST)])
    pipeline.load_without_dagster(FIRST)
    pipeline.publish_marts()
    with pipeline.settings.open_warehouse().writing() as connection:
        connection.execute("DELETE FROM mart_storage.interaction WHERE record_id = '1'")

    checks = pipeline.check_everything().get_asset_check_evaluations()

    (check,) = [one for one in checks if one.asset_key == asset_key(Layer.MARTS, "interaction")]
    assert not check.passed
    assert "agrees_with_staging failed for 1 keys" in str(check.description)
