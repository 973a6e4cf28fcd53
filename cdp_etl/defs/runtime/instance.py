"""Dagster's own folder: made ready, and opened.

Put here where runs and events are kept, and what the web server loads. Limits and retention of the embedded
instance stand in `instance.yaml`.
"""

import re
import shutil
from importlib.resources import as_file, files
from pathlib import Path

import dagster as dg
import yaml
from dagster_postgres.utils import DagsterPostgresException

from cdp_etl.errors import CdpEtlError
from cdp_etl.settings import Settings

_WORKSPACE = """\
load_from:
  - python_module:
      module_name: cdp_etl.definitions
      location_name: cdp_etl
"""

_LONGEST_REASON = 300


class InstanceError(CdpEtlError):
    """Dagster's storage cannot be opened; the text names the file that says where it is, and why it cannot."""


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
    """Open the instance whose runs the UI shows; use it in a `with` block.

    Raises:
        InstanceError: the database does not answer, or `dagster.yaml` is not as it should be.
    """
    folder = prepare_instance(settings)
    configuration = folder / "dagster.yaml"
    try:
        return dg.DagsterInstance.from_config(str(folder))
    except DagsterPostgresException as error:
        raise InstanceError(
            f"{configuration}: its Postgres does not answer: {_said_by_postgres(error)}"
        ) from error
    except dg.DagsterInvalidConfigError as error:
        unset = sorted(set(re.findall(r'environment variable "(\w+)" which is not set', str(error))))
        reason = f"it needs the variable {', '.join(unset)}, not set" if unset else error.errors[0].message
        raise InstanceError(f"{configuration}: {reason[:_LONGEST_REASON]}") from error
    except yaml.YAMLError as error:
        raise InstanceError(f"{configuration}: not YAML: {' '.join(str(error).split())}") from error


def _said_by_postgres(error: DagsterPostgresException) -> str:
    """Give the first line of what the server or its driver said: host, port and user, never a password."""
    driver = getattr(error.__cause__, "orig", None) or error
    return str(driver).strip().partition("\n")[0]
