"""Every call on the disk fails once, with every kind of error: one sentence, nothing lost, and it goes on.

The places are found by a run without a fault. Errors take turns, one or two a place, so that a campaign has all
places and all errors.
"""

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_etl.defs.environment_errors import as_environment_error
from cdp_etl.errors import CdpEtlError
from cdp_etl.landing import Retention, prune
from cdp_etl.marts.refresh import refresh_marts
from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.normalize.lake.history import dumps_between
from cdp_etl.normalize.quarantine.export import write_export
from cdp_etl.normalize.quarantine.read import quarantined_with_bytes
from cdp_etl.pipeline.retention import prune_all
from cdp_etl.pipeline.stored_files import OutputNotReproducibleError, check_stored_files
from cdp_etl.report.build import write_report
from cdp_etl.settings import Settings
from cdp_etl.storage_errors import StorageError
from cdp_etl.warehouse import backup, compact, restore
from cdp_etl_tests.faults import ERRNOS, Call, calls, failing
from cdp_etl_tests.pipeline.dumps import DAY, SMS, DumpPipeline, sms

IDS = "SELECT id, dump_date FROM staging.sms_interaction ORDER BY ALL"
_MANY = 30
"""Places from which on one error a place is enough: the others take turns anyway."""
NEXT = DAY + timedelta(days=1)


def process(pipeline: DumpPipeline) -> None:
    """Pull, normalize and load a second dump."""
    outcome = pipeline.process(NEXT)
    if outcome.error is not None:
        raise outcome.error


def save(pipeline: DumpPipeline) -> None:
    backup(pipeline.settings.open_warehouse(), pipeline.settings.data / "backups" / "tuesday.duckdb")


def put_back(pipeline: DumpPipeline) -> None:
    monday = pipeline.settings.data / "monday.duckdb"
    restore(pipeline.settings.open_warehouse(), monday, replace_existing=True)


def shrink(pipeline: DumpPipeline) -> None:
    compact(pipeline.settings.open_warehouse())


def delete_expired(pipeline: DumpPipeline) -> None:
    """Delete by the settings, then all pulls, leftovers included."""
    prune_all(pipeline.settings, DAY, dry_run=False)
    prune(pipeline.settings.archive, Retention(keep_days=1), DAY + timedelta(days=9), dry_run=False)


def check(pipeline: DumpPipeline) -> None:
    """Rebuild a damaged output of the lake."""
    for summary in pipeline.settings.lake.rglob("summary.json"):
        summary.write_bytes(b"")
    results = check_stored_files(pipeline.settings, pipeline.progress.append)
    broken = [one.sentence for one in results if not one.passed]
    if broken:
        raise OutputNotReproducibleError(*broken)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of data with one loaded dump, one that is not loaded, a backup and leftovers."""
    data = tmp_path_factory.mktemp("template") / "data"
    pipeline = at(data)
    pipeline.deliver([sms("1"), sms("2")])
    assert pipeline.process().error is None
    backup(pipeline.settings.open_warehouse(), data / "monday.duckdb")
    pipeline.deliver([sms("3", NEXT), sms("4", NEXT, event="")], NEXT)
    (data / "archive/sms-interaction" / str(DAY) / ".left.pruned").mkdir()
    (data / "published/snapshots/.20260301T000000.000000Z-1.part").mkdir(parents=True)
    return data


@pytest.fixture(scope="module")
def loaded(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of data with two loaded dumps, and refreshed marts that are not published."""
    pipeline = fresh(template, tmp_path_factory.mktemp("loaded") / "data")
    process(pipeline)
    refresh_marts(pipeline.settings.open_warehouse(), pipeline.settings.mart_settings())
    return pipeline.settings.data


def at(data: Path) -> DumpPipeline:
    return DumpPipeline(
        Settings(data=data, memory_limit="500MiB", threads=1, lock_timeout_seconds=5, keep_days=300)
    )


def publish_marts(pipeline: DumpPipeline) -> None:
    settings = pipeline.settings
    publish(settings.open_warehouse(), settings.published, settings.mart_settings(), settings.publish_rules())


def export(pipeline: DumpPipeline) -> None:
    """Export the quarantined records of all dumps."""
    records = chain.from_iterable(map(quarantined_with_bytes, dumps_between(pipeline.settings.lake, SMS)))
    write_export(records, pipeline.settings.data / "export.csv", "csv")


def report(pipeline: DumpPipeline) -> None:
    write_report(pipeline.settings.open_warehouse(), NEXT, pipeline.settings.reports)


def published(pipeline: DumpPipeline) -> int | None:
    """Return the number of published interactions; None if nothing is published."""
    database = pipeline.settings.published / DATABASE
    if not database.exists():
        return None
    with closing(duckdb.connect(database, read_only=True)) as connection:
        return len(connection.execute("FROM marts.interaction").fetchall())


def exported(pipeline: DumpPipeline) -> str | None:
    """Return the exported file; None if there is none. Half a file would be another text."""
    file = pipeline.settings.data / "export.csv"
    return file.read_text() if file.exists() else None


def reported(pipeline: DumpPipeline) -> list[tuple[str, bool]]:
    """Return the files of the folder of reports, and whether each is a whole page."""
    files = pipeline.settings.reports.glob("*")
    return [(file.name, file.read_text().rstrip().endswith("</html>")) for file in files]


def fresh(template: Path, data: Path) -> DumpPipeline:
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(template, data)
    return at(data)


def sentence_of(error: Exception) -> str:
    """Return what the command line shows; fail if that is the sentence for unexpected errors."""
    known = error if isinstance(error, CdpEtlError) else as_environment_error(error)
    assert known is not None, f"unexpected {error!r}"
    return str(known)


def state(pipeline: DumpPipeline) -> list[tuple[Any, ...]]:
    return pipeline.query(IDS)


@pytest.mark.full
@pytest.mark.parametrize("operation", [process, save, put_back, shrink, delete_expired, check])
def test_each_call_on_the_disk_may_fail(
    operation: Callable[[DumpPipeline], None], template: Path, tmp_path: Path
) -> None:
    fail_at_each_place(operation, state, template, tmp_path / "data")


@pytest.mark.full
@pytest.mark.parametrize(
    ("operation", "result"), [(publish_marts, published), (export, exported), (report, reported)]
)
def test_each_call_on_the_disk_may_fail_while_something_is_written_for_people(
    operation: Callable[[DumpPipeline], None],
    result: Callable[[DumpPipeline], object],
    loaded: Path,
    tmp_path: Path,
) -> None:
    fail_at_each_place(operation, result, loaded, tmp_path / "data", errors_per_place=1)


_SAYING_WHAT = (
    "is not in the ledger",
    "cannot be read from the disk. Pull it again",
    "dumps are damaged. 2026-03-01: part-1.ndjson; run `cdp-etl run --deep --entity sms-interaction",
)
"""Sentences without a path. The last two name the dump and the file of the archive that the disk does not read."""


def fail_at_each_place(
    operation: Callable[[DumpPipeline], None],
    state: Callable[[DumpPipeline], object],
    template: Path,
    data: Path,
    *,
    errors_per_place: int = 2,
) -> None:
    """Let each call of an operation fail: its state is as before or as after, and a repetition brings it."""
    pipeline = fresh(template, data)
    before = state(pipeline)
    with calls(data) as seen:
        operation(pipeline)
    after = state(pipeline)
    places = sorted(seen)
    assert len(places) > 5

    for index, call in enumerate(places):
        steps = (0, 3)[: 1 if len(places) > _MANY else errors_per_place]
        for number in {ERRNOS[(index + step) % len(ERRNOS)] for step in steps}:
            pipeline = fresh(template, data)
            told = run_with_fault(pipeline, operation, call, number)
            assert told is None or any(words in told for words in (str(data), *_SAYING_WHAT)), (call, number, told)
            assert state(pipeline) in (before, after), (call, number)
            if operation is not export or state(pipeline) == before:  # an export replaces no file
                operation(pipeline)
            assert state(pipeline) == after, (call, number)


def run_with_fault(
    pipeline: DumpPipeline, operation: Callable[[DumpPipeline], None], call: Call, number: int
) -> str | None:
    """Run an operation whose call fails; return the sentence of its error, or None if it did without the call."""
    try:
        with failing(pipeline.settings.data, call, number):
            operation(pipeline)
    except (CdpEtlError, OSError, duckdb.Error) as error:
        return sentence_of(error)
    return None


@pytest.mark.parametrize("number", sorted(errno.errorcode), ids=errno.errorcode.get)
def test_every_error_of_the_disk_is_a_sentence_with_the_path(number: int) -> None:
    known = as_environment_error(OSError(number, os.strerror(number), "/data/warehouse/cdp.duckdb"))

    assert isinstance(known, StorageError)
    assert str(known).startswith(f"/data/warehouse/cdp.duckdb: {os.strerror(number)}")


def test_a_full_disk_is_a_sentence_with_the_free_bytes(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free

    told = str(StorageError(OSError(errno.ENOSPC, "", str(tmp_path / "a"))))

    assert told.startswith(f"{tmp_path}/a: No space left on device; ")
    assert abs(int(told.split("; ")[1].split(maxsplit=1)[0]) - free) < 1 << 30
    assert told.endswith("free disk space and repeat the command.")


def test_an_error_that_is_not_of_the_environment_stays_unexpected() -> None:
    assert as_environment_error(ValueError("Nguyen Van A")) is None
    assert as_environment_error(ConnectionResetError("reset")) is None
