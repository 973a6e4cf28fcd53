"""Loads through Dagster: single dates, ranges, failing dumps among good ones."""

import dagster as dg
import pytest

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, THIRD, Pipeline, sms

AUTOMATIC = {SKIP_UNCHANGED_TAG: "true"}


def test_a_single_date_passes_all_three_layers(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST)])

    result = pipeline.load(FIRST)

    assert result.success
    assert [pipeline.materialized(layer) for layer in LOAD_LAYERS] == [{"2026-03-01"}] * 3
    assert pipeline.query("SELECT id FROM staging.sms_interaction ORDER BY id") == [("1",), ("2",)]


def test_a_range_of_dates_is_one_run_with_metadata_for_each_date(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.deliver(SECOND, [sms("2", SECOND), sms("3", SECOND)])

    result = pipeline.load(FIRST, SECOND)

    assert result.success
    rows = [pipeline.metadata(Layer.STAGING, day)["dagster/partition_row_count"].value for day in (FIRST, SECOND)]
    assert rows == [1, 2]


def test_a_bad_dump_does_not_affect_good_ones(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.deliver_bytes(SECOND, b"not gzip", name="part-1.ndjson.gz")
    pipeline.deliver(THIRD, [sms("3", THIRD)])

    result = pipeline.load(FIRST, THIRD)

    assert not result.success
    assert pipeline.materialized(Layer.LANDING) == {"2026-03-01", "2026-03-02", "2026-03-03"}
    assert pipeline.materialized(Layer.STAGING) == {"2026-03-01", "2026-03-03"}
    assert pipeline.ledger() == [(FIRST, "loaded"), (SECOND, "refused"), (THIRD, "loaded")]


def test_the_failure_names_the_dates_and_their_errors(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.deliver_bytes(SECOND, b"", name="notes.docx")

    result = pipeline.load(FIRST, SECOND)

    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert data is not None
    assert data.description is not None
    assert data.description.startswith("sms-interaction: 1 of 2 dumps failed.\n2026-03-02: ")
    assert "notes.docx" in data.description
    assert data.metadata["look_further"].value == "`cdp-etl status --from 2026-03-02 --to 2026-03-02`"
    logged = [entry.user_message for entry in pipeline.instance.all_logs(result.run_id)]
    assert [message for message in logged if "notes.docx" in message] == []  # the failure alone has the text


@pytest.mark.full
def test_a_text_that_several_dates_share_is_written_once(pipeline: Pipeline) -> None:
    result = pipeline.load(FIRST, SECOND)  # without a landing zone

    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert data is not None
    title, text = str(data.description).splitlines()
    assert title == "sms-interaction: 2 of 2 dumps failed."
    assert text.startswith("2026-03-01, 2026-03-02: landing zone ")


@pytest.mark.full
def test_a_backfill_by_hand_says_which_dumps_it_did_not_load_again_and_why(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)
    pipeline.deliver(SECOND, [sms("2", SECOND)])

    result = pipeline.load(FIRST, SECOND, tags={"dagster/backfill": "by-hand"})

    assert pipeline.ledger() == [(FIRST, "unchanged"), (SECOND, "loaded")]
    logged = [entry.user_message for entry in pipeline.instance.all_logs(result.run_id)]
    (said,) = [message for message in logged if "not loaded again" in message]
    assert said.startswith("sms-interaction 2026-03-01: not loaded again. The same files were loaded")
    assert "--entity sms-interaction --force`" in said
    assert "not_loaded_again" in pipeline.metadata(Layer.STAGING, FIRST)
    assert "not_loaded_again" not in pipeline.metadata(Layer.STAGING, SECOND)


def test_no_files_are_a_finding_and_no_failure(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])

    result = pipeline.load(FIRST, SECOND)

    assert result.success
    assert pipeline.materialized(Layer.STAGING) == {"2026-03-01"}
    assert pipeline.ledger() == [(FIRST, "loaded"), (SECOND, "missing")]
    (complete,) = [
        check for check in result.get_asset_check_evaluations() if check.check_name == "dump_is_complete"
    ]
    assert (complete.passed, complete.blocking) == (False, False)


@pytest.mark.full
def test_an_empty_file_replaces_what_was_loaded_and_no_file_does_not(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.deliver(SECOND, [sms("2", SECOND)])
    pipeline.load_without_dagster(FIRST, SECOND)
    pipeline.deliver_bytes(FIRST, b"")
    (pipeline.settings.data / "landing" / SMS.name / "2026-03-02" / "part-1.ndjson").unlink()

    pipeline.load(FIRST, SECOND)

    assert pipeline.query("SELECT id FROM staging.sms_interaction") == [("2",)]
    assert pipeline.ledger() == [(FIRST, "loaded"), (SECOND, "missing")]


def test_a_dump_with_too_many_bad_records_is_refused_and_its_reasons_are_shown(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST, event=None), sms("3", FIRST, event=" ")])

    result = pipeline.load(FIRST)

    assert not result.success
    assert pipeline.materialized(Layer.NORMALIZED) == {"2026-03-01"}
    assert pipeline.materialized(Layer.STAGING) == set()
    assert pipeline.ledger() == [(FIRST, "refused")]
    assert "| event: required | 2 |" in str(pipeline.metadata(Layer.NORMALIZED, FIRST)["quarantine_reasons"].value)
    assert pipeline.query("SELECT count(*) FROM staging.sms_interaction") == [(0,)]


@pytest.mark.full
def test_a_manual_materialization_loads_unchanged_content_again(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])

    statuses = []
    for _ in range(2):
        pipeline.load(FIRST)
        statuses.append(pipeline.metadata(Layer.STAGING, FIRST)["status"].value)

    assert statuses == ["loaded", "loaded"]


@pytest.mark.full
def test_an_automatic_run_skips_unchanged_content(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)

    result = pipeline.load(FIRST, tags=AUTOMATIC)

    assert result.success
    assert pipeline.ledger() == [(FIRST, "unchanged")]


@pytest.mark.full
def test_an_unchanged_run_shows_figures_reasons_and_checks_of_the_load_in_place(pipeline: Pipeline) -> None:
    day = [sms(str(number), FIRST) for number in range(20)]
    pipeline.deliver(FIRST, [*day, sms("bad", FIRST, event=None)])
    pipeline.load_without_dagster(FIRST)
    pipeline.deliver(FIRST, [*day[1:], sms("new", FIRST, event="Hop Thu Day"), sms("bad", FIRST, event=None)])

    shown = []
    for _ in range(2):
        result = pipeline.load(FIRST, tags=AUTOMATIC)
        checks = {check.check_name: (check.passed, check.description) for check in _of_the_load(result)}
        normalized, staging = (dict(pipeline.metadata(layer, FIRST)) for layer in LOAD_LAYERS[1:])
        shown.append((checks, normalized, staging, staging.pop("status").value))

    loaded, unchanged = shown
    assert (loaded[3], unchanged[3]) == ("loaded", "unchanged")
    why = str(unchanged[2].pop("not_loaded_again").value)
    assert "This is load 2." in why
    assert "`cdp-etl run --from 2026-03-01 --to 2026-03-01 --entity sms-interaction --force`" in why
    assert unchanged[:3] == loaded[:3]
    assert unchanged[0]["key_is_unique"][0]
    assert "| event: required | 1 |" in str(unchanged[1]["quarantine_reasons"].value)
    assert "1 of 20 records that were loaded are no longer in this dump" in str(unchanged[2]["findings"].value)


def _of_the_load(result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    return [check for check in result.get_asset_check_evaluations() if check.check_name != "is_fresh"]


@pytest.mark.full
def test_force_loads_unchanged_content_in_an_automatic_run(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)

    pipeline.load(FIRST, tags=AUTOMATIC, config={"force": True})

    assert pipeline.ledger() == [(FIRST, "loaded")]


@pytest.mark.full
def test_content_a_then_b_then_a_again_is_loaded_three_times(pipeline: Pipeline) -> None:
    contents = [[sms("a", FIRST)], [sms("b", FIRST)], [sms("a", FIRST)]]

    loaded = []
    for content in contents:
        pipeline.deliver(FIRST, content)
        pipeline.load(FIRST, tags=AUTOMATIC)
        loaded.append((pipeline.ledger(), pipeline.query("SELECT id FROM staging.sms_interaction")))

    assert loaded == [([(FIRST, "loaded")], [(name,)]) for name in "aba"]


@pytest.mark.full
def test_a_file_that_was_never_loaded_may_be_removed(pipeline: Pipeline) -> None:
    """A corrupt file is refused. The partner removes it, and the remaining files are the dump."""
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.deliver_bytes(FIRST, b"no gzip", name="part-2.ndjson.gz")
    pipeline.load(FIRST)
    refused = pipeline.ledger()
    (pipeline.settings.data / "landing" / SMS.name / FIRST.isoformat() / "part-2.ndjson.gz").unlink()

    pipeline.load(FIRST)

    assert (refused, pipeline.ledger()) == ([(FIRST, "refused")], [(FIRST, "loaded")])


@pytest.mark.full
def test_a_delivery_of_fewer_files_is_accepted_only_with_the_option(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.deliver(FIRST, [sms("2", FIRST)], name="part-2.ndjson")
    pipeline.load_without_dagster(FIRST)
    (pipeline.settings.data / "landing" / SMS.name / "2026-03-01" / "part-2.ndjson").unlink()

    refused = pipeline.load(FIRST)
    count = pipeline.query("SELECT count(*) FROM staging.sms_interaction")
    accepted = pipeline.load(FIRST, config={"accept_removal": True})

    assert (refused.success, count) == (False, [(2,)])
    assert (accepted.success, pipeline.query("SELECT id FROM staging.sms_interaction")) == (True, [("1",)])


@pytest.mark.full
def test_a_redelivery_shows_what_it_added_changed_and_removed(pipeline: Pipeline) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST), sms("3", FIRST)])
    pipeline.load_without_dagster(FIRST)
    pipeline.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST, event="delivered")])
    pipeline.deliver(FIRST, [sms("4", FIRST), sms("5", FIRST)], name="part-2.ndjson")

    pipeline.load(FIRST, tags=AUTOMATIC)

    delivered = pipeline.metadata(Layer.LANDING, FIRST)["files_since_last_delivery"].value
    loaded = pipeline.metadata(Layer.STAGING, FIRST)["difference_from_previous_load"].value
    assert str(delivered).splitlines()[-1] == "| 1 | 1 | 0 |"
    assert str(loaded).splitlines() == [
        "| what | added | changed | removed |",
        "| --- | --- | --- | --- |",
        "| files | 1 | 1 | 0 |",
        "| records | 2 | 1 | 1 |",
    ]


@pytest.mark.full
@pytest.mark.parametrize("layer", [Layer.NORMALIZED, Layer.STAGING])
def test_a_single_layer_uses_the_result_of_the_layer_before(pipeline: Pipeline, layer: Layer) -> None:
    pipeline.deliver(FIRST, [sms("1", FIRST)])
    pipeline.load_without_dagster(FIRST)
    pipeline.deliver(FIRST, [sms("other", FIRST)])

    result = pipeline.load(FIRST, layers=[layer])

    assert result.success
    assert pipeline.query("SELECT id FROM staging.sms_interaction") == [("1",)]


def test_a_single_layer_without_the_layer_before_names_what_is_missing(pipeline: Pipeline) -> None:
    result = pipeline.load(FIRST, layers=[Layer.STAGING])

    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert "nothing was pulled yet; materialize landing first" in str(event.step_failure_data.user_failure_data)


def test_dagster_stores_no_value_of_a_record(pipeline: Pipeline) -> None:
    """Metadata, errors and logs are read by more people than the data."""
    canary = "0912345678canary"
    records = [sms("1", FIRST), sms("2", FIRST), sms("3", FIRST, phoneNumber=canary, eventAt=canary)]
    pipeline.deliver(FIRST, records)

    result = pipeline.load(FIRST)

    assert result.success
    stored = [dg.serialize_value(entry) for entry in pipeline.instance.all_logs(result.run_id)]
    assert len(stored) > 10
    assert not [entry for entry in stored if "canary" in entry]
