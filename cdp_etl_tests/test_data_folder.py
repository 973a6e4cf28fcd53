"""The data folder is tightened once, and again if the group of readers changes."""

import logging
import os
from pathlib import Path
from stat import S_IMODE

import pytest

from cdp_etl.data_folder import protect_data_folder
from cdp_etl.settings import Settings, SettingsError, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings of a data folder that everybody can read, and of a warehouse elsewhere."""
    for path in ("data/lake/a.parquet", "data/landing/b.csv", "elsewhere/cdp.duckdb", "elsewhere/cdp.duckdb.lock"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
        (tmp_path / path).chmod(0o644)
    (tmp_path / "data").chmod(0o755)
    return load_settings(data=tmp_path / "data", warehouse=tmp_path / "elsewhere/cdp.duckdb")


def mode(path: Path) -> int:
    """Return the mode of a file."""
    return S_IMODE(path.stat().st_mode)


def test_an_upgrade_tightens_the_folder_once_and_says_so(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    protect_data_folder(settings)
    said = [record.getMessage() for record in caplog.records]
    (settings.data / "lake/a.parquet").chmod(0o644)
    protect_data_folder(settings)

    assert mode(settings.data) == 0o700
    assert mode(settings.data.parent / "elsewhere/cdp.duckdb") == 0o600
    assert mode(settings.data.parent / "elsewhere/cdp.duckdb.lock") == 0o600
    assert mode(settings.data / "landing/b.csv") == 0o644
    assert len(said) == len(caplog.records) == 1
    assert "files and folders changed. Only their owner can read them now; CDP_ETL_READERS_GROUP" in said[0]
    assert mode(settings.data / "lake/a.parquet") == 0o644


def test_a_home_of_dagster_elsewhere_is_for_its_owner_alone(settings: Settings) -> None:
    home = settings.data.parent / "dagster"
    (home / "history").mkdir(parents=True)
    for name in ("history/runs.db", "dagster.yaml"):
        (home / name).touch()
        (home / name).chmod(0o644)

    protect_data_folder(load_settings(data=settings.data, dagster_home=home))

    assert mode(home / "history") == 0o700
    assert mode(home / "history/runs.db") == 0o600
    assert mode(home / "dagster.yaml") == 0o644


@pytest.mark.parametrize("exists", [True, False])
def test_a_metrics_file_in_the_folder_can_be_read_by_the_group(settings: Settings, *, exists: bool) -> None:
    metrics = settings.data / "metrics" / "cdp_etl.prom"
    if exists:
        metrics.parent.mkdir()
        for name in ("cdp_etl.prom", "durations.sqlite"):
            metrics.with_name(name).touch()

    protect_data_folder(load_settings(data=settings.data, metrics_file=metrics, readers_group=str(os.getegid())))

    assert mode(metrics.parent) == 0o750
    if exists:
        assert mode(metrics) == 0o640
        assert mode(metrics.with_name("durations.sqlite")) == 0o600


def test_another_group_of_readers_changes_the_folder_again(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    group = str(os.getegid())
    protect_data_folder(settings)

    protect_data_folder(load_settings(data=settings.data, readers_group=group))

    assert mode(settings.data) == 0o750
    assert mode(settings.data / "lake") == 0o700
    assert f"and the group {group} the published ones" in caplog.records[-1].getMessage()


def test_a_new_folder_with_readers_is_created_for_them_and_one_without_is_not_created(tmp_path: Path) -> None:
    protect_data_folder(load_settings(data=tmp_path / "none"))
    protect_data_folder(load_settings(data=tmp_path / "data", readers_group=str(os.getegid())))

    assert not (tmp_path / "none").exists()
    assert mode(tmp_path / "data") == 0o750


def test_a_folder_of_another_user_is_left_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

    protect_data_folder(settings)

    assert mode(settings.data) == 0o755
    assert caplog.records == []


def test_a_folder_that_cannot_be_written_stops_no_command(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "chmod", refuse)
    caplog.set_level(logging.WARNING)

    protect_data_folder(settings)

    assert "could not be set (Read-only file system)" in caplog.records[0].getMessage()


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(SettingsError, match="CDP_ETL_READERS_GROUP: expected a group of this machine"):
        load_settings(readers_group="no-such-group")


def test_landing_zones_in_the_folder_keep_their_modes_however_they_are_written(tmp_path: Path) -> None:
    zone = tmp_path / "data" / "a zone"
    quoted = str(zone).replace(" ", "%20")

    found = [
        Settings(data=tmp_path / "data", landing=one).landing_folders() for one in (str(zone), f"file://{quoted}")
    ]

    assert all(zone in folders for folders in found)
