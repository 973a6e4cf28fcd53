"""A delivery that lacks loaded records says how many, and beyond a setting it waits for a person."""

import pytest

from cdp_etl_tests.pipeline.dumps import DumpPipeline, sms

LOADED = "SELECT count(*) FROM staging.sms_interaction"
STATUSES = "SELECT status FROM ops.load ORDER BY load_seq"


@pytest.fixture
def loaded(pipeline: DumpPipeline) -> DumpPipeline:
    pipeline.deliver([sms(str(number)) for number in range(10)])
    assert pipeline.process().load is not None
    return pipeline


def test_by_default_an_empty_file_removes_the_records_and_the_finding_says_how_many(loaded: DumpPipeline) -> None:
    loaded.deliver([])

    outcome = loaded.process()

    assert outcome.load is not None
    assert outcome.load.findings == ("10 of 10 records that were loaded are no longer in this dump.",)
    assert loaded.query(LOADED) == [(0,)]


def test_beyond_the_share_the_delivery_waits_until_it_is_accepted(loaded: DumpPipeline) -> None:
    loaded.settings = loaded.settings.model_copy(update={"max_removed_share": 0.2})
    loaded.deliver([sms(str(number)) for number in range(7)])

    refused = loaded.process()

    assert str(refused.error).startswith("The delivery lacks 3 of 10 loaded records, more than the share of 0.2")
    assert loaded.query(LOADED) == [(10,)]
    assert loaded.query(STATUSES) == [("loaded",), ("refused",)]

    accepted = loaded.process(accept_removal=True)

    assert accepted.error is None
    assert loaded.query(LOADED) == [(7,)]
    assert loaded.query(STATUSES)[-1] == ("loaded",)


def test_within_the_share_the_delivery_is_loaded(loaded: DumpPipeline) -> None:
    loaded.settings = loaded.settings.model_copy(update={"max_removed_share": 0.2})
    loaded.deliver([sms(str(number)) for number in range(2, 12)])

    outcome = loaded.process()

    assert outcome.error is None
    assert outcome.load is not None
    assert outcome.load.findings == ("2 of 10 records that were loaded are no longer in this dump.",)
