"""Dagster's own folder: made ready, and opened.

Put here where runs and events are kept. Limits and retention of the embedded instance stand in `instance.yaml`.
"""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

import dagster as dg

from cdp_etl.settings import Settings


def prepare_instance(settings: Settings) -> Path:
    """Make Dagster's folder where there is none, with the embedded instance's configuration; give its path."""
    folder = settings.instance_folder
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        with as_file(files("cdp_etl.defs") / "instance.yaml") as template:
            shutil.copyfile(template, folder / "dagster.yaml")
    return folder


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the instance whose runs the UI shows; use it in a `with` block."""
    return dg.DagsterInstance.from_config(str(prepare_instance(settings)))
