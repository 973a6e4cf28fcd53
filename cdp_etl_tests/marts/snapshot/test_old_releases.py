"""The published file and an exported one are read by old releases of DuckDB, with equal rows and comments."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cdp_etl.marts.registry import PUBLISHED
from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl.marts.snapshot.portable import write_portable
from cdp_etl_tests.marts.loading import Loader
from cdp_etl_tests.marts.published import load_version

PROGRAM = Path(__file__).with_name("read_by_old_release.py")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps", "--target")


def read(database: Path, release: Path, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    ended = subprocess.run(
        [sys.executable, PROGRAM, database, folder],
        env={"PYTHONPATH": str(release)},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def differing_rows(database: Path, folder: Path) -> dict[str, int]:
    with closing(duckdb.connect(database, read_only=True)) as connection:
        return {
            mart.name: connection.sql(
                f"(FROM marts.{mart.name} EXCEPT ALL FROM '{folder / mart.name}.parquet')"
                f" UNION ALL (FROM '{folder / mart.name}.parquet' EXCEPT ALL FROM marts.{mart.name})"
            ).shape[0]
            for mart in PUBLISHED
        }


@pytest.mark.system
@pytest.mark.parametrize("version", ["1.1.0", "1.3.0", "1.4.0"])
def test_an_old_release_reads_the_rows_the_list_of_marts_and_the_comments(
    published: Loader, tmp_path: Path, version: str
) -> None:
    release = tmp_path / "release"
    subprocess.run([*PIP, release, f"duckdb=={version}"], check=True)
    load_version(published, 2)
    published.publish(min_rows_for_delta=0)
    database = published.folder / "published" / DATABASE
    exported = tmp_path / "exported.duckdb"
    write_portable(database, exported, PUBLISHED, lambda _mart: None, memory_limit="500MiB")

    for file in (database, exported):
        copied = tmp_path / file.stem
        found = read(file, release, copied)
        assert found == {
            "version": version,
            "listed": sorted([*(mart.name for mart in PUBLISHED), "snapshot"]),
            "uncommented": 0,
        }
        assert not any(differing_rows(database, copied).values())
