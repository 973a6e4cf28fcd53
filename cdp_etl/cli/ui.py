"""`cdp-etl ui`: the Dagster web server and daemon, on the instance that `cdp-etl run` uses."""

import os
import sys
from typing import Annotated

import typer

from cdp_etl.cli.output import err
from cdp_etl.defs.runtime.instance import prepare_instance, write_workspace
from cdp_etl.settings import load_settings

# Its successor, `dg dev`, comes with packages for development that an installation does not have.
_QUIET = ("-W", "ignore:Function `dev_command` is superseded")


def ui_command(
    *,
    port: Annotated[int, typer.Option(help="Port of the web server.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Address to listen at; there is no login, so be careful.")
    ] = "127.0.0.1",
) -> None:
    """Start the Dagster UI with its daemon, until Ctrl-C.

    Example: `cdp-etl ui --port 3001`
    """
    settings = load_settings()
    os.environ["DAGSTER_HOME"] = str(prepare_instance(settings))
    workspace = str(write_workspace(settings))
    err().print(f"Starting the UI on http://{host}:{port} …")
    arguments = ["dev", "--workspace", workspace, "--host", host, "--port", str(port)]
    arguments += ["--log-format", "json"] if settings.log_format == "json" else []
    os.execv(sys.executable, [sys.executable, *_QUIET, "-m", "dagster", *arguments])  # noqa: S606 - no shell is wanted
