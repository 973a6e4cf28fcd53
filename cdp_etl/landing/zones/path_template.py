"""Path template: the location of a dump in its zone, from the entity and the dump date."""

import re
from dataclasses import dataclass
from datetime import date

from cdp_etl.landing.errors import ZoneConfigError

DEFAULT_TEMPLATE = "{entity}/{date}/"

_FIELD = re.compile(r"\{(?P<name>[^{}:]*)(?::(?P<format>[^{}]*))?\}")
_FORMAT = re.compile(r"(%[YmdjyHMS]|[^%])+")


@dataclass(frozen=True)
class DumpLocation:
    """Location of one dump in its zone.

    Attributes:
        folder: Folder relative to the zone's prefix, without a trailing slash.
        name_prefix: First characters of the dump's file names, if the folder contains several dumps. If it is
            empty, the folder with all its subfolders is one dump.
    """

    folder: str
    name_prefix: str = ""


@dataclass(frozen=True)
class PathTemplate:
    """A valid template such as `{entity}/{date}/`; `parse_template` creates it."""

    text: str

    def locate(self, entity: str, dump_date: date) -> DumpLocation:
        """Return the location of one dump."""

        def fill(field: re.Match[str]) -> str:
            if field["name"] == "entity":
                return entity
            return dump_date.strftime(field["format"] or "%Y-%m-%d")

        filled = _FIELD.sub(fill, self.text)
        if not filled.endswith("*"):
            return DumpLocation(filled.strip("/"))
        folder, _, name = filled.removesuffix("*").rpartition("/")
        return DumpLocation(folder.strip("/"), name)


def parse_template(text: str) -> PathTemplate:
    """Parse a path template.

    Fields are `{entity}`, `{date}` (ISO format) and `{date:%Y/%m/%d}`. A final `*` after the start of a file name
    means that the folder contains several dumps.

    Raises:
        ZoneConfigError: If there is another field, no entity or date, a path outside the zone, or a `*` elsewhere.
    """
    names = set()
    for field in _FIELD.finditer(text):
        names.add(field["name"])
        if field["name"] == "date" and field["format"] and not _FORMAT.fullmatch(field["format"]):
            raise ZoneConfigError(
                f"path template {text!r}: {field[0]} is not a date format such as {{date:%Y%m%d}}"
            )
        if field["name"] == "entity" and field["format"]:
            raise ZoneConfigError(f"path template {text!r}: {{entity}} cannot have a format")
    if names != {"entity", "date"}:
        raise ZoneConfigError(f"path template {text!r}: expected {{entity}} and {{date}}, and no other field")
    rest = _FIELD.sub("x", text)
    if "*" in rest.removesuffix("*") or rest.endswith("/*") or "{" in rest or "}" in rest:
        raise ZoneConfigError(f"path template {text!r}: `*` is allowed only at the end, after part of a file name")
    if rest.startswith("/") or any(part in ("..", ".", "") for part in rest.removesuffix("/").split("/")):
        raise ZoneConfigError(f"path template {text!r}: expected a path inside the zone")
    return PathTemplate(text)
