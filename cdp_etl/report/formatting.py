"""How figures, days and names are spelled for a person: short, in plain English, with nothing to decode.

Put here the spelling of single values. Sentences stand where their facts are known.
"""

import unicodedata
from datetime import date, datetime
from typing import Final

from cdp_etl.contract.entity import Entity
from cdp_etl.entities import ENTITIES

_MILLION: Final = 1_000_000
_ENTITIES: Final = {entity.table: entity for entity in ENTITIES}

LONGEST_TEXT: Final = 80
"""Characters of a delivered text, such as a product's name, that are shown."""
LONGEST_SENTENCE: Final = 400
"""Characters of a sentence that may quote a file's name."""

CHANNELS: Final = {"email": "E-mail", "sms": "SMS"}


def count(number: int) -> str:
    """Spell a count: 1,234, and 12.3 million from a million on."""
    return f"{number:,}" if abs(number) < _MILLION else f"{number / _MILLION:,.1f} million"


def unbroken(words: str) -> str:
    """Keep words on one line, so that on a phone a number stays beside what it counts."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def plural(number: int, one: str, many: str) -> str:
    """Spell a count with its noun."""
    return f"{count(number)} {one if number == 1 else many}"


def signed(number: int) -> str:
    """Spell a difference, with its sign."""
    sign = "+" if number > 0 else "−" if number < 0 else ""  # noqa: RUF001 - a minus
    return f"{sign}{count(abs(number))}"


def share(part: int, whole: int) -> str:
    """Spell a share: 3.2%, or <0.1% for what is there but rounds to nothing; a dash for a share of nothing."""
    if whole == 0:
        return "–"  # noqa: RUF001 - a dash
    if 0 < part / whole < 0.0005:  # noqa: PLR2004 - half of the last digit shown
        return "<0.1%"
    return f"{100 * part / whole:.1f}%"


def size(number: int) -> str:
    """Spell a size in bytes: 812 B, 3.4 MB."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 - a thousand of one unit is one of the next
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"  # noqa: PLR2004 - three digits
        amount /= 1000
    return f"{amount:,.1f} TB"


def long_day(day: date) -> str:
    """Spell a day: Tuesday, 24 November 2026."""
    return f"{day:%A}, {day.day} {day:%B %Y}"


def short_day(day: date) -> str:
    """Spell a day where its year is plain: 24 Nov."""
    return f"{day.day} {day:%b}"


def clock(moment: datetime) -> str:
    """Spell a moment whose year is plain: 24 Nov, 06:02 UTC."""
    return f"{short_day(moment)}, {moment:%H:%M} UTC"


def name(entity: Entity) -> str:
    """Spell an entity: Product activity, SMS interaction."""
    return entity.title.removeprefix("Customer ").capitalize().replace("Sms", "SMS").replace("Email", "E-mail")


def name_of_table(table: str) -> str:
    """Spell an entity by its table's name."""
    return name(_ENTITIES[table]) if table in _ENTITIES else table


def shown(text: str, longest: int = LONGEST_TEXT) -> str:
    """Give a delivered text as it may be shown: on one line, without control characters, cut where it is long."""
    plain = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    plain = " ".join(plain.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1].rstrip()}…"
