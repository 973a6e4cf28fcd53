"""All marts by Spark equal those by DuckDB, row for row and exactly, both ways."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.engines.errors import SparkFailedError
from cdp_etl.engines.rebuild import REBUILT, rebuild_with_spark
from cdp_etl.engines.spark import SparkTables, open_session
from cdp_etl.engines.staging import export_staging
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.refresh import rebuild_marts
from cdp_etl.marts.settings import MartSettings
from cdp_etl.sample.generator import generate
from cdp_etl_tests.engines.histories import AWKWARD_SETTINGS, load_awkward_records, load_zone
from cdp_etl_tests.engines.test_dialect import SPARK_FUNCTIONS
from cdp_etl_tests.marts.loading import Loader, day

pytestmark = pytest.mark.spark

_DEMO_ZONE = Path(__file__).parents[2] / "data" / "landing"
_SMALL = {
    "spark.sql.shuffle.partitions": "2",
    # With one tier, Java reserves 48 MB for compiled code, which the marts' SELECTs fill.
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkTables]:
    with open_session("local[2]", _SMALL) as session:
        yield SparkTables(session, tmp_path_factory.mktemp("spark"))


def _rebuilt(tables: SparkTables, loader: Loader) -> Mapping[str, Path]:
    """Rebuild the marts by both engines; return the folders of Spark's."""
    rebuild_marts(loader.warehouse, loader.settings)
    staging = loader.folder / "staging"
    staging.mkdir()
    with loader.warehouse.reading() as connection:
        files = export_staging(connection, staging)
    return rebuild_with_spark(tables, files, loader.settings)


def _values(mart: Mart) -> str:
    """Return the columns of a mart in its types. A map has no order of its own, so its entries are sorted."""
    values = []
    for column in mart.select_columns:
        value = f"{quoted(column.name)}::{column.type.duckdb}"
        values.append(f"list_sort(map_entries({value}))" if column.type.duckdb.startswith("MAP") else value)
    return ", ".join(f"{value} AS column_{number}" for number, value in enumerate(values))


def _differences(loader: Loader, folders: Mapping[str, Path]) -> dict[str, tuple[int, int, int]]:
    """Return for each mart that differs its rows in DuckDB, and the rows that one engine alone has."""
    differences = {}
    with loader.warehouse.reading() as connection:
        for mart in REBUILT:
            expected = f"SELECT {_values(mart)} FROM {mart.storage_table}"
            found = f"SELECT {_values(mart)} FROM read_parquet('{folders[mart.name]}/*.parquet')"
            ((rows, missing, unexpected),) = connection.execute(
                f"SELECT (SELECT count(*) FROM ({expected})),"
                f" (SELECT count(*) FROM ({expected} EXCEPT ALL {found})),"
                f" (SELECT count(*) FROM ({found} EXCEPT ALL {expected}))"
            ).fetchall()
            if missing or unexpected or not rows:
                differences[mart.name] = (rows, missing, unexpected)
    return differences


def test_the_marts_of_the_demo_are_equal(tables: SparkTables, tmp_path: Path) -> None:
    loader = Loader(tmp_path, MartSettings(segments={"buyers": "purchase_count > 0"}))
    load_zone(loader, _DEMO_ZONE)

    assert _differences(loader, _rebuilt(tables, loader)) == {}


def test_the_marts_of_dirty_and_awkward_records_are_equal_in_any_time_zone(
    tables: SparkTables, tmp_path: Path
) -> None:
    loader = replace(Loader(tmp_path), settings=AWKWARD_SETTINGS)
    generate(tmp_path / "zone", day(1), days=4, rows=40, dirty=0.2)
    load_zone(loader, tmp_path / "zone")
    load_awkward_records(loader)
    tables.session.conf.set("spark.sql.session.timeZone", "America/New_York")

    assert _differences(loader, _rebuilt(tables, loader)) == {}


def test_spark_has_each_function_that_the_translation_may_use(tables: SparkTables) -> None:
    listed = tables.session.sql("SHOW FUNCTIONS").collect()

    assert SPARK_FUNCTIONS - {row[0] for row in listed} == frozenset()


def test_a_failed_select_leaves_no_folder_and_quotes_no_value(tables: SparkTables) -> None:
    before = set(tables.folder.iterdir())

    with pytest.raises(SparkFailedError) as failure:
        tables.store("broken", "SELECT CAST(concat('c:', id) AS BIGINT) AS number FROM range(3)")

    assert "c:0" not in str(failure.value)
    assert {folder.name for folder in set(tables.folder.iterdir()) - before} <= {".writing-broken-0"}
