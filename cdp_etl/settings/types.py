"""Types of setting values, parsed from text; each error says what is expected."""

import grp
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from pydantic import AfterValidator, BeforeValidator, Field

from cdp_etl.contract.delivery_calendar import WEEKDAYS
from cdp_etl.contract.placeholders import known_placeholders
from cdp_etl.vocabulary import ACTION_TYPES


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("expected an IANA time zone such as Asia/Ho_Chi_Minh") from None
    return name


def _known_region(name: str) -> str:
    if name not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("expected a region in two capitals such as VN")
    return name


def _known_group(name: str) -> str:
    try:
        group_id(name)
    except KeyError:
        raise ValueError("expected a group of this machine, by name or number") from None
    return name


def group_id(name: str) -> int:
    """Return the id of a group, given its name or number.

    Raises:
        KeyError: If there is no group of that name.
    """
    return int(name) if name.isascii() and name.isdigit() else grp.getgrnam(name).gr_gid


def _known_action_types(names: frozenset[str]) -> frozenset[str]:
    if not names <= set(ACTION_TYPES):
        raise ValueError(f"expected action types, separated by commas: {', '.join(ACTION_TYPES)}")
    return names


def _known_touches(names: frozenset[str]) -> frozenset[str]:
    if not names or not names <= {"clicked", "opened"}:
        raise ValueError("expected clicked, opened, or both with a comma between them")
    return names


def _weights(value: Any) -> Any:
    """Parse `purchase=10,review=3`."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(separator for _, separator, _ in pairs):
        raise ValueError("expected names and numbers such as purchase=10,review=3")
    return {name.strip(): number.strip() for name, _, number in pairs}


def _comma_separated(value: Any) -> Any:
    return (
        frozenset(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def _known_weekdays(names: frozenset[str]) -> frozenset[str]:
    """Parse `mon,tue`. `none` means no weekday, since an empty variable counts as not set."""
    if names == {"none"}:
        return frozenset()
    if not names <= set(WEEKDAYS):
        raise ValueError(f"expected some of {','.join(WEEKDAYS)} with commas between them, or none")
    return names


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Region = Annotated[str, AfterValidator(_known_region)]
ReadersGroup = Annotated[str, AfterValidator(_known_group)]
Names = Annotated[frozenset[str], BeforeValidator(_comma_separated)]
Placeholders = Annotated[Names, AfterValidator(known_placeholders)]
ActionTypes = Annotated[Names, AfterValidator(_known_action_types)]
TouchTypes = Annotated[Names, AfterValidator(_known_touches)]
Weekdays = Annotated[Names, AfterValidator(_known_weekdays)]
Dates = Annotated[frozenset[date], BeforeValidator(_comma_separated)]
AbsolutePath = Annotated[Path, AfterValidator(Path.absolute)]
"""A relative path starts at the working folder of the process that reads the settings."""
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]
PositiveSeconds = Annotated[float, Field(gt=0)]
MemorySize = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?\s?(MB|GB|TB|MiB|GiB|TiB)$")]
Count = Annotated[int, Field(ge=1)]
Weight = Annotated[float, Field(ge=-1e9, le=1e9)]
"""Bounded so that the sum over all interactions of a person fits DuckDB's decimals."""
Weights = Annotated[dict[str, Weight], BeforeValidator(_weights)]
Port = Annotated[int, Field(ge=1, le=65535)]
Hours = Annotated[float, Field(gt=0)]
ClockTime = Annotated[str, Field(pattern=r"^[0-9]{1,2}:[0-5][0-9]$")]
"""Hours and minutes since midnight; above 24 hours a time of the next day, as in timetables."""
