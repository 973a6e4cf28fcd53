"""Retention: pulls and outputs are deleted by the settings, unless the ledger references them."""

from datetime import UTC, datetime, timedelta

from cdp_etl.pipeline.retention import prune_all
from cdp_etl_tests.pipeline.dumps import DAY, DumpPipeline, sms


def test_an_expired_dump_is_deleted_from_the_archive(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    outcome = pipeline.process()
    assert outcome.pull is not None

    pruned = prune_all(pipeline.settings, DAY + timedelta(days=31), dry_run=False)

    assert [pull.fingerprint for pull in pruned.pulls] == [outcome.pull.fingerprint]
    assert pruned.bytes == sum(file.bytes for file in outcome.pull.files)
    assert not outcome.pull.directory.exists()


def test_a_dry_run_deletes_nothing(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    outcome = pipeline.process()
    assert outcome.pull is not None

    planned = prune_all(pipeline.settings, DAY + timedelta(days=31), dry_run=True)

    assert outcome.pull.directory.exists()
    assert prune_all(pipeline.settings, DAY + timedelta(days=31), dry_run=False) == planned


def test_an_output_that_the_ledger_references_is_kept(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    pipeline.process()

    pruned = prune_all(pipeline.settings, DAY + timedelta(days=1000), dry_run=False)

    assert pruned.outputs == ()
    assert list(pipeline.settings.lake.rglob("*.parquet"))


def test_replaced_versions_of_the_snapshot_and_parts_of_failed_publishes_are_deleted(
    pipeline: DumpPipeline,
) -> None:
    pipeline.deliver([sms("1")])
    pipeline.process()
    old, replaced_lately, newest = (
        f"{datetime.now(UTC) - timedelta(days=days):%Y%m%dT%H%M%S.%f}Z-1" for days in (9, 3, 0)
    )
    versions = pipeline.settings.published / "snapshots"
    for name in (old, replaced_lately, newest, f".{newest}.part"):
        (versions / name).mkdir(parents=True)

    prune_all(pipeline.settings, DAY, dry_run=False)

    assert sorted(path.name for path in versions.iterdir()) == [replaced_lately, newest]
