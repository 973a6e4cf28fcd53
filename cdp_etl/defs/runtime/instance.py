"""Home folder of the Dagster instance: creation, workspace file, opening.

`instance.yaml` has the limits and the retention of the embedded instance.
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

_MAX_REASON_LENGTH = 300


class InstanceError(CdpEtlError):
    """Dagster's storage cannot be opened. The message names its configuration file and the reason."""


def prepare_instance(settings: Settings) -> Path:
    """Create Dagster's home folder with the embedded configuration if it is missing. Return its path."""
    folder = settings.instance_folder
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        with as_file(files("cdp_etl.defs") / "instance.yaml") as template:
            shutil.copyfile(template, folder / "dagster.yaml")
    return folder


def write_workspace(settings: Settings) -> Path:
    """Write the workspace file that the web server and the daemon load. Return its path.

    The location has the same name as in the repository's `workspace.yaml`, because runs refer to it.
    """
    workspace = settings.instance_folder / "workspace.yaml"
    workspace.write_text(_WORKSPACE, encoding="utf-8")
    return workspace


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the instance whose runs the UI shows. Use it in a `with` block.

    Raises:
        InstanceError: If the database does not answer or `dagster.yaml` is invalid.
    """
    folder = prepare_instance(settings)
    configuration = folder / "dagster.yaml"
    try:
        return dg.DagsterInstance.from_config(str(folder))
    except DagsterPostgresException as error:
        raise InstanceError(
            f"{configuration}: its Postgres does not answer: {_postgres_message(error)}"
        ) from error
    except dg.DagsterInvalidConfigError as error:
        unset = sorted(set(re.findall(r'environment variable "(\w+)" which is not set', str(error))))
        reason = f"it needs the variable {', '.join(unset)}, not set" if unset else error.errors[0].message
        raise InstanceError(f"{configuration}: {reason[:_MAX_REASON_LENGTH]}") from error
    except yaml.YAMLError as error:
        raise InstanceError(f"{configuration}: not YAML: {' '.join(str(error).split())}") from error


def _postgres_message(error: DagsterPostgresException) -> str:
    """Return the first line of the server's or driver's message: host, port and user, never a password."""
    driver = getattr(error.__cause__, "orig", None) or error
    return str(driver).strip().partition("\n")[0]
