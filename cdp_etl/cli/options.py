"""Options and arguments that several commands share."""

from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.settings import Settings, load_settings

_DAYS_AGO = {"today": 0, "yesterday": 1}


def parse_entity(text: str) -> Entity:
    """Parse the name of an entity, in the contract's spelling or the table's."""
    entity = BY_NAME.get(text.replace("_", "-"))
    if entity is None:
        raise typer.BadParameter(f"expected one of {', '.join(known.name for known in ENTITIES)}")
    return entity


def parse_date(text: str) -> date:
    """Parse a date such as 2026-03-01; `today` and `yesterday` are days of the dump time zone."""
    if text in _DAYS_AGO:
        return load_settings().today() - timedelta(days=_DAYS_AGO[text])
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no time zone
    except ValueError:
        raise typer.BadParameter("expected a day such as 2026-03-01, yesterday or today") from None


EntityNames = Annotated[
    list[Entity] | None,
    typer.Option("--entity", parser=parse_entity, metavar="NAME", help="Only this entity. Repeatable."),
]
OneEntity = Annotated[Entity, typer.Argument(parser=parse_entity, metavar="ENTITY", help="The entity.")]
OneDate = Annotated[date, typer.Argument(parser=parse_date, metavar="DATE", help="The dump date.")]
FromDate = Annotated[date, typer.Option("--from", parser=parse_date, metavar="DATE", help="First dump date.")]
FromDateOrAll = Annotated[
    date | None,
    typer.Option("--from", parser=parse_date, metavar="DATE", help="First dump date; no limit if not given."),
]
ToDate = Annotated[
    date | None,
    typer.Option("--to", parser=parse_date, metavar="DATE", help="Last dump date; same as --from if not given."),
]
ToDateOrAll = Annotated[
    date | None,
    typer.Option("--to", parser=parse_date, metavar="DATE", help="Last dump date; no limit if not given."),
]
LastDays = Annotated[
    int | None, typer.Option("--last", metavar="N", min=1, help="The last N dump dates, up to yesterday.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def selected_entities(entities: list[Entity] | None) -> list[Entity]:
    """Return the entities that `--entity` named, or all entities if it was not given."""
    return list(entities or ENTITIES)


def last_dates(settings: Settings, days: int) -> tuple[date, date]:
    """Return the first and the last of the newest dump dates up to yesterday, from the first possible one."""
    yesterday = settings.today() - timedelta(days=1)
    return max(settings.first_dump_date, yesterday - timedelta(days=days - 1)), yesterday
