"""Loads that older rules normalized are found, and a load says by which rules its records were normalized."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from cdp_etl.contract import normalization_settings, parsers
from cdp_etl.normalize import normalize, reference_path
from cdp_etl.normalize.fast_path import validate
from cdp_etl.pipeline.layers import Layer
from cdp_etl.pipeline.older_rules import find_older_rules
from cdp_etl_tests.pipeline.dumps import DAY, SMS, DumpPipeline, sms


@contextmanager
def older_rules() -> Iterator[None]:
    """Normalize by rules that did not remove invisible marks from ids."""
    with pytest.MonkeyPatch.context() as patched:
        for module in (normalization_settings, normalize):
            patched.setattr(module, "RULES_VERSION", 3)
        for module in (parsers, reference_path):
            patched.setattr(module, "without_invisible_marks", parsers.normalize_text)
        patched.setattr(validate, "rows_with_marks", lambda _: None)
        yield


@pytest.fixture
def upgraded(pipeline: DumpPipeline) -> DumpPipeline:
    """Return the pipeline after an upgrade: older rules normalized its only dump."""
    pipeline.deliver([sms("1")])
    with older_rules():
        assert pipeline.process().error is None
    return pipeline


def test_a_load_of_older_rules_is_found_until_the_dump_is_normalized_again(upgraded: DumpPipeline) -> None:
    found = find_older_rules(upgraded.settings)
    assert (found.replayable, found.pruned) == ([(SMS, DAY)], [])
    assert "`cdp-etl replay --older-rules`" in found.sentence

    upgraded.process(layers={Layer.STAGING})
    assert find_older_rules(upgraded.settings)  # the output of the older rules was used again

    upgraded.process(layers={Layer.NORMALIZED, Layer.STAGING})
    assert not find_older_rules(upgraded.settings)
    assert upgraded.query("SELECT status, rules_version FROM ops.load ORDER BY load_seq") == [
        ("loaded", 3),
        ("unchanged", 3),
        ("loaded", normalization_settings.RULES_VERSION),
    ]


def test_a_dump_whose_archive_was_pruned_is_named(upgraded: DumpPipeline) -> None:
    shutil.rmtree(upgraded.settings.archive / SMS.name)

    found = find_older_rules(upgraded.settings)

    assert (found.replayable, found.pruned) == ([], [(SMS, DAY)])
    assert f"{SMS.name} {DAY}" in found.sentence


def test_a_record_that_is_delivered_again_in_another_spelling_stays_one(pipeline: DumpPipeline) -> None:
    """Before the replay its old version has another key, so it would be current twice, and be deleted once."""
    current = "SELECT id, event FROM staging.sms_interaction_current ORDER BY ALL"
    second, third = (DAY + timedelta(days=number) for number in (1, 2))
    pipeline.deliver([sms("1\u200b", event="sent")])
    with older_rules():
        pipeline.process()
    pipeline.deliver([sms("1", second)], second)
    pipeline.process(second)
    assert pipeline.query(current) == [("1", "clicked"), ("1\u200b", "sent")]

    for entity, day in find_older_rules(pipeline.settings).replayable:
        assert entity is SMS
        assert pipeline.process(day, layers={Layer.NORMALIZED, Layer.STAGING}).error is None
    assert pipeline.query(current) == [("1", "clicked")]

    pipeline.deliver([{"id": "\ufeff1", "internalCompanyId": "ORG1", "recordStatus": "Deleted"}], third)
    pipeline.process(third)
    assert pipeline.query(current) == []
