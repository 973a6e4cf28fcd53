"""How results are printed: tables for people, JSON and CSV for programs, sentences for progress and errors.

Put here the form. What is printed is decided by each command.
"""

import csv
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from cdp_etl.logs import writes_json

_WIDTH_WHERE_THERE_IS_NO_TERMINAL = 160
_SECONDS_BETWEEN_LINES = 2.0

_logger = logging.getLogger(__name__)


def out() -> Console:
    """Give the console of results."""
    return _console(stderr=False)


def err() -> Console:
    """Give the console of progress and errors."""
    return _console(stderr=True)


def print_error(sentence: str) -> None:
    """Tell on standard error what did not work, or where lines are JSON, as one of them."""
    if writes_json():
        _logger.error(sentence)
    else:
        err().print(sentence, style="red", markup=False, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDTH_WHERE_THERE_IS_NO_TERMINAL
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print rows as a table; numbers stand to the right."""
    listed = [list(row) for row in rows]
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for position, name in enumerate(header):
        is_number = all(_is_number(row[position]) for row in listed if row[position] is not None)
        table.add_column(name, justify="right" if listed and is_number else "left", overflow="fold")
    for row in listed:
        table.add_row(*(_shown(cell) for cell in row))
    out().print(table)


def print_json(value: Any) -> None:
    """Print a value as JSON; days and moments in ISO 8601."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_as_json) + "\n")


def print_json_array(rows: Iterable[Any]) -> None:
    """Print values as a JSON array, each as it comes: there may be more than fit into memory."""
    before = "[\n"
    for row in rows:
        sys.stdout.write(before + json.dumps(row, ensure_ascii=False, default=_as_json))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")


def print_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as CSV (RFC 4180); lists and objects as JSON in a cell."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_as_cell(cell) for cell in row])


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Give what tells the person how far it is: one changing line on a terminal, else a line now and then.

    Where lines are JSON, each sentence is one.
    """
    if writes_json():
        yield _logger.info
        return
    console = err()
    if not console.is_terminal:
        yield _NowAndThen(console)
        return
    with console.status("Starting …") as status:
        yield lambda sentence: status.update(_plain(sentence))


class _NowAndThen:
    """Prints a sentence where the last one was printed long enough ago, so that a log is not filled."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed_at = time.monotonic()

    def __call__(self, sentence: str) -> None:
        now = time.monotonic()
        if now - self._printed_at >= _SECONDS_BETWEEN_LINES:
            self._printed_at = now
            self._console.print(sentence, markup=False)


def _plain(sentence: str) -> str:
    return sentence.replace("[", "\\[")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal() as number:
            return _shown_number(number)
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case list() | dict() | tuple():
            return _plain(json.dumps(value, ensure_ascii=False, default=_as_json))
    return _plain(str(value))


def _shown_number(number: float | Decimal) -> str:
    """Show whole numbers whole, and others with as many digits as a reader wants."""
    if isinstance(number, int):
        return f"{number:,}"
    shown = f"{number:,.2f}".removesuffix(".00")
    return shown if shown.strip("-0.") or not number else f"{number:.4g}"


def _as_cell(value: Any) -> Any:
    match value:
        case list() | dict() | tuple():
            return json.dumps(value, ensure_ascii=False, default=_as_json)
        case bool():
            return "true" if value else "false"
        case datetime() | date():
            return value.isoformat()
    return value


def _as_json(value: Any) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case timedelta():
            return value.total_seconds()
        case bytes():
            return value.decode("utf-8", errors="replace")
    raise TypeError(f"{type(value).__name__} has no form in JSON")
