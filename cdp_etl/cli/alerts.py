"""`cdp-etl alerts`: test the alert channels, list current findings, send alerts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import typer

from cdp_etl.alerts.channels.base import deliver
from cdp_etl.alerts.dispatch import FindingsSnapshot, dispatch, pending_findings
from cdp_etl.alerts.errors import DeliveryError
from cdp_etl.alerts.findings.marts import damage_finding
from cdp_etl.alerts.message import NO_CHANNEL, trial_message
from cdp_etl.alerts.notification_state import NotificationState, read_state
from cdp_etl.cli.lazy_group import subcommands
from cdp_etl.cli.options import AsJson
from cdp_etl.cli.output import out, print_error, print_json, print_table, progress
from cdp_etl.defs.alerting.collect import collect_findings
from cdp_etl.defs.runtime.instance import InstanceError, open_instance
from cdp_etl.settings import Settings, load_settings

alerts = subcommands("Test alert channels, list findings, send alerts.")


@alerts.command("test")
def test_command() -> None:
    """Send a test message to every configured channel.

    Exit with status 1 if no channel is configured or a channel does not accept the message.

    Example: `cdp-etl alerts test`
    """
    settings = load_settings()
    channels = settings.channels()
    if not channels:
        out().print(NO_CHANNEL)
        raise typer.Exit(1)
    failed = False
    for channel in channels:
        try:
            deliver(channel, trial_message(settings.installation()))
        except DeliveryError as error:
            print_error(str(error))
            failed = True
        else:
            out().print(f"{channel.name}: delivered.")
    if failed:
        raise typer.Exit(1)


@alerts.command("check")
def check_command(*, as_json: AsJson = False) -> None:
    """List current findings, and the channels that have not received them yet. Send and change nothing.

    Exit with status 1 if there are findings.

    Example: `cdp-etl alerts check`
    """
    settings = load_settings()
    channels = [channel.name for channel in settings.channels()]
    now = datetime.now(UTC)
    state = read_state(settings.alerts)
    with progress() as report:
        report("Collecting findings …")
        snapshot = current_findings(settings, state, now)
    pending = {
        name: {one.finding.key for one in pending_findings(state, snapshot, name, now)} for name in channels
    }
    rows = [
        {
            "kind": finding.kind.value,
            "place": finding.subject,
            "what": finding.description,
            "where": dict(finding.details),
            "command": finding.command,
            "to_be_told_to": [name for name in channels if finding.key in pending[name]],
        }
        for finding in snapshot.findings
    ]
    if as_json:
        print_json(rows)
    else:
        _print(rows, has_channel=bool(channels))
    if rows:
        raise typer.Exit(1)


def _print(rows: Sequence[dict[str, Any]], *, has_channel: bool) -> None:
    if not rows:
        out().print("Nothing is wrong.")
        return
    print_table(
        ("kind", "subject", "description", "next", "not sent to"),
        [
            (row["kind"], row["place"], row["what"], row["command"], ", ".join(row["to_be_told_to"]))
            for row in rows
        ],
    )
    if not has_channel:
        out().print(NO_CHANNEL)


@alerts.command("send")
def send_command() -> None:
    """Send each channel the findings that it has not received. The daemon's sensor does the same every minute.

    Use it after `cdp-etl run` in cron if the installation runs no daemon. Exit with status 1 if no channel is
    configured or a delivery fails.

    Example: `cdp-etl alerts send`
    """
    settings = load_settings()
    channels = settings.channels()
    if not channels:
        out().print(NO_CHANNEL)
        raise typer.Exit(1)
    now = datetime.now(UTC)
    results = dispatch(
        settings.alerts,
        settings.installation(),
        channels,
        lambda state: current_findings(settings, state, now),
        now,
    )
    for result in results:
        if result.error is None:
            out().print(f"{result.channel}: {result.findings} findings sent.")
        else:
            print_error(result.error)
    if not results:
        out().print("Nothing new.")
    if any(result.error for result in results):
        raise typer.Exit(1)


def current_findings(settings: Settings, state: NotificationState, now: datetime) -> FindingsSnapshot:
    """Return the current findings. A damaged storage of Dagster is one of them and blocks no other."""
    try:
        with open_instance(settings) as instance:
            return collect_findings(settings, instance, state, now)
    except InstanceError as error:
        found = collect_findings(settings, None, state, now)
        damage = damage_finding("Dagster's storage", str(error), "cdp-etl doctor")
        return replace(found, findings=[*found.findings, damage])
