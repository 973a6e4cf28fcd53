"""`cdp-etl ui`: the Dagster web server and daemon, on the instance that `cdp-etl run` uses."""

import os
import sys
from typing import Annotated

import typer

from cdp_etl.cli.output import err
from cdp_etl.defs.runtime.instance import prepare_instance, write_workspace
from cdp_etl.settings import load_settings

# The successor, `dg dev`, requires development packages that an installation does not have.
_IGNORE_DEPRECATION = ("-W", "ignore:Function `dev_command` is superseded")


def ui_command(
    *,
    port: Annotated[int, typer.Option(help="Port of the web server.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Address to listen on. The UI has no login: whoever reaches it can start runs.")
    ] = "127.0.0.1",
) -> None:
    """Start the Dagster UI and its daemon, until Ctrl-C.

    Example: `cdp-etl ui --port 3001`
    """
    settings = load_settings()
    os.environ["DAGSTER_HOME"] = str(prepare_instance(settings))
    workspace = str(write_workspace(settings))
    err().print(f"Starting the UI on http://{host}:{port} …")
    arguments = ["dev", "--workspace", workspace, "--host", host, "--port", str(port)]
    arguments += ["--log-format", "json"] if settings.log_format == "json" else []
    command = [sys.executable, *_IGNORE_DEPRECATION, "-m", "dagster", *arguments]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is needed
