"""A run on Postgres reuses its connection between events: a login costs more than a write."""

from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.defs.error_boundary import op_boundary
from cdp_etl_tests.end_to_end.installation import write_instance
from cdp_etl_tests.end_to_end.postgres import Postgres

pytestmark = pytest.mark.system

EVENTS = 100


@dg.op(name="telling")
@op_boundary
def _telling(context: dg.OpExecutionContext) -> None:
    for number in range(EVENTS):
        context.log_event(dg.AssetMaterialization("asset", metadata={"number": number}))


@dg.job(name="telling_job")
def _job() -> None:
    _telling()


def test_a_run_makes_fewer_connections_than_it_writes_events(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = postgres.create_database("connections")
    for name, value in postgres.variables(database).items():
        monkeypatch.setenv(name, value)
    write_instance(tmp_path / "dagster.yaml")

    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        before = postgres.sessions(database)
        result = _job.execute_in_process(instance=instance)
        made = postgres.sessions(database) - before
        told = instance.fetch_materializations(dg.AssetKey("asset"), limit=2 * EVENTS).records

    assert result.success
    assert len(told) == EVENTS
    assert made < EVENTS
