"""Shape of a file of JSON, recognised by its first value: records on lines, values on any lines, or one document.

The name is only the first guess: systems write lines of objects to `.json`, and arrays to `.ndjson`.
"""

import json
import re
from enum import Enum
from typing import Final

from cdp_etl.contract.file_names import DataFormat
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_stream import BYTE_ORDER_MARK, ByteSource

_WHITE: Final = " \t\r\n\ufeff"
_MIN_LINES: Final = 2
_NO_TEXT: Final = re.compile(rb"^\s*<|[\x00-\x08\x0e-\x1f]")
_START: Final = re.compile(rb'(?:\xef\xbb\xbf|\s)*(?:\{\s*["}]|\[\s*[\[{\]])')
_OTHER_NAMES: Final = {"csv": "CSV", None: "no format"}
_DECODER: Final = json.JSONDecoder()


class JsonShape(Enum):
    """Shape of a file: one record a line, objects or arrays one after another, or one array or payload."""

    LINES = "lines of JSON objects"
    VALUES = "JSON objects one after another, not one a line"
    DOCUMENT = "one JSON array or object"


def is_json(head: bytes) -> bool:
    """Return whether a file unmistakably begins as an object or an array of objects."""
    return _START.match(head) is not None


def json_shape(source: ByteSource, named: DataFormat | None, head: bytes) -> JsonShape:
    """Return the shape of a file by its head, and note it if it is not what the name says.

    Raises:
        DumpUnreadableError: If the head is no text, or no line of it begins as JSON.
    """
    expected = JsonShape.DOCUMENT if named == "json" else JsonShape.LINES
    text = head.removeprefix(BYTE_ORDER_MARK).decode(errors="ignore").lstrip(_WHITE)
    if text[:1] not in {"{", "["}:
        if named == "ndjson":
            _require_json(source, head)
        return expected
    shape = _shape(text, expected)
    says = expected.value if named in {"ndjson", "json"} else _OTHER_NAMES[named]
    if shape.value != says:
        source.note(f"its content is {shape.value}, although its name says {says}")
    return shape


def _require_json(source: ByteSource, head: bytes) -> None:
    """Refuse lines of which none begins as JSON: each would be a quarantined record, and hide the cause.

    One line alone may be a malformed record, unless it is binary or a page of a web server.
    """
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    if any(line.startswith((b"{", b"[", b'"')) for line in lines):
        return
    if len(lines) >= _MIN_LINES or _NO_TEXT.search(head):
        raise DumpUnreadableError(source.file, "no line begins as JSON; expected one JSON object a line", 0)


def _shape(text: str, expected: JsonShape) -> JsonShape:
    try:
        _, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return _unfinished_shape(text, expected)
    is_on_one_line = "\n" not in text[:end]
    following = text[end:].lstrip(_WHITE)
    if following[:1] not in {"{", "["}:
        is_document = text[0] == "[" or not is_on_one_line
        return JsonShape.DOCUMENT if is_document and not following else expected
    has_line_end = "\n" in text[end : len(text) - len(following)]
    return JsonShape.LINES if is_on_one_line and has_line_end else JsonShape.VALUES


def _unfinished_shape(text: str, expected: JsonShape) -> JsonShape:
    """Return the shape of a file whose first value is malformed, or longer than the head."""
    first_line, line_end, _ = text.partition("\n")
    first_line = first_line.strip()
    if text[0] == "[" and (first_line == "[" or not line_end):
        return JsonShape.DOCUMENT
    is_indented = first_line == "{" and bool(line_end)
    return JsonShape.VALUES if is_indented and expected is JsonShape.LINES else expected
