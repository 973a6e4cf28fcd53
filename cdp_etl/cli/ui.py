"""`cdp-etl ui`: the Dagster web server and daemon, on the instance that `cdp-etl run` uses."""

import os
import socket
import sys
from contextlib import closing
from typing import Annotated

import typer

from cdp_etl.cli.output import err
from cdp_etl.defs.runtime.instance import prepare_instance, write_workspace
from cdp_etl.errors import CdpEtlError
from cdp_etl.settings import load_settings

# The successor, `dg dev`, requires development packages that an installation does not have.
_IGNORE_DEPRECATION = ("-W", "ignore:Function `dev_command` is superseded")


class PortBusyError(CdpEtlError):
    """The web server cannot listen on its port."""


def ui_command(
    *,
    port: Annotated[int, typer.Option(help="Port of the web server.")] = 3000,
    host: Annotated[
        str, typer.Option(help="Address to listen on. The UI has no login: whoever reaches it can start runs.")
    ] = "127.0.0.1",
) -> None:
    """Start the Dagster UI and its daemon, until Ctrl-C.

    Exit with status 1 if another process listens on the port.

    Example: `cdp-etl ui --port 3001`
    """
    _require_free(host, port)
    settings = load_settings()
    os.environ["DAGSTER_HOME"] = str(prepare_instance(settings))
    workspace = str(write_workspace(settings))
    err().print(f"Starting the UI on http://{host}:{port} …")
    arguments = ["dev", "--workspace", workspace, "--host", host, "--port", str(port)]
    arguments += ["--log-format", "json"] if settings.log_format == "json" else []
    command = [sys.executable, *_IGNORE_DEPRECATION, "-m", "dagster", *arguments]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is needed


def _require_free(host: str, port: int) -> None:
    """Raise an error if the port cannot be used. Dagster itself takes some seconds to fail, with a traceback.

    Raises:
        PortBusyError: If it cannot; the message has the reason, and another port that is free.
    """
    try:
        with closing(socket.create_server((host, port))):
            return
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
    free = next((other for other in range(port + 1, port + 20) if _is_free(host, other)), None)
    advice = "" if free is None else f" `cdp-etl ui --port {free}` starts it on another port."
    raise PortBusyError(f"The UI cannot listen on {host}:{port}: {reason}.{advice}")


def _is_free(host: str, port: int) -> bool:
    try:
        with closing(socket.create_server((host, port))):
            return True
    except OSError:
        return False
