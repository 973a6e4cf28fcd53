"""Rows as a workbook for spreadsheets, in the limits of its format.

Texts are cells of text, so no spreadsheet evaluates them as formulas. Timestamps are in UTC, which their header
says, because cells have no time zone.
"""

import json
import math
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
from xlsxwriter import Workbook  # type: ignore[import-untyped] # it ships no types
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped] # it ships no types

from cdp_etl.cli.output import json_value
from cdp_etl.errors import CdpEtlError

MAX_ROWS: Final = 1_048_575
"""Rows of a sheet below its header."""

_MAX_COLUMNS: Final = 16_384
_MAX_TEXT: Final = 32_767
_MAX_DIGITS: Final = 15
"""Digits of a number in a spreadsheet. An integer or decimal with more digits becomes a text."""

_FIRST_YEAR: Final = 1900
_OTHER_FORMATS: Final = "Use another format."

_WRITERS: Final[dict[type, Callable[..., object]]] = {
    str: Worksheet.write_string,
    float: Worksheet.write_number,
    bool: Worksheet.write_boolean,
    datetime: Worksheet.write_datetime,
    date: Worksheet.write_datetime,
}


class SheetLimitError(CdpEtlError):
    """The rows do not fit into a sheet; the message names the limit and never a value."""


def require_rows_fit(name: str, count: int) -> None:
    """Check the number of rows.

    Raises:
        SheetLimitError: If a sheet cannot have them all.
    """
    if count > MAX_ROWS:
        raise SheetLimitError(
            f"{name} has more than the {MAX_ROWS:,} rows of a sheet of an .xlsx file. {_OTHER_FORMATS}"
        )


def write_xlsx(schema: pa.Schema, rows: Iterable[tuple[Any, ...]], path: Path) -> int:
    """Write rows as the only sheet of a workbook, and return their number.

    Raises:
        SheetLimitError: If rows, columns or a text are beyond the limits of a sheet.
    """
    if len(schema) > _MAX_COLUMNS:
        raise SheetLimitError(f"{path.name} has more than the {_MAX_COLUMNS:,} columns of a sheet.")
    has_zone = [pa.types.is_timestamp(field.type) and field.type.tz is not None for field in schema]
    names = [f"{name} (UTC)" if zoned else name for name, zoned in zip(schema.names, has_zone, strict=True)]
    options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}
    count = 0
    with TemporaryDirectory(dir=path.parent) as folder, Workbook(path, options | {"tmpdir": folder}) as book:
        sheet = book.add_worksheet("rows")
        formats: dict[type, Any] = {datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})}
        for column, name in enumerate(names):
            sheet.write_string(0, column, name, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        for count, row in enumerate(rows, start=1):
            require_rows_fit(path.name, count)
            for column, value in enumerate(row):
                cell = _as_cell(value)
                if isinstance(cell, str) and len(cell) > _MAX_TEXT:
                    raise SheetLimitError(
                        f"Row {count} has a text of {len(cell):,} characters in {schema.names[column]}; a cell of"
                        f" an .xlsx file has at most {_MAX_TEXT:,}. {_OTHER_FORMATS}"
                    )
                if cell is not None:
                    _WRITERS[type(cell)](sheet, count, column, cell, formats.get(type(cell)))
    return count


def _as_cell(value: Any) -> bool | float | date | str | None:  # noqa: PLR0911 - one case, one line
    """Return the value in a form that a cell has; one that a cell would alter is a text."""
    match value:
        case list() | tuple() | dict():
            return json.dumps(value, ensure_ascii=False, default=json_value)
        case bool():
            return value
        case int() | float() | Decimal():
            return float(value) if _is_exact(value) else str(value)
        case datetime() if value.year >= _FIRST_YEAR:
            return value.replace(tzinfo=None)  # DuckDB returns UTC
        case datetime():
            return value.isoformat()
        case date() if value.year < _FIRST_YEAR:
            return value.isoformat()
        case None | str() | date():
            return value
    return str(json_value(value))


def _is_exact(number: Any) -> bool:
    if isinstance(number, Decimal):
        return len(number.as_tuple().digits) <= _MAX_DIGITS
    return math.isfinite(number) and (isinstance(number, float) or abs(number) < 10**_MAX_DIGITS)
