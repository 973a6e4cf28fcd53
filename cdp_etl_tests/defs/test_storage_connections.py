"""Connections to SQLite files of a Dagster instance are kept open while it is used."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy
from sqlalchemy import event

from cdp_etl.defs.runtime.instance import InstanceError, open_instance
from cdp_etl.settings import Settings


@dg.asset
def observed(context: dg.AssetExecutionContext) -> None:
    """Log twenty events."""
    for number in range(20):
        context.log_event(dg.AssetObservation("observed", metadata={"number": number}))


@pytest.fixture
def opened() -> Iterator[list[object]]:
    """Collect the connections that are opened."""
    connections: list[object] = []

    def note(connection: object, _record: object) -> None:
        connections.append(connection)

    event.listen(sqlalchemy.Engine, "connect", note)
    yield connections
    event.remove(sqlalchemy.Engine, "connect", note)


@dg.asset
def idle() -> None:
    """Log nothing."""


def execute(instance: dg.DagsterInstance, asset: dg.AssetsDefinition = observed) -> None:
    """Execute a run; of the asset `observed`, it records more than twenty events."""
    assert dg.materialize([asset], instance=instance).success


def test_a_run_opens_only_the_file_of_its_events(opened: list[object], tmp_path: Path) -> None:
    with open_instance(Settings(data=tmp_path)) as instance:
        execute(instance)
        opened.clear()
        execute(instance)

        assert len(instance.get_records_for_run(instance.get_runs()[0].run_id).records) > 20
    # Two for the file of the new run, while it is created. Those of runs, schedules and the index are open.
    assert len(opened) == 2


def test_commits_do_not_wait_for_the_disk(tmp_path: Path) -> None:
    """In WAL mode a power failure then loses the newest commits at most; the file stays intact."""
    with open_instance(Settings(data=tmp_path)) as instance:
        execute(instance)
        storage: Any = instance.run_storage
        with storage.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


def test_events_are_readable_after_the_instance_is_closed(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with open_instance(settings) as instance:
        execute(instance)
        count = len(instance.all_logs(instance.get_runs()[0].run_id))
    with open_instance(settings) as instance:
        assert len(instance.all_logs(instance.get_runs()[0].run_id)) == count


def test_a_file_that_was_replaced_is_opened_again(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with open_instance(settings) as instance:
        execute(instance)
    for path in settings.instance_folder.rglob("runs.db*"):
        path.write_bytes(b"damaged" * 1000)

    with pytest.raises(InstanceError, match=r"runs\.db is damaged"), open_instance(settings) as instance:
        instance.get_runs()


def test_files_of_many_runs_are_readable_although_few_are_kept_open(
    opened: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdp_etl.defs.storage_connections._MAX_SQLITE_FILES", 5)
    with open_instance(Settings(data=tmp_path)) as instance:
        for _ in range(6):
            execute(instance, idle)
        runs = instance.get_runs()
        opened.clear()

        assert len(runs) == 6
        assert all(instance.all_logs(run.run_id) for run in runs)
        assert 0 < len(opened) < 6
