"""Loads that older rules normalized are found, and a load says by which rules its records were normalized."""

import shutil

import pytest

from cdp_etl.contract import normalization_settings
from cdp_etl.normalize import normalize
from cdp_etl.pipeline.layers import Layer
from cdp_etl.pipeline.older_rules import find_older_rules
from cdp_etl_tests.pipeline.dumps import DAY, SMS, DumpPipeline, sms


@pytest.fixture
def upgraded(pipeline: DumpPipeline) -> DumpPipeline:
    """Return the pipeline after an upgrade: older rules normalized its only dump."""
    pipeline.deliver([sms("1")])
    with pytest.MonkeyPatch.context() as patched:
        for module in (normalization_settings, normalize):
            patched.setattr(module, "RULES_VERSION", 3)
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
