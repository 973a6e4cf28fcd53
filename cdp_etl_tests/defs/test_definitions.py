"""Definitions as a whole: the asset graph, descriptions, partitions, loading by Dagster's tools."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import dagster as dg
import pytest

from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.keys import REPORT
from cdp_etl.defs.partitions import BACKFILL_POLICY
from cdp_etl.defs.runtime.instance import prepare_instance, write_workspace
from cdp_etl.pipeline.layers import Layer
from cdp_etl.settings import Settings
from cdp_etl_tests.defs.asset_graph import GRAPH, graph_lines

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_definitions(Settings(data=tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> list[dg.AssetSpec]:
    return list(definitions.resolve_all_asset_specs())


def test_the_asset_graph_equals_the_expected_file(specs: list[dg.AssetSpec]) -> None:
    """`asset_graph.txt` shows reviewers how a change affects the graph."""
    assert graph_lines(specs) == GRAPH.read_text(encoding="utf-8").splitlines()


def test_every_asset_has_description_owner_kind_and_group(specs: list[dg.AssetSpec]) -> None:
    incomplete = [
        spec.key.to_user_string()
        for spec in specs
        if not (spec.description and spec.owners and spec.kinds and spec.group_name == spec.key.path[0])
    ]

    assert incomplete == []


def test_every_table_shows_its_columns_with_descriptions(specs: list[dg.AssetSpec]) -> None:
    tables = [spec for spec in specs if spec.group_name in {"normalized", "staging", "marts"}]
    undescribed = []
    for spec in tables:
        schema = spec.metadata["dagster/column_schema"]
        assert isinstance(schema, dg.TableSchema)
        undescribed += [f"{spec.key}.{column.name}" for column in schema.columns if not column.description]

    assert len(tables) > 12
    assert undescribed == []


def test_every_column_of_staging_and_marts_shows_its_upstream_columns(specs: list[dg.AssetSpec]) -> None:
    """Dagster's own UI does not show `dagster/column_lineage`, so a Markdown table has the same content."""
    shown = {
        spec.key.to_user_string(): spec.metadata["upstream_columns"].value
        for spec in specs
        if spec.group_name in {"staging", "marts"}
    }

    assert len(shown) > 12
    assert "| `product_name` | `marts.product_daily.newest_name` |" in shown["marts/product"]
    assert "| `event` | `normalized.email_interaction.event` |" in shown["staging/email_interaction"]
    for spec in specs:
        for column in spec.metadata.get("dagster/column_lineage", dg.TableColumnLineage({})).deps_by_column:
            assert f"| `{column}` |" in shown[spec.key.to_user_string()]


def _imports_of_definitions(data: Path) -> set[str]:
    build_definitions(Settings(data=data))
    return set(sys.modules)


@pytest.mark.full
def test_the_process_of_a_run_derives_no_lineage(tmp_path: Path) -> None:
    """Dagster's code location starts the process of a run in the same way."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as run:
        imported = run.submit(_imports_of_definitions, tmp_path).result()

    assert "cdp_etl.marts.registry" in imported
    assert "sqlglot" not in imported


def test_every_check_has_a_description(definitions: dg.Definitions) -> None:
    specs = [spec for asset in definitions.assets or [] for spec in asset.check_specs]  # type: ignore[union-attr]

    assert [spec.name for spec in specs if not spec.description] == []
    assert len(specs) > 6


def test_dumps_and_reports_share_partitions_and_backfill_policy_and_all_time_assets_have_none(
    definitions: dg.Definitions,
) -> None:
    """If policies differ, Dagster uses the smallest, and a backfill becomes many runs."""
    graph = definitions.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]

    daily = [node for node in nodes if node.is_partitioned]
    assert {node.backfill_policy for node in daily} == {BACKFILL_POLICY}
    assert len({node.partitions_def for node in daily}) == 1
    all_time = {node.group_name for node in nodes if not node.is_partitioned}
    assert all_time == {Layer.MARTS.value, Layer.PUBLISHED.value}
    assert all_time.isdisjoint(node.group_name for node in daily)


def test_a_backfill_of_all_assets_reaches_every_daily_asset_from_the_dumps(definitions: dg.Definitions) -> None:
    """Dagster follows only partitioned assets from those without a partitioned parent that it starts from."""
    graph = definitions.resolve_asset_graph()
    daily = {key for key in graph.get_all_asset_keys() if graph.get(key).is_partitioned}

    starts = {key for key in daily if not graph.get(key).parent_keys & daily}

    assert {key.path[0] for key in starts} == {Layer.LANDING.value}


def test_an_all_time_asset_says_what_materialize_does(specs: list[dg.AssetSpec]) -> None:
    all_time = [spec for spec in specs if spec.partitions_def is None]

    assert len(all_time) > 12
    assert all("Materialize applies all pending loads" in (spec.description or "") for spec in all_time)


def test_the_partitions_begin_and_end_in_the_dump_time_zone() -> None:
    settings = Settings(dump_timezone="Asia/Ho_Chi_Minh")
    graph = build_definitions(settings).resolve_asset_graph()
    partitions = graph.get(REPORT).partitions_def

    assert isinstance(partitions, dg.DailyPartitionsDefinition)
    assert (partitions.timezone, partitions.get_first_partition_key(), partitions.end_offset) == (
        "Asia/Ho_Chi_Minh",
        "2026-01-01",
        1,
    )


@pytest.mark.full
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["dg", "check", "defs"], id="[tool.dg] in pyproject.toml"),
        pytest.param(["dagster", "definitions", "validate", "--workspace", "workspace.yaml"], id="workspace.yaml"),
    ],
)
def test_dagsters_own_tools_load_the_code_location(command: list[str], tmp_path: Path) -> None:
    tool = Path(sys.executable).with_name(command[0])

    done = subprocess.run(
        [tool, *command[1:]],
        cwd=ROOT,
        env={
            "PATH": str(tool.parent),
            "HOME": str(tmp_path),
            "CDP_ETL_DATA": str(tmp_path),
            "DAGSTER_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr


def test_the_ui_loads_the_location_that_the_repository_names(tmp_path: Path) -> None:
    """Runs and schedules are known by the location's name: two names would be two histories."""
    settings = Settings(data=tmp_path)
    prepare_instance(settings)

    workspace = write_workspace(settings)

    assert workspace.read_text(encoding="utf-8") == (ROOT / "workspace.yaml").read_text(encoding="utf-8")
