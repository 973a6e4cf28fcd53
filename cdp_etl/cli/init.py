"""`cdp-etl init`: write the settings of a new installation to `.env`, and check them against the landing zone."""

import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Final

import typer

from cdp_etl.cli.output import out, print_error, progress
from cdp_etl.durable_files import write_file
from cdp_etl.entities import ENTITIES
from cdp_etl.errors import UsageError
from cdp_etl.landing import Zone, ZoneConfigError, probe_zones
from cdp_etl.settings import Settings, SettingsError, load_settings, variable
from cdp_etl.settings.env_source import ENV_FILE

_ASKED: Final = {
    "landing": "Landing zone: a folder, s3://BUCKET/PREFIX or sftp://USER@HOST/FOLDER",
    "dump_timezone": "Time zone in which a dump date begins and ends",
    "business_timezone": "Time zone of the business, whose calendar day is the day of an event",
    "default_company": "Company of records without internalCompanyId (empty: none)",
    "first_dump_date": "First possible dump date",
    "alert_webhook_url_file": "File with the address of a webhook for alerts (empty: no alerts)",
    "daemon": "Whether Dagster's daemon runs here (false: cron runs cdp-etl)",
}
_SUGGESTED: Final = (
    "sftp_key_file",
    "sftp_known_hosts",
    "delivery_weekdays",
    "delivery_holidays",
    "max_quarantine_rate",
    "readers_group",
)
"""Settings that many installations need; the file has them as comments."""


class EnvFileExistsError(UsageError):
    """There are settings already."""


def init_command(  # noqa: PLR0913 - each is an option
    *,
    landing: Annotated[str | None, typer.Option(metavar="PLACE", help="Landing zone.")] = None,
    dump_timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone in which a dump date begins and ends.")
    ] = None,
    business_timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Time zone whose calendar day is the day of an event.")
    ] = None,
    default_company: Annotated[
        str | None, typer.Option(metavar="NAME", help="Company of records without internalCompanyId.")
    ] = None,
    first_dump_date: Annotated[str | None, typer.Option(metavar="DATE", help="First possible dump date.")] = None,
    alert_webhook_url_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="File with the address of a webhook for alerts.")
    ] = None,
    daemon: Annotated[
        bool | None, typer.Option(help="Whether Dagster's daemon runs here, or cron runs the commands.")
    ] = None,
) -> None:
    """Write the settings of a new installation to `.env`, and check them against the landing zone.

    On a terminal the command asks for what no option gives; elsewhere the default is used. It overwrites no file.
    Exit with status 1 if the zone cannot be listed; the file is written nevertheless.

    Example: `cdp-etl init --landing /srv/dumps --dump-timezone Asia/Ho_Chi_Minh --first-dump-date 2026-03-01`
    """
    if ENV_FILE.exists():
        raise EnvFileExistsError(f"{ENV_FILE.absolute()} exists. Edit it; `cdp-etl settings` shows the values.")
    given = {
        "landing": landing,
        "dump_timezone": dump_timezone,
        "business_timezone": business_timezone,
        "default_company": default_company,
        "first_dump_date": first_dump_date,
        "alert_webhook_url_file": alert_webhook_url_file,
        "daemon": None if daemon is None else str(daemon).lower(),
    }
    values = {name: value for name, value in given.items() if value is not None}
    load_settings(**values)
    if sys.stdin.isatty():
        values = dict(_asked(values))
    settings = load_settings(**values)
    zones = _zones(settings)  # before the file is written: a location with a password must not get into it
    write_file(ENV_FILE, env_file(values).encode())
    out().print(f"Written: {ENV_FILE.absolute()}.", soft_wrap=True)
    _check_zones(settings, zones)


def _asked(given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the options and the answers; a question is repeated until its answer is valid."""
    for name, question in _ASKED.items():
        if name in given:
            yield name, given[name]
            continue
        default = load_settings().model_dump()[name]
        while True:
            answer = typer.prompt(question, default="" if default is None else str(default)).strip()
            try:
                if answer:
                    _zones(load_settings(**{name: answer}))
                break
            except (SettingsError, ZoneConfigError) as error:
                print_error(str(error))
        if answer:
            yield name, answer


def env_file(values: Mapping[str, str]) -> str:
    """Return the text of `.env`: the given settings, and further ones as comments, each with its meaning."""
    lines = ["# Settings of this installation. `cdp-etl settings` lists all settings with their values."]
    for name in (*_ASKED, *_SUGGESTED):
        value = values.get(name)
        lines += ["", f"# {Settings.model_fields[name].description}"]
        lines.append(f"# {variable(name)}=" if value is None else f"{variable(name)}={_quoted(value)}")
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _zones(settings: Settings) -> Mapping[str, Zone]:
    """Return the landing zone of each entity; no connection is opened.

    Raises:
        ZoneConfigError: If a location is not valid, or contains a password.
    """
    return {one.name: settings.zone(one) for one in ENTITIES}


def _check_zones(settings: Settings, zones: Mapping[str, Zone]) -> None:
    """List the zone for the first dump date and yesterday, and print the next command."""
    yesterday = max(settings.today() - timedelta(days=1), settings.first_dump_date)
    dates = sorted({settings.first_dump_date, yesterday})
    with progress() as report:
        report("Listing the landing zone …")
        probes = probe_zones(zones, dates, settings.archive)
    faults = list(dict.fromkeys(probe.fault for probe in probes if probe.fault))
    for fault in faults:
        print_error(fault)
    if faults:
        print_error(f"Correct {variable('landing')} in {ENV_FILE.absolute()}. Next: `cdp-etl landing check`.")
        raise typer.Exit(1)
    found = [dump.dump_date for probe in probes for dump in probe.dumps if dump.files]
    for day in dates:
        out().print(f"{day}: {found.count(day)} of {len(ENTITIES)} dumps have files in the landing zone.")
    if found:
        out().print(f"Next: `cdp-etl run --from {min(found)} --to {max(found)}`.")
    else:
        out().print("Next: `cdp-etl landing check --date DATE`, with a date that was delivered.")
