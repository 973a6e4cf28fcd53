"""Damage between the stages: it is never loaded, it is reported, and it is repaired from the stage before."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cdp_etl.landing import Pull
from cdp_etl.normalize import ArchiveDamagedError, NormalizedDump, OutputDamagedError
from cdp_etl.pipeline.dump_pipeline import DumpOutcome, DumpRequest, process_dump
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer
from cdp_etl.pipeline.stored_files import check_stored_files
from cdp_etl.warehouse import StoredDataResult
from cdp_etl_tests.faults import calls, failing
from cdp_etl_tests.pipeline.dumps import DAY, SMS, DumpPipeline, sms

LEDGER = "SELECT status FROM ops.load ORDER BY load_seq"
IDS = "SELECT id FROM staging.sms_interaction ORDER BY id"


def damage(path: Path) -> None:
    """Change one bit in the middle of a file, so that its size stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def delivered(pipeline: DumpPipeline, *, load: bool = True) -> tuple[Pull, NormalizedDump]:
    """Deliver and process a dump of three records; return what archive and lake have of it."""
    pipeline.deliver([sms("1"), sms("2"), sms("3")])
    outcome = pipeline.process(layers=LOAD_LAYERS if load else [Layer.LANDING, Layer.NORMALIZED])
    assert outcome.pull is not None
    assert outcome.normalized is not None
    return outcome.pull, outcome.normalized


def deep(pipeline: DumpPipeline) -> DumpOutcome:
    request = DumpRequest(SMS, DAY, LOAD_LAYERS, force=True, full_rescan=True)
    return process_dump(pipeline.settings, request, pipeline.progress.append)


def of_sms(pipeline: DumpPipeline) -> dict[str, StoredDataResult]:
    """Check all stored files; return the results of the entity by place."""
    results = check_stored_files(pipeline.settings, pipeline.progress.append)
    assert all(one.passed for one in results if one.entity != SMS.table)
    return {one.place: one for one in results if one.entity == SMS.table}


def test_a_damaged_archive_fails_the_dump_and_a_full_rescan_repairs_it(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1"), sms("2")])
    pulled = pipeline.process(layers=[Layer.LANDING]).pull
    assert pulled is not None
    file = pulled.directory / "part-1.ndjson"
    file.write_bytes(file.read_bytes().replace(b'"id": "2"', b'"id": "7"'))

    outcome = pipeline.process()

    assert isinstance(outcome.error, ArchiveDamagedError)
    assert pipeline.query(LEDGER) == [("failed",)]
    assert pipeline.query(IDS) == []
    assert deep(pipeline).error is None
    assert pipeline.query(IDS) == [("1",), ("2",)]


def test_a_replay_from_an_archive_without_the_file_fails_and_a_run_pulls_it_again(pipeline: DumpPipeline) -> None:
    pipeline.deliver([sms("1")])
    pulled = pipeline.process(layers=[Layer.LANDING]).pull
    assert pulled is not None
    (pulled.directory / "part-1.ndjson").unlink()

    replayed = pipeline.process(layers=[Layer.NORMALIZED, Layer.STAGING])

    assert isinstance(replayed.error, ArchiveDamagedError)
    assert pipeline.process().error is None
    assert pipeline.query(IDS) == [("1",)]


def test_an_output_damaged_before_its_load_is_normalized_again_and_loaded(pipeline: DumpPipeline) -> None:
    _, output = delivered(pipeline, load=False)
    damage(output.accepted_files[0])

    outcome = pipeline.process()

    assert outcome.error is None
    assert pipeline.query(IDS) == [("1",), ("2",), ("3",)]


def test_a_load_alone_does_not_load_a_damaged_output(pipeline: DumpPipeline) -> None:
    _, output = delivered(pipeline, load=False)
    damage(output.accepted_files[0])

    outcome = pipeline.process(layers=[Layer.STAGING])

    assert isinstance(outcome.error, OutputDamagedError)
    assert pipeline.query(LEDGER) == [("failed",)]


def test_intact_files_pass_the_full_check(pipeline: DumpPipeline) -> None:
    delivered(pipeline)

    assert {place: (one.passed, one.sentence) for place, one in of_sms(pipeline).items()} == {
        "archive": (True, "0 dumps are damaged."),
        "lake": (True, "0 dumps are damaged."),
    }


def test_the_full_check_reports_a_damaged_archive_with_its_command(pipeline: DumpPipeline) -> None:
    pull, _ = delivered(pipeline)
    damage(pull.directory / "part-1.ndjson")

    archive = of_sms(pipeline)["archive"]

    assert not archive.passed
    assert (
        f"{DAY}: part-1.ndjson; run `cdp-etl run --deep --entity sms-interaction --from {DAY}`" in archive.sentence
    )
    deep(pipeline)
    assert of_sms(pipeline)["archive"].passed


@pytest.mark.parametrize("lose", [shutil.rmtree, lambda output: (output / "summary.json").unlink()])
def test_the_full_check_rebuilds_an_output_that_lost_its_files(
    pipeline: DumpPipeline, lose: Callable[[Path], object]
) -> None:
    _, output = delivered(pipeline)
    lose(output.directory)

    assert "It was rebuilt from the archive." in of_sms(pipeline)["lake"].sentence
    assert of_sms(pipeline)["lake"].sentence == "0 dumps are damaged."
    assert output.accepted_files[0].is_file()


@pytest.mark.parametrize("what", ["a part", "the summary"])
def test_the_full_check_rebuilds_a_damaged_output_from_the_archive(pipeline: DumpPipeline, what: str) -> None:
    _, output = delivered(pipeline)
    path = output.accepted_files[0] if what == "a part" else output.directory / "summary.json"
    if what == "a part":
        damage(path)
    else:
        path.write_bytes(b"")

    lake = of_sms(pipeline)["lake"]

    assert lake.passed
    assert f"1 outputs were damaged. {path}" in lake.sentence
    assert of_sms(pipeline)["lake"].sentence == "0 dumps are damaged."


def test_the_full_check_says_why_an_output_cannot_be_rebuilt(pipeline: DumpPipeline) -> None:
    pull, output = delivered(pipeline)
    damage(output.accepted_files[0])
    damage(pull.directory / "part-1.ndjson")
    damaged = of_sms(pipeline)
    pipeline.settings = pipeline.settings.model_copy(update={"phone_region": "DE"})
    by_other_rules = of_sms(pipeline)

    assert (damaged["archive"].violations, damaged["lake"].violations) == (1, 1)
    assert "It cannot be rebuilt: sms-interaction 2026-03-01: the archive is damaged" in damaged["lake"].sentence
    assert "--force` loads the dump" not in by_other_rules["lake"].sentence
    assert "rules are no longer those of this output" in by_other_rules["lake"].sentence


def test_a_damaged_output_that_nothing_refers_to_is_deleted(pipeline: DumpPipeline) -> None:
    _, output = delivered(pipeline)
    pipeline.settings = pipeline.settings.model_copy(update={"phone_region": "DE"})
    assert pipeline.process().error is None
    damage(output.accepted_files[0])

    lake = of_sms(pipeline)["lake"]

    assert lake.passed
    assert "Nothing refers to it, so it was deleted." in lake.sentence
    assert not output.directory.exists()
    assert of_sms(pipeline)["lake"].sentence == "0 dumps are damaged."


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("place", ["archive", "lake"])
def test_a_file_that_the_disk_does_not_read_is_one_finding_and_the_check_goes_on(
    pipeline: DumpPipeline, place: str, number: int
) -> None:
    pull, output = delivered(pipeline)
    path = pull.directory / "part-1.ndjson" if place == "archive" else output.accepted_files[0]
    with calls(path) as seen:
        of_sms(pipeline)

    with failing(path, next(iter(seen)), number):
        found = of_sms(pipeline)

    is_lost = number == errno.EIO
    sentence = {
        (
            "archive",
            True,
        ): f"{DAY}: part-1.ndjson; run `cdp-etl run --deep",
        ("lake", True): f"{path} in the lake is damaged: the disk cannot read it.",
    }.get((place, is_lost), f"{path}: Permission denied; check owner and mode of the path.")
    assert sentence in found[place].sentence
    assert found[place].passed is (place == "lake" and is_lost)
    assert all(one.passed for one in of_sms(pipeline).values())
