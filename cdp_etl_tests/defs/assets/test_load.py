"""Loading through Dagster: single days, ranges, days that go wrong among days that do not."""

import dagster as dg
import pytest

from cdp_etl.defs.assets.load import SKIP_UNCHANGED_TAG
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl_tests.defs.pipeline import FIRST, SECOND, SMS, THIRD, Pipe, sms

AUTOMATIC = {SKIP_UNCHANGED_TAG: "true"}


def test_a_single_day_passes_all_three_layers(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST)])

    result = pipe.load(FIRST)

    assert result.success
    assert [pipe.made(layer) for layer in LOAD_LAYERS] == [{"2026-03-01"}] * 3
    assert pipe.query("SELECT id FROM staging.sms_interaction ORDER BY id") == [("1",), ("2",)]


def test_a_range_of_days_is_one_run_with_figures_for_each_day(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.deliver(SECOND, [sms("2", SECOND), sms("3", SECOND)])

    result = pipe.load(FIRST, SECOND)

    assert result.success
    rows = [pipe.metadata(Layer.STAGING, day)["dagster/partition_row_count"].value for day in (FIRST, SECOND)]
    assert rows == [1, 2]


def test_a_bad_day_fails_alone_among_good_ones(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.deliver_bytes(SECOND, b"not gzip", name="part-1.ndjson.gz")
    pipe.deliver(THIRD, [sms("3", THIRD)])

    result = pipe.load(FIRST, THIRD)

    assert not result.success
    assert pipe.made(Layer.LANDING) == {"2026-03-01", "2026-03-02", "2026-03-03"}
    assert pipe.made(Layer.STAGING) == {"2026-03-01", "2026-03-03"}
    assert pipe.ledger() == [(FIRST, "loaded"), (SECOND, "refused"), (THIRD, "loaded")]


def test_the_failure_names_the_days_and_what_is_wrong_with_them(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.deliver_bytes(SECOND, b"", name="notes.docx")

    result = pipe.load(FIRST, SECOND)

    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert data is not None
    assert data.description is not None
    assert data.description.startswith("sms-interaction: 1 of 2 days did not get through.\n2026-03-02: ")
    assert "notes.docx" in data.description


def test_no_files_are_a_finding_and_neither_a_failure_nor_silence(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])

    result = pipe.load(FIRST, SECOND)

    assert result.success
    assert pipe.made(Layer.STAGING) == {"2026-03-01"}
    assert pipe.ledger() == [(FIRST, "loaded"), (SECOND, "empty")]
    (complete,) = [
        check for check in result.get_asset_check_evaluations() if check.check_name == "dump_is_complete"
    ]
    assert (complete.passed, complete.blocking) == (False, False)


def test_an_empty_file_replaces_what_was_loaded_and_no_file_does_not(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.deliver(SECOND, [sms("2", SECOND)])
    pipe.load(FIRST, SECOND)
    pipe.deliver_bytes(FIRST, b"")
    (pipe.settings.data / "landing" / SMS.name / "2026-03-02" / "part-1.ndjson").unlink()

    pipe.load(FIRST, SECOND)

    assert pipe.query("SELECT id FROM staging.sms_interaction") == [("2",)]
    assert pipe.ledger() == [(FIRST, "loaded"), (SECOND, "empty")]


def test_a_dump_with_too_many_bad_records_is_refused_and_can_be_looked_into(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST, event=None), sms("3", FIRST, event=" ")])

    result = pipe.load(FIRST)

    assert not result.success
    assert pipe.made(Layer.NORMALIZED) == {"2026-03-01"}
    assert pipe.made(Layer.STAGING) == set()
    assert pipe.ledger() == [(FIRST, "refused")]
    assert "| event: required | 2 |" in str(pipe.metadata(Layer.NORMALIZED, FIRST)["quarantine_reasons"].value)
    assert pipe.query("SELECT count(*) FROM staging.sms_interaction") == [(0,)]


def test_materializing_by_hand_loads_again_what_is_loaded(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])

    statuses = []
    for _ in range(2):
        pipe.load(FIRST)
        statuses.append(pipe.metadata(Layer.STAGING, FIRST)["status"].value)

    assert statuses == ["loaded", "loaded"]


def test_a_run_that_nobody_asked_for_passes_over_what_is_loaded(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)

    result = pipe.load(FIRST, tags=AUTOMATIC)

    assert result.success
    assert pipe.ledger() == [(FIRST, "unchanged")]


def test_force_loads_again_also_where_nobody_asked(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)

    pipe.load(FIRST, tags=AUTOMATIC, config={"force": True})

    assert pipe.ledger() == [(FIRST, "loaded")]


def test_content_a_then_b_then_a_again_is_loaded_three_times(pipe: Pipe) -> None:
    contents = [[sms("a", FIRST)], [sms("b", FIRST)], [sms("a", FIRST)]]

    loaded = []
    for content in contents:
        pipe.deliver(FIRST, content)
        pipe.load(FIRST, tags=AUTOMATIC)
        loaded.append((pipe.ledger(), pipe.query("SELECT id FROM staging.sms_interaction")))

    assert loaded == [([(FIRST, "loaded")], [(name,)]) for name in "aba"]


def test_a_file_that_was_never_loaded_may_be_taken_away_again(pipe: Pipe) -> None:
    """A corrupt file is refused; the partner removes it, and the rest is the dump."""
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.deliver_bytes(FIRST, b"no gzip", name="part-2.ndjson.gz")
    pipe.load(FIRST)
    refused = pipe.ledger()
    (pipe.settings.data / "landing" / SMS.name / FIRST.isoformat() / "part-2.ndjson.gz").unlink()

    pipe.load(FIRST)

    assert (refused, pipe.ledger()) == ([(FIRST, "refused")], [(FIRST, "loaded")])


def test_a_delivery_of_fewer_files_is_taken_only_when_that_is_said(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.deliver(FIRST, [sms("2", FIRST)], name="part-2.ndjson")
    pipe.load(FIRST)
    (pipe.settings.data / "landing" / SMS.name / "2026-03-01" / "part-2.ndjson").unlink()

    refused = pipe.load(FIRST)
    kept = pipe.query("SELECT count(*) FROM staging.sms_interaction")
    taken = pipe.load(FIRST, config={"accept_removal": True})

    assert (refused.success, kept) == (False, [(2,)])
    assert (taken.success, pipe.query("SELECT id FROM staging.sms_interaction")) == (True, [("1",)])


def test_a_redelivery_shows_what_it_added_changed_and_removed(pipe: Pipe) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST), sms("3", FIRST)])
    pipe.load(FIRST, tags=AUTOMATIC)
    pipe.deliver(FIRST, [sms("1", FIRST), sms("2", FIRST, event="delivered")])
    pipe.deliver(FIRST, [sms("4", FIRST), sms("5", FIRST)], name="part-2.ndjson")

    pipe.load(FIRST, tags=AUTOMATIC)

    delivered = pipe.metadata(Layer.LANDING, FIRST)["files_since_last_delivery"].value
    loaded = pipe.metadata(Layer.STAGING, FIRST)["since_the_load_before"].value
    assert str(delivered).splitlines()[-1] == "| 1 | 1 | 0 |"
    assert str(loaded).splitlines() == [
        "| what | added | changed | removed |",
        "| --- | --- | --- | --- |",
        "| files | 1 | 1 | 0 |",
        "| records | 2 | 1 | 1 |",
    ]


@pytest.mark.parametrize("layer", [Layer.NORMALIZED, Layer.STAGING])
def test_a_layer_alone_works_on_what_the_layer_before_has_left(pipe: Pipe, layer: Layer) -> None:
    pipe.deliver(FIRST, [sms("1", FIRST)])
    pipe.load(FIRST)
    pipe.deliver(FIRST, [sms("other", FIRST)])

    result = pipe.load(FIRST, layers=[layer])

    assert result.success
    assert pipe.query("SELECT id FROM staging.sms_interaction") == [("1",)]


def test_a_layer_alone_with_nothing_before_it_says_what_is_missing(pipe: Pipe) -> None:
    result = pipe.load(FIRST, layers=[Layer.STAGING])

    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert "nothing was pulled yet; materialize landing first" in str(event.step_failure_data.user_failure_data)


def test_no_value_of_a_record_is_in_what_dagster_keeps(pipe: Pipe) -> None:
    """Metadata, errors and logs are read by more people than the data."""
    canary = "0912345678canary"
    records = [sms("1", FIRST), sms("2", FIRST), sms("3", FIRST, phoneNumber=canary, eventAt=canary)]
    pipe.deliver(FIRST, records)

    result = pipe.load(FIRST)

    assert result.success
    kept = [dg.serialize_value(entry) for entry in pipe.instance.all_logs(result.run_id)]
    assert len(kept) > 10
    assert not [entry for entry in kept if "canary" in entry]
