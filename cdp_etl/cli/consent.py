"""`cdp-etl consent`: take statements of a wrong delivery back, and complete those of earlier loads."""

from datetime import date
from typing import Annotated

import typer

from cdp_etl.cli.lazy_group import subcommands
from cdp_etl.cli.options import parse_date, parse_entity
from cdp_etl.cli.output import out, print_error, progress
from cdp_etl.contract.entity import Entity
from cdp_etl.defs.assets.load import LoadConfig
from cdp_etl.defs.in_process import DateOutOfRangeError, InProcessJobs, RunResult, require_dump_dates
from cdp_etl.defs.runtime.instance import open_instance
from cdp_etl.entities import ENTITIES
from cdp_etl.errors import CdpEtlError
from cdp_etl.landing import LandingError, latest_pull
from cdp_etl.pipeline.layers import Layer
from cdp_etl.settings import Settings, load_settings
from cdp_etl.warehouse import missing_statements, withdraw_consent_statements

consent = subcommands("Withdraw or complete statements of consent.")


@consent.command("withdraw")
def withdraw_command(
    *,
    entity: Annotated[
        Entity, typer.Option("--entity", parser=parse_entity, metavar="NAME", help="Entity of the wrong delivery.")
    ],
    dump_date: Annotated[
        date, typer.Option("--dump-date", parser=parse_date, metavar="DATE", help="Its dump date.")
    ],
    load_seq: Annotated[
        int, typer.Option("--load-seq", metavar="N", min=1, help="Number of its load in the ledger.")
    ],
) -> None:
    """Take back the consent statements of one load, because its delivery was wrong.

    Consents and refusals that another load delivered too stay in force. The ledger records the withdrawal, an
    alert reports it, and the marts are refreshed. A load of the same wrong files states everything again: correct
    the delivery and load it first.

    Example: `cdp-etl consent withdraw --entity email-interaction --dump-date 2026-03-01 --load-seq 12`
    """
    settings = load_settings()
    require_dump_dates(settings, dump_date, dump_date)
    withdrawal = withdraw_consent_statements(settings.open_warehouse(), entity, dump_date, load_seq)
    out().print(f"{withdrawal.reason} The ledger records that as number {withdrawal.load_seq}.")
    with open_instance(settings) as instance, progress() as report:
        result = InProcessJobs(settings, instance, report).refresh_marts(dump_date, dump_date)
    _exit_if_failed([result])


@consent.command("refill")
def refill_command() -> None:
    """Complete the statements of dumps that were loaded before this release, from the raw archive.

    The upgrade reads the statements of earlier loads from the lake. If the normalized records of a dump were
    deleted, its superseded records are missing. This command normalizes such dumps again from the archive and
    loads them. It lists the dumps that it cannot load, with the reason: the archive was pruned or is damaged, or
    the date is before CDP_ETL_FIRST_DUMP_DATE. Their superseded records state nothing. Exit with status 1 if an
    archive is damaged or a load fails.

    Example: `cdp-etl consent refill`
    """
    settings = load_settings()
    entities = {entity.table: entity for entity in ENTITIES}
    gaps = [(entities[table], day) for table, day in missing_statements(settings.open_warehouse())]
    obstacles = {(entity, day): _obstacle(settings, entity, day) for entity, day in gaps}
    archived = [gap for gap, obstacle in obstacles.items() if obstacle is None]
    results: list[RunResult] = []
    if archived:
        with open_instance(settings) as instance, progress() as report:
            jobs = InProcessJobs(settings, instance, report)
            for entity, day in archived:
                layers = (Layer.NORMALIZED, Layer.STAGING)
                results.append(jobs.load([entity], day, day, LoadConfig(force=True), layers))
            days = [day for _, day in archived]
            results.append(jobs.refresh_marts(min(days), max(days)))
    loaded = sum(not result.failures for result in results[: len(archived)])
    out().print(f"{loaded} of {len(archived)} dumps loaded again.")
    for (entity, day), obstacle in obstacles.items():
        if obstacle is not None:
            out().print(f"{entity.name} {day}: {obstacle}", soft_wrap=True)
    _exit_if_failed(results)
    if any(isinstance(obstacle, CdpEtlError) for obstacle in obstacles.values()):
        raise typer.Exit(1)


def _obstacle(settings: Settings, entity: Entity, day: date) -> CdpEtlError | str | None:
    """Return why a dump cannot be loaded from the archive; a text if that is final, None if it can be loaded."""
    try:
        require_dump_dates(settings, day, day)
    except DateOutOfRangeError as error:
        return f"{error} Superseded records state nothing."
    try:
        pull = latest_pull(settings.archive, entity.name, day)
    except LandingError as error:
        return error
    return None if pull else "the archive was pruned; superseded records state nothing."


def _exit_if_failed(results: list[RunResult]) -> None:
    failures = [failure for result in results for failure in result.failures]
    for failure in failures:
        print_error(failure)
    if failures:
        raise typer.Exit(1)
