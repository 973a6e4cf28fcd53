"""Output of commands: tables for people, JSON and CSV for programs, sentences for progress and errors."""

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

_WIDTH_WITHOUT_TERMINAL = 160
_MIN_SECONDS_BETWEEN_LINES = 2.0

_logger = logging.getLogger(__name__)


def out() -> Console:
    """Return the console of results."""
    return _console(stderr=False)


def err() -> Console:
    """Return the console of progress and errors."""
    return _console(stderr=True)


def print_error(sentence: str) -> None:
    """Print an error on standard error; as a JSON line if CDP_ETL_LOG_FORMAT is json."""
    if writes_json():
        _logger.error(sentence)
    else:
        err().print(sentence, style="red", markup=False, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDTH_WITHOUT_TERMINAL
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print rows as a table; numbers are aligned to the right."""
    cells = [list(row) for row in rows]
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for position, name in enumerate(header):
        is_number = all(_is_number(row[position]) for row in cells if row[position] is not None)
        table.add_column(name, justify="right" if cells and is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*(_format(cell) for cell in row))
    out().print(table)


def print_json(value: Any) -> None:
    """Print a value as JSON, with dates and timestamps in ISO 8601."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_as_json) + "\n")


def print_json_array(rows: Iterable[Any]) -> None:
    """Print values as a JSON array, one by one, because they may not fit into memory together."""
    separator = "[\n"
    for row in rows:
        sys.stdout.write(separator + json.dumps(row, ensure_ascii=False, default=_as_json))
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def print_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as CSV (RFC 4180). A list or an object is a cell with JSON."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_as_cell(cell) for cell in row])


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yield a callback that reports progress on standard error.

    A terminal shows one changing line, a file receives a line every few seconds. If CDP_ETL_LOG_FORMAT is json,
    each sentence is a JSON line.
    """
    if writes_json():
        yield _logger.info
        return
    console = err()
    if not console.is_terminal:
        yield _RateLimitedLines(console)
        return
    with console.status("Starting …") as status:
        yield lambda sentence: status.update(_escape_markup(sentence))


class _RateLimitedLines:
    """Prints a sentence only if the last one is old enough, so that a log is not filled."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed_at = time.monotonic()

    def __call__(self, sentence: str) -> None:
        now = time.monotonic()
        if now - self._printed_at >= _MIN_SECONDS_BETWEEN_LINES:
            self._printed_at = now
            self._console.print(sentence, markup=False)


def _escape_markup(sentence: str) -> str:
    return sentence.replace("[", "\\[")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _format(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal() as number:
            return _format_number(number)
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case list() | dict() | tuple():
            return _escape_markup(json.dumps(value, ensure_ascii=False, default=_as_json))
    return _escape_markup(str(value))


def _format_number(number: float | Decimal) -> str:
    """Format integers in full, other numbers with two decimals or four significant digits."""
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
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
