"""Dagster's own folder: made ready, and opened.

Put here where runs and events are kept, and what the web server loads. Limits and retention of the embedded
instance stand in `instance.yaml`.
"""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

import dagster as dg

from cdp_etl.settings import Settings

_WORKSPACE = """\
load_from:
  - python_module:
      module_name: cdp_etl.definitions
      location_name: cdp_etl
"""


def prepare_instance(settings: Settings) -> Path:
    """Make Dagster's folder where there is none, with the embedded instance's configuration; give its path."""
    folder = settings.instance_folder
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        with as_file(files("cdp_etl.defs") / "instance.yaml") as template:
            shutil.copyfile(template, folder / "dagster.yaml")
    return folder


def write_workspace(settings: Settings) -> Path:
    """Write into Dagster's folder what the web server and the daemon load; give its path.

    The location bears the name that the repository's own workspace.yaml gives it: runs are known by that.
    """
    workspace = settings.instance_folder / "workspace.yaml"
    workspace.write_text(_WORKSPACE, encoding="utf-8")
    return workspace


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the instance whose runs the UI shows; use it in a `with` block."""
    return dg.DagsterInstance.from_config(str(prepare_instance(settings)))
