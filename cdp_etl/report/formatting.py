"""Formatting of numbers, dates and names for people."""

import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES

_MILLION: Final = 1_000_000
_ENTITIES: Final = {entity.table: entity for entity in ENTITIES}

MAX_TEXT: Final = 80
"""Displayed characters of a delivered text, such as a product's name."""
MAX_SENTENCE: Final = 400
"""Displayed characters of a sentence that may quote a file name."""

CHANNELS: Final = {"email": "E-mail", "sms": "SMS"}


def count(number: int) -> str:
    """Format a count: 1,234, and 12.3 million from a million on."""
    return f"{number:,}" if abs(number) < _MILLION else f"{number / _MILLION:,.1f} million"


def unbroken(words: str) -> str:
    """Replace spaces by no-break spaces, so that a phone shows a number and its unit on one line."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def plural(number: int, one: str, many: str) -> str:
    """Format a count with its noun."""
    return f"{count(number)} {one if number == 1 else many}"


def signed(number: int) -> str:
    """Format a difference with its sign."""
    sign = "+" if number > 0 else "−" if number < 0 else ""  # noqa: RUF001 - a minus
    return f"{sign}{count(abs(number))}"


def share(part: int, whole: int) -> str:
    """Format a share: 3.2%, <0.1% if it is positive but rounds to zero, or a dash for a share of zero."""
    if whole == 0:
        return "–"  # noqa: RUF001 - a dash
    if 0 < part / whole < 0.0005:  # noqa: PLR2004 - half of the last digit shown
        return "<0.1%"
    return f"{100 * part / whole:.1f}%"


def size(number: int) -> str:
    """Format a size in bytes: 812 B, 3.4 MB."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 - a thousand of one unit is one of the next
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"  # noqa: PLR2004 - three digits
        amount /= 1000
    return f"{amount:,.1f} TB"


def long_day(day: date) -> str:
    """Format a date: Tuesday, 24 November 2026."""
    return f"{day:%A}, {day.day} {day:%B %Y}"


def short_day(day: date) -> str:
    """Format a date without its year: 24 Nov."""
    return f"{day.day} {day:%b}"


def clock(timestamp: datetime, timezone: str) -> str:
    """Format a timestamp in a time zone, without year and zone: 24 Nov, 06:02."""
    local = timestamp.astimezone(ZoneInfo(timezone))
    return f"{short_day(local)}, {local:%H:%M}"


def money(amount: Decimal) -> str:
    """Format an amount: 1,234, 1,234.50, and 12.3 million from a million on. No currency: records name none."""
    if abs(amount) >= _MILLION or amount == int(amount):
        sign = "−" if amount < 0 else ""  # noqa: RUF001 - a minus
        return f"{sign}{count(abs(int(amount)))}"
    return f"{amount:,.2f}".replace("-", "−")  # noqa: RUF001 - a minus


def name(entity: Entity) -> str:
    """Format the name of an entity: Product activity, SMS interaction."""
    return entity.title.removeprefix("Customer ").capitalize().replace("Sms", "SMS").replace("Email", "E-mail")


def name_of_table(table: str) -> str:
    """Format the name of an entity, given its table."""
    return name(_ENTITIES[table]) if table in _ENTITIES else table


def display_text(text: str, max_length: int = MAX_TEXT) -> str:
    """Return a delivered text on one line, without control characters, cut at `max_length`."""
    plain = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= max_length else f"{plain[: max_length - 1].rstrip()}…"
