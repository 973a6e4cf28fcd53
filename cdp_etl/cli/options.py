"""Options that several commands share, so that they read and mean the same everywhere."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.settings import Settings


def _entity(text: str) -> Entity:
    entity = BY_NAME.get(text.replace("_", "-"))
    if entity is None:
        raise typer.BadParameter(f"expected one of {', '.join(known.name for known in ENTITIES)}")
    return entity


def parse_day(text: str) -> date:
    """Read a day as a person writes it: 2026-03-01."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise typer.BadParameter("expected a day such as 2026-03-01") from None


EntityNames = Annotated[
    list[Entity] | None,
    typer.Option("--entity", parser=_entity, metavar="NAME", help="Only this entity; may be given several times."),
]
OneEntity = Annotated[Entity, typer.Argument(parser=_entity, metavar="ENTITY", help="The entity.")]
OneDay = Annotated[date, typer.Argument(parser=parse_day, metavar="DATE", help="The dump date.")]
FromDay = Annotated[date, typer.Option("--from", parser=parse_day, metavar="DATE", help="First dump date.")]
FromDayOrAll = Annotated[
    date | None,
    typer.Option("--from", parser=parse_day, metavar="DATE", help="First dump date; all where not given."),
]
ToDay = Annotated[
    date | None,
    typer.Option("--to", parser=parse_day, metavar="DATE", help="Last dump date; --from where not given."),
]
ToDayOrAll = Annotated[
    date | None,
    typer.Option("--to", parser=parse_day, metavar="DATE", help="Last dump date; all where not given."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def chosen(entities: list[Entity] | None) -> list[Entity]:
    """Give the entities that were asked for: all six where none was."""
    return list(entities or ENTITIES)


def days_between(settings: Settings, first: date | None, last: date | None) -> Iterator[date]:
    """Give the days from the first to the last; where not named, from the first dump date, and to tomorrow.

    Tomorrow, since somewhere it has begun.
    """
    day = first or settings.first_dump_date
    end = last or datetime.now(UTC).date() + timedelta(days=1)
    while day <= end:
        yield day
        day += timedelta(days=1)
