"""Home folder of the Dagster instance: creation, workspace file, opening.

`instance.yaml` has the limits and the retention of the embedded instance.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.resources import as_file, files
from pathlib import Path

import dagster as dg
import yaml
from sqlalchemy.exc import DBAPIError

from cdp_etl.defs.storage_connections import close_sqlite_connections, reuse_sqlite_connections
from cdp_etl.errors import CdpEtlError
from cdp_etl.settings import Settings

_WORKSPACE = """\
load_from:
  - python_module:
      module_name: cdp_etl.definitions
      location_name: cdp_etl
"""

_MAX_REASON_LENGTH = 300
_MAX_FILES_NAMED = 3


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


@contextmanager
def open_instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the instance whose runs the UI shows, for a block.

    Raises:
        InstanceError: If the database does not answer or is damaged, or `dagster.yaml` is invalid.
    """
    folder = prepare_instance(settings)
    configuration = folder / "dagster.yaml"
    reuse_sqlite_connections()
    try:
        with dg.DagsterInstance.from_config(str(folder)) as instance:
            yield instance
    except dg.DagsterInvalidConfigError as error:
        unset = sorted(set(re.findall(r'environment variable "(\w+)" which is not set', str(error))))
        reason = f"it needs the variable {', '.join(unset)}, not set" if unset else error.errors[0].message
        raise InstanceError(f"{configuration}: {reason[:_MAX_REASON_LENGTH]}") from error
    except yaml.YAMLError as error:
        raise InstanceError(f"{configuration}: not YAML: {' '.join(str(error).split())}") from error
    except (DBAPIError, sqlite3.Error) as error:
        # The message of SQLAlchemy has the statement and its parameters; that of the database has not.
        reason = str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]
        raise _storage_error(folder, reason[:_MAX_REASON_LENGTH]) from None
    except _postgres_error() as error:
        raise InstanceError(
            f"{configuration}: its Postgres does not answer: {_postgres_message(error)}"
        ) from error
    finally:
        close_sqlite_connections()


def require_intact_storage(settings: Settings) -> None:
    """Read the SQLite files of all runs, events and schedules completely; Dagster has no check of them.

    Raises:
        InstanceError: If one is damaged. The message has the command that helps.
    """
    folder = settings.instance_folder
    if any(not _is_sqlite(path) for path in folder.rglob("*.db")):
        raise _storage_error(folder, "SQLite cannot read it")


def _storage_error(folder: Path, reason: str) -> InstanceError:
    damaged = [path for path in sorted(folder.rglob("*.db")) if not _is_sqlite(path)]
    if not damaged:
        return InstanceError(f"{folder}: Dagster's storage cannot be used: {reason}.")
    commands = " && ".join(f"mv {path} {path}.damaged" for path in damaged[:_MAX_FILES_NAMED])
    return InstanceError(
        f"{damaged[0]} is damaged ({reason}). Stop the daemon and run `{commands}`. Dagster creates the file"
        " again, without its history; the data of the warehouse is not affected."
    )


def _is_sqlite(path: Path) -> bool:
    """Return whether SQLite can read a file."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            ((result,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error:
        return False
    return bool(result == "ok")


def _postgres_error() -> type[Exception]:
    """Return the error of Dagster's Postgres storage, imported only where `dagster.yaml` or an error needs it."""
    from dagster_postgres.utils import DagsterPostgresException  # noqa: PLC0415 - 0.5 CPU seconds

    return DagsterPostgresException


def _postgres_message(error: Exception) -> str:
    """Return the first line of the server's or driver's message: host, port and user, never a password."""
    driver = getattr(error.__cause__, "orig", None) or error
    return str(driver).strip().partition("\n")[0]
