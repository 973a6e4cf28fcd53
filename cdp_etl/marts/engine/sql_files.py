"""SQL statements in files, and the form of a statement that ignores comments and layout."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template

_QUOTED = r"""'(?:[^']|'')*'|["](?:[^"]|"")*["]"""
_BLANK = r"(?:\s+|--[^\n]*|/\*.*?\*/)+"
_TOKEN = re.compile(f"(?P<quoted>{_QUOTED})|{_BLANK}", re.DOTALL)


def read_sql(package: str, name: str, values: Mapping[str, str] | None = None) -> str:
    """Return the statement in `<name>.sql` of a package, with values for its placeholders `$name`.

    The file `.sqlfluff` next to it has an example of each placeholder, by which sqlfluff lints the statement.

    Raises:
        KeyError: If a placeholder has no value.
    """
    text = files(package).joinpath(f"{name}.sql").read_text(encoding="utf-8")
    return text if values is None else Template(text).substitute(values)


@cache
def without_comments(sql: str) -> str:
    """Return a statement without comments and with single spaces; quoted text is unchanged."""
    return _TOKEN.sub(lambda token: token["quoted"] or " ", sql).strip()
