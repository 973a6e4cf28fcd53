"""`cdp-etl alerts`: who is told what is wrong, tried and looked at by hand."""

from datetime import UTC, datetime

import typer

from cdp_etl.alerts.channels.base import deliver
from cdp_etl.alerts.dispatch import dispatch, pending_findings
from cdp_etl.alerts.errors import DeliveryError
from cdp_etl.alerts.message import trial_message
from cdp_etl.alerts.notification_state import read_state
from cdp_etl.cli.options import AsJson
from cdp_etl.cli.output import out, print_error, print_json, print_table
from cdp_etl.defs.alerting.collect import look
from cdp_etl.defs.runtime.instance import open_instance
from cdp_etl.settings import load_settings

alerts = typer.Typer(help="Who is told what is wrong: by webhook and by e-mail.", no_args_is_help=True)

_NOBODY = "No receiver is set; CDP_ETL_ALERT_WEBHOOK_URL or CDP_ETL_ALERT_SMTP_HOST sets one."


@alerts.command("test")
def test_command() -> None:
    """Send a test message to every receiver that is set; one that does not take it exits with 1.

    Example: `cdp-etl alerts test`
    """
    settings = load_settings()
    channels = settings.channels()
    if not channels:
        out().print(_NOBODY)
        raise typer.Exit(1)
    failed = False
    for channel in channels:
        try:
            deliver(channel, trial_message(settings.installation()))
        except DeliveryError as error:
            print_error(str(error))
            failed = True
        else:
            out().print(f"{channel.name}: taken.")
    if failed:
        raise typer.Exit(1)


@alerts.command("check")
def check_command(*, as_json: AsJson = False) -> None:
    """Show what is wrong now, and who has been told of it. Nothing is sent, nothing is changed.

    Example: `cdp-etl alerts check`
    """
    settings = load_settings()
    channels = [channel.name for receiver in settings.channels()]
    now = datetime.now(UTC)
    state = read_state(settings.alerts)
    with open_instance(settings) as instance:
        seen = look(settings, instance, state, now)
    to_be_told = {name: {one.finding.key for one in pending_findings(state, seen, name, now)} for name in channels}
    rows = [
        {
            "kind": finding.kind.value,
            "place": finding.subject,
            "what": finding.description,
            "where": dict(finding.details),
            "command": finding.command,
            "to_be_told_to": [name for name in channels if finding.key in to_be_told[name]],
        }
        for finding in seen.findings
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        out().print("Nothing is wrong.")
        return
    print_table(
        ("kind", "where", "what", "next", "to be told to"),
        [
            (row["kind"], row["place"], row["what"], row["command"], ", ".join(row["to_be_told_to"]))
            for row in rows
        ],
    )
    if not channels:
        out().print(_NOBODY)


@alerts.command("send")
def send_command() -> None:
    """Tell every receiver what it does not know yet, as the daemon's sensor does each minute.

    For an installation without a daemon: a line of cron behind `cdp-etl run`.

    Example: `cdp-etl alerts send`
    """
    settings = load_settings()
    channels = settings.channels()
    if not channels:
        out().print(_NOBODY)
        raise typer.Exit(1)
    now = datetime.now(UTC)
    with open_instance(settings) as instance:
        sent = dispatch(
            settings.alerts,
            settings.installation(),
            channels,
            lambda state: look(settings, instance, state, now),
            now,
        )
    for one in sent:
        if one.error is None:
            out().print(f"{one.channel}: told of {one.findings} findings.")
        else:
            print_error(one.error)
    if not sent:
        out().print("Nothing new.")
    if any(one.error for one in sent):
        raise typer.Exit(1)
