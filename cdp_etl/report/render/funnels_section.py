"""Section on messages: the funnel of each channel, as bars with shares. `messages.py` counts the recipients."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cdp_etl.report.data.messages import MessageFunnel
from cdp_etl.report.data.report_data import MartData
from cdp_etl.report.formatting import CHANNELS, count, plural, share

_COLOURS: Final = {"Sent": "#9dbfe3", "Opened": "#1f5fa8", "Clicked": "#d08a1d"}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a funnel.

    Attributes:
        name: Sent, Opened or Clicked.
        people: Recipients who reached the step.
        share: Share of the recipients sent to; empty for the first step, or if providers report no sent messages.
        before: The same for the week before; empty if there is none to compare with.
        width: Width of the bar in percent.
        colour: Colour of the bar.
    """

    name: str
    people: int
    share: str
    before: str
    width: float
    colour: str


@dataclass(frozen=True, slots=True)
class FunnelView:
    """A channel: its name, its steps, and a note."""

    channel: str
    steps: tuple[Step, ...]
    note: str


def funnel_views(marts: MartData, *, can_compare_weeks: bool) -> tuple[FunnelView, ...]:
    """Return the channels that had messages in the latest seven days."""
    found = {(funnel.channel, funnel.is_latest): funnel for funnel in marts.funnels}
    return tuple(
        _view(latest, found.get((channel, False)) if can_compare_weeks else None)
        for channel in CHANNELS
        if (latest := found.get((channel, True)))
    )


def _view(latest: MessageFunnel, before: MessageFunnel | None) -> FunnelView:
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


def _people(funnel: MessageFunnel) -> Mapping[str, int]:
    if not funnel.sent:
        return {"Opened": funnel.opened_any, "Clicked": funnel.clicked_any}
    if funnel.channel == "sms" and not funnel.opened:  # few providers report that an SMS was read
        return {"Sent": funnel.sent, "Clicked": funnel.clicked}
    return {"Sent": funnel.sent, "Opened": funnel.opened, "Clicked": funnel.clicked}


def _share_of_sent(people: Mapping[str, int], step: str) -> str:
    return share(people[step], people["Sent"]) if step != "Sent" and people.get("Sent") else ""


def _notes(funnel: MessageFunnel) -> Iterator[str]:
    if not funnel.sent:
        yield "The providers report no sent messages, so there are no shares."
    if funnel.not_reached:
        yield f"Messages did not reach {plural(funnel.not_reached, 'person', 'people')}."
    if funnel.opted_out:
        yield f"{plural(funnel.opted_out, 'person', 'people')} unsubscribed or complained."
