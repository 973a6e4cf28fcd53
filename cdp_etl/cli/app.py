"""The command line put together, and how it ends.

Put here what holds for every command: the groups, `--debug`, and what an error looks like. A command stands in the
module of its group.
"""

import sys
from contextlib import suppress
from types import TracebackType
from typing import Annotated

import typer

from cdp_etl.alerts import ReceiverConfigError
from cdp_etl.cli.alerts import alerts
from cdp_etl.cli.check import check_command
from cdp_etl.cli.contract import contract
from cdp_etl.cli.doctor import doctor_command
from cdp_etl.cli.generate import generate_command
from cdp_etl.cli.landing import archive, landing
from cdp_etl.cli.maintenance import backup_command, compact_command, restore_command
from cdp_etl.cli.marts import marts
from cdp_etl.cli.metrics import metrics_command
from cdp_etl.cli.output import print_error
from cdp_etl.cli.quarantine import quarantine
from cdp_etl.cli.report import report_command
from cdp_etl.cli.run import run_command
from cdp_etl.cli.settings import settings_command
from cdp_etl.cli.sql import QueryError, sql_command
from cdp_etl.cli.status import status_command
from cdp_etl.cli.ui import ui_command
from cdp_etl.defs.in_process import DayOutOfRangeError
from cdp_etl.errors import CdpEtlError
from cdp_etl.landing import ZoneConfigError
from cdp_etl.logs import configure_logs
from cdp_etl.sample import SampleError
from cdp_etl.settings import SettingsError, load_settings

_DEBUG = "--debug"
_WRONG_USAGE = (SettingsError, ReceiverConfigError, SampleError, ZoneConfigError, DayOutOfRangeError, QueryError)

app = typer.Typer(
    help="Daily customer data dumps in, marts out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("run")(run_command)
app.command("status")(status_command)
app.command("sql")(sql_command)
app.command("report")(report_command)
app.add_typer(quarantine, name="quarantine")
app.add_typer(marts, name="marts")
app.add_typer(landing, name="landing")
app.add_typer(archive, name="archive")
app.add_typer(alerts, name="alerts")
app.command("metrics")(metrics_command)
app.command("doctor")(doctor_command)
app.command("check")(check_command)
app.command("compact")(compact_command)
app.command("backup")(backup_command)
app.command("restore")(restore_command)
app.command("ui")(ui_command)
app.command("generate")(generate_command)
app.command("settings")(settings_command)
app.add_typer(contract, name="contract")


@app.callback()
def _every_command(
    *,
    debug: Annotated[
        bool, typer.Option(_DEBUG, help="Show the traceback of an error; also behind a command.")
    ] = False,
) -> None:
    """Declare the option for the help; `main` takes it out before a command is read.

    From here on lines are as the settings say.
    """
    assert not debug  # noqa: S101 - see `main`
    configure_logs("text", "WARNING")
    with suppress(SettingsError):  # the command itself says it, where it needs settings
        settings = load_settings()
        if settings.log_format == "json":
            configure_logs("json", settings.log_level)


def main() -> None:
    """Run a command; an error is one sentence and an exit code, a traceback only with `--debug`."""
    arguments = [argument for argument in sys.argv[1:] if argument != _DEBUG]
    command = typer.main.get_command(
        app
    )  # called itself, the app would put a hook of its own in the place of ours
    if len(arguments) < len(sys.argv) - 1:
        command(args=arguments)
        return
    sys.excepthook = _say_that_it_is_our_fault
    try:
        command(args=arguments)
    except CdpEtlError as error:
        print_error(f"Error: {error}")
        sys.exit(2 if isinstance(error, _WRONG_USAGE) else 1)


def _say_that_it_is_our_fault(
    kind: type[BaseException], _error: BaseException, _trace: TracebackType | None
) -> None:
    """Tell of an error that nobody foresaw, without its text: that may hold a record's values."""
    print_error(f"Error: {kind.__name__}, which cdp-etl did not foresee; run it again with {_DEBUG} to see where.")
