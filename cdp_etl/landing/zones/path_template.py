"""Where in a zone a dump lies: the path template of an operator, filled in for an entity and a day.

Put here only the translation from template to path. Listing what is there belongs to `listing.py`.
"""

import re
from dataclasses import dataclass
from datetime import date

from cdp_etl.landing.errors import ZoneConfigError

DEFAULT_TEMPLATE = "{entity}/{date}/"

_FIELD = re.compile(r"\{(?P<name>[^{}:]*)(?::(?P<format>[^{}]*))?\}")
_FORMAT = re.compile(r"(%[YmdjyHMS]|[^%])+")


@dataclass(frozen=True)
class DumpPlace:
    """One dump's place in a zone: a folder, and in the flat form the start of the names in it.

    `folder` is relative to the zone's prefix, without a slash at the end. `name_prefix` is empty where the
    dump has a folder of its own, which is then read with all folders in it.
    """

    folder: str
    name_prefix: str = ""


@dataclass(frozen=True)
class PathTemplate:
    """A template such as `{entity}/{date}/`; made by `parse_template`."""

    text: str

    def place(self, entity: str, dump_date: date) -> DumpPlace:
        """Fill the template in for one dump."""

        def fill(field: re.Match[str]) -> str:
            if field["name"] == "entity":
                return entity
            return dump_date.strftime(field["format"] or "%Y-%m-%d")

        filled = _FIELD.sub(fill, self.text)
        if not filled.endswith("*"):
            return DumpPlace(filled.strip("/"))
        folder, _, name = filled.removesuffix("*").rpartition("/")
        return DumpPlace(folder.strip("/"), name)


def parse_template(text: str) -> PathTemplate:
    """Check a path template: `{entity}`, `{date}` (ISO), `{date:%Y/%m/%d}`, and `*` at the end only.

    Raises:
        ZoneConfigError: another field, no entity or date, a path that leaves the zone, or a `*` that does
            not end the template behind some name.
    """
    names = set()
    for field in _FIELD.finditer(text):
        names.add(field["name"])
        if field["name"] == "date" and field["format"] and not _FORMAT.fullmatch(field["format"]):
            raise ZoneConfigError(f"path template {text!r}: {field[0]} is no date format such as {{date:%Y%m%d}}")
        if field["name"] == "entity" and field["format"]:
            raise ZoneConfigError(f"path template {text!r}: {{entity}} takes no format")
    if names != {"entity", "date"}:
        raise ZoneConfigError(f"path template {text!r}: expected {{entity}} and {{date}}, and no other field")
    rest = _FIELD.sub("x", text)
    if "*" in rest.removesuffix("*") or rest.endswith("/*") or "{" in rest or "}" in rest:
        raise ZoneConfigError(f"path template {text!r}: `*` may stand at the very end only, behind a name")
    if rest.startswith("/") or any(part in ("..", ".", "") for part in rest.removesuffix("/").split("/")):
        raise ZoneConfigError(f"path template {text!r}: expected a path inside the zone")
    return PathTemplate(text)
