"""Output of commands: tables for people, JSON and CSV for programs, sentences for progress and errors."""

import csv
import json
import logging
import os
import pydoc
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdp_etl.logs import writes_json
from cdp_etl.untrusted_text import visible, visible_line, without_formula

_WIDTH_WITHOUT_TERMINAL = 160
_MAX_FOLDED = 40
"""Characters of a cell above which a table folds it without loss for readers."""

_MIN_SECONDS_BETWEEN_LINES = 2.0

_logger = logging.getLogger(__name__)


class TextTarget(Protocol):
    """Target of text: a file, standard output, or a terminal."""

    def write(self, text: str, /) -> object:
        """Write the text."""


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
        err().print(sentence, style="red", soft_wrap=True)


def print_warning(sentence: str) -> None:
    """Print what a person should know although nothing failed; on standard error, as `print_error`."""
    if writes_json():
        _logger.warning(sentence)
    else:
        err().print(sentence, style="yellow", soft_wrap=True)


class _LiteralConsole(Console):
    """A console that shows each string as it is: no markup, no emoji codes, control characters escaped."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the string as text with the style of the options."""
        return super().render_str(visible(text), **{**options, "markup": False, "emoji": False})


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else _WIDTH_WITHOUT_TERMINAL
    return _LiteralConsole(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def print_table(
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    title: str | None = None,
    console: Console | None = None,
) -> None:
    """Print rows as a table; numbers are aligned to the right."""
    _print(
        Table(title=title, title_justify="left", title_style="bold", header_style="bold"), header, rows, console
    )


def print_checks(header: Sequence[str], rows: Sequence[tuple[*tuple[str, ...], bool, str]]) -> None:
    """Print checks as a table: names, whether they passed, and a detail.

    The detail of a failed check follows the table as a line of its own, because it names a command to copy, which
    a cell of a table would break.
    """
    print_table(header, [row if row[-2] else (*row[:-1], "see below") for row in rows])
    for *names, passed, detail in rows:
        if not passed:
            out().print(f"{' '.join(map(str, names))}: {detail}", soft_wrap=True)


def print_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows as a table without rules: one line a row, if the width is enough."""
    _print(Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold"), header, rows, None)


def _print(table: Table, header: Sequence[str], rows: Iterable[Sequence[Any]], console: Console | None) -> None:
    cells = [list(row) for row in rows]
    for position, name in enumerate(header):
        is_number = all(_is_number(row[position]) for row in cells if row[position] is not None)
        table.add_column(Text(visible(name)), justify="right" if cells and is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text(visible(_format(cell))) for cell in row))
    (console or out()).print(table)


def print_rows(header: Sequence[str], rows: Sequence[Sequence[Any]], console: Console) -> None:
    """Print rows as a table; as records, one line a value, if a table does not fit into the width."""
    shown = [[_with_zone(cell) for cell in row] for row in rows]
    widths = [
        max(len(visible(name)), *(min(len(visible(_format(row[position]))), _MAX_FOLDED) for row in shown), 0)
        for position, name in enumerate(header)
    ]
    if sum(widths) + 3 * len(widths) + 1 <= console.width:
        print_table(header, shown, console=console)
        return
    longest = max(len(visible_line(name)) for name in header)
    for number, row in enumerate(shown, start=1):
        console.print(f"── {number} ".ljust(longest + 3, "─"))
        for name, cell in zip(header, row, strict=True):
            console.print(f"{visible_line(name).ljust(longest)}   {visible_line(_format(cell))}", soft_wrap=True)


@contextmanager
def paged() -> Iterator[Console]:
    """Yield the console of results. On a terminal with fewer lines than the result, the user's pager shows it."""
    console = out()
    if not console.is_terminal:
        yield console
        return
    with console.capture() as captured:
        yield console
    text = captured.get()
    if text.count("\n") < console.height:
        sys.stdout.write(text)
    else:
        os.environ.setdefault("LESS", "FRSX")  # colours; long lines are not wrapped; a short text ends at once
        pydoc.pager(text)


def _with_zone(value: Any) -> Any:
    has_zone = isinstance(value, datetime) and value.tzinfo is not None
    return value.isoformat(" ") if has_zone else value


def print_json(value: Any) -> None:
    """Print a value as JSON, with dates and timestamps in ISO 8601."""
    _stdout().write(json.dumps(value, ensure_ascii=False, indent=2, default=json_value) + "\n")


def print_json_array(rows: Iterable[Any]) -> None:
    """Print values as a JSON array, one by one, because they may not fit into memory together."""
    stdout = _stdout()
    separator = "[\n"
    for row in rows:
        stdout.write(separator + json.dumps(row, ensure_ascii=False, default=json_value))
        separator = ",\n"
    stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def print_csv(header: Sequence[str], rows: Iterable[Sequence[Any]], *, is_exact: bool) -> None:
    """Print rows as `write_csv`."""
    write_csv(_stdout(), header, rows, is_exact=is_exact)


def write_csv(file: TextTarget, header: Sequence[str], rows: Iterable[Sequence[Any]], *, is_exact: bool) -> int:
    """Write rows as CSV (RFC 4180) and return their number. A list or an object is a cell with JSON.

    Args:
        file: Receives the text.
        header: Names of the columns.
        rows: Values in the columns' order.
        is_exact: Whether texts that a spreadsheet would evaluate as formulas stay as they are; otherwise they get
            a leading `'`.
    """
    writer = csv.writer(file, lineterminator="\n")
    shown = _as_cell if is_exact else lambda cell: _as_cell(without_formula(cell))
    writer.writerow(map(shown, header))
    count = 0
    for row in rows:
        writer.writerow(map(shown, row))
        count += 1
    return count


class _TerminalWriter:
    """Standard output on a terminal: control characters are escaped, in a form that JSON reads too."""

    def write(self, text: str, /) -> object:
        """Write the text."""
        return sys.stdout.write(visible(text))


def _stdout() -> TextTarget:
    return _TerminalWriter() if sys.stdout.isatty() else sys.stdout


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
        yield lambda sentence: status.update(Text(visible(sentence)))


class _RateLimitedLines:
    """Prints a sentence only if the last one is old enough, so that a log is not filled."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._printed_at = time.monotonic()

    def __call__(self, sentence: str) -> None:
        now = time.monotonic()
        if now - self._printed_at >= _MIN_SECONDS_BETWEEN_LINES:
            self._printed_at = now
            self._console.print(sentence)


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
            return json.dumps(value, ensure_ascii=False, default=json_value)
    return str(value)


def _format_number(number: float | Decimal) -> str:
    """Format integers in full, other numbers with two decimals or four significant digits."""
    if isinstance(number, int):
        return f"{number:,}"
    shown = f"{number:,.2f}".removesuffix(".00")
    return shown if shown.strip("-0.") or not number else f"{number:.4g}"


def _as_cell(value: Any) -> Any:
    match value:
        case list() | dict() | tuple():
            return json.dumps(value, ensure_ascii=False, default=json_value)
        case bool():
            return "true" if value else "false"
        case datetime() | date():
            return value.isoformat()
    return value


def json_value(value: Any) -> Any:
    """Return a value that JSON has no form for, in the form in which commands write it."""
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
