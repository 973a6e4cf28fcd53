"""`cdp-etl ui`: the Dagster web server and daemon, on the instance that `cdp-etl run` uses."""

import os
import sys
from typing import Annotated

import typer

from cdp_etl.cli.output import err
from cdp_etl.defs.instance import prepare_instance
from cdp_etl.settings import load_settings


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
    os.environ["DAGSTER_HOME"] = str(prepare_instance(load_settings()))
    err().print(f"Starting the UI on http://{host}:{port} …")
    arguments = ["dev", "--module-name", "cdp_etl.definitions", "--host", host, "--port", str(port)]
    os.execv(sys.executable, [sys.executable, "-m", "dagster", *arguments])  # noqa: S606 - no shell is wanted
