"""The command line as a whole: its commands, the options that all of them share, and how errors are shown."""

import sys
from contextlib import suppress
from importlib.metadata import version
from types import TracebackType
from typing import Annotated

import typer

from cdp_etl.cli.lazy_group import MARKUP, LazyCommand, lazy_group
from cdp_etl.cli.output import print_error
from cdp_etl.errors import CdpEtlError, UsageError
from cdp_etl.file_modes import restrict_new_files
from cdp_etl.logs import configure_logs

_DEBUG = "--debug"

COMMANDS = {
    "init": LazyCommand(
        "init:init_command",
        "Write the settings of a new installation to `.env`, and check them against the landing zone.",
    ),
    "run": LazyCommand(
        "run:run_command", "Load the dumps of one or more dates, refresh the marts, and publish the snapshot."
    ),
    "status": LazyCommand(
        "status:status_command",
        "Show the latest load attempt of each dump, and the load that each mart has applied.",
    ),
    "sql": LazyCommand(
        "sql:sql_command", "Query the published snapshot, read-only and without waiting for a load."
    ),
    "export": LazyCommand("export:export_command", "Export the published marts to files."),
    "report": LazyCommand("report:report_command", "Write the report of a dump date as one HTML page."),
    "quarantine": LazyCommand("quarantine:quarantine", "List, show, export and replay quarantined records."),
    "replay": LazyCommand(
        "replay:replay_older_rules_command",
        "Normalize and load the dumps that older rules normalized, and refresh the marts.",
    ),
    "consent": LazyCommand("consent:consent", "Withdraw or complete statements of consent."),
    "marts": LazyCommand("marts:marts", "Rebuild marts from staging, publish the snapshot."),
    "landing": LazyCommand("landing:landing", "Check the dumps in the landing zone."),
    "archive": LazyCommand("landing:archive", "Prune the raw archive of delivered dumps."),
    "alerts": LazyCommand("alerts:alerts", "Test alert channels, list findings, send alerts."),
    "metrics": LazyCommand("metrics:metrics_command", "Print the metrics in Prometheus's text format."),
    "doctor": LazyCommand("doctor:doctor_command", "Check the health of the installation. Change nothing."),
    "check": LazyCommand("check:check_command", "Run all checks over all data of staging and marts."),
    "compact": LazyCommand(
        "maintenance:compact_command", "Rewrite the warehouse file without the space of deleted rows."
    ),
    "backup": LazyCommand("maintenance:backup_command", "Copy the warehouse to a file and verify the copy."),
    "restore": LazyCommand("maintenance:restore_command", "Replace the warehouse by a backup."),
    "ui": LazyCommand("ui:ui_command", "Start the Dagster UI and its daemon, until Ctrl-C."),
    "generate": LazyCommand("generate:generate_command", "Write realistic sample dumps."),
    "settings": LazyCommand("settings:settings_command", "List all settings with value, default and meaning."),
    "contract": LazyCommand(
        "contract:contract", "Write or check the documents of the data contract, in docs/contract/."
    ),
}

app = typer.Typer(
    cls=lazy_group(COMMANDS),
    help="Load daily customer data dumps and build marts from them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=MARKUP,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _print_version(*, is_wanted: bool) -> None:
    if is_wanted:
        sys.stdout.write(f"cdp-etl {version('cdp_etl')}\n")
        raise typer.Exit


@app.callback()
def _every_command(
    *,
    debug: Annotated[
        bool, typer.Option(_DEBUG, help="Show the traceback of an error. Also allowed after the command.")
    ] = False,
    show_version: Annotated[  # noqa: ARG001 - handled by its callback
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version and exit."),
    ] = False,
) -> None:
    """Restrict new files to their owner, and configure logs by the settings, before any command runs.

    `debug` is declared for the help only: `main` removes it from the arguments.
    """
    from cdp_etl.data_folder import protect_data_folder  # noqa: PLC0415 - see below
    from cdp_etl.settings import SettingsError, load_settings, warn_of_renamed_settings  # noqa: PLC0415

    # pydantic would be half of the start-up time of `cdp-etl --help`, which never comes here.
    assert not debug  # noqa: S101 - see `main`
    restrict_new_files()
    configure_logs("text", "WARNING")
    with suppress(SettingsError):  # a command that needs settings reports the error
        settings = load_settings()
        if settings.log_format == "json":
            configure_logs("json", settings.log_level)
        warn_of_renamed_settings()
        protect_data_folder(settings)


def main() -> None:
    """Run a command. An error is shown as one sentence; its traceback only with `--debug`."""
    arguments = [argument for argument in sys.argv[1:] if argument != _DEBUG]
    command = typer.main.get_command(app)  # `app()` would replace our exception hook by Typer's
    if len(arguments) < len(sys.argv) - 1:
        command(args=arguments)
        return
    sys.excepthook = _report_unexpected
    try:
        command(args=arguments)
    except CdpEtlError as error:
        print_error(f"Error: {error}")
        sys.exit(2 if isinstance(error, UsageError) else 1)


def _report_unexpected(kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    """Report an error of the environment in a sentence; any other one without its text, which may have values."""
    from cdp_etl.defs.environment_errors import as_environment_error  # noqa: PLC0415 - imports Dagster

    known = as_environment_error(error)
    if known is not None:
        print_error(f"Error: {known}")
    else:
        print_error(f"Error: unexpected {kind.__name__} (bug?). Run the command again with {_DEBUG} to see where.")
