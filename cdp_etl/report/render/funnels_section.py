"""The section on messages: each channel's steps, as bars with their shares.

Put here how a funnel is told. How recipients are counted stands in `messages.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cdp_etl.report.data.messages import Funnel
from cdp_etl.report.data.report_data import Marts
from cdp_etl.report.formatting import CHANNELS, count, plural, share

_COLOURS: Final = {"Sent": "#9dbfe3", "Opened": "#1f5fa8", "Clicked": "#d08a1d"}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a funnel.

    Attributes:
        name: Sent, Opened or Clicked.
        people: Who came so far.
        share: Their share of those it was sent to; empty for the first step, or where no sendings are reported.
        before: The same of the week before; empty where there is none to compare with.
        width: Width of the bar, percent.
        colour: Its colour.
    """

    name: str
    people: int
    share: str
    before: str
    width: float
    colour: str


@dataclass(frozen=True, slots=True)
class FunnelView:
    """A channel: its name, its steps, and what else is to be told."""

    channel: str
    steps: tuple[Step, ...]
    note: str


def funnel_views(marts: Marts, *, can_compare_weeks: bool) -> tuple[FunnelView, ...]:
    """Give the channels that had messages in the latest seven days."""
    found = {(funnel.channel, funnel.is_latest): funnel for funnel in marts.funnels}
    return tuple(
        _view(latest, found.get((channel, False)) if can_compare_weeks else None)
        for channel in CHANNELS
        if (latest := found.get((channel, True)))
    )


def _view(latest: Funnel, before: Funnel | None) -> FunnelView:
    people = _people(latest)
    people_before = {} if before is None else _people(before)
    widest = max(people.values()) or 1
    steps = tuple(
        Step(
            step,
            reached,
            share=_share_of_sent(people, step),
            before=(count(people_before[step]) if step == "Sent" else _share_of_sent(people_before, step))
            if step in people_before
            else "",
            width=round(100 * reached / widest, 1),
            colour=_COLOURS[step],
        )
        for step, reached in people.items()
    )
    return FunnelView(CHANNELS[latest.channel], steps, " ".join(_notes(latest)))


def _people(funnel: Funnel) -> Mapping[str, int]:
    if not funnel.sent:
        return {"Opened": funnel.opened_any, "Clicked": funnel.clicked_any}
    if funnel.channel == "sms" and not funnel.opened:  # few providers can tell who reads an SMS
        return {"Sent": funnel.sent, "Clicked": funnel.clicked}
    return {"Sent": funnel.sent, "Opened": funnel.opened, "Clicked": funnel.clicked}


def _share_of_sent(people: Mapping[str, int], step: str) -> str:
    return share(people[step], people["Sent"]) if step != "Sent" and people.get("Sent") else ""


def _notes(funnel: Funnel) -> Iterator[str]:
    if not funnel.sent:
        yield "The providers report no sendings, so there are no shares."
    if funnel.missed:
        yield f"Messages did not reach {plural(funnel.missed, 'person', 'people')}."
    if funnel.left_channel:
        yield f"{plural(funnel.left_channel, 'person', 'people')} unsubscribed or complained."
