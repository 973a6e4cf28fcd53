"""JSON records for both paths: NDJSON lines, elements of an array, entries of a payload.

`columns.py` builds the columns for the fast path.
"""

from dataclasses import dataclass
from typing import Any, Final

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.key_spelling import with_exact_names
from cdp_etl.normalize import errors
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.readers.byte_slices import RecordSlices
from cdp_etl.normalize.readers.json.columns import json_columns
from cdp_etl.normalize.readers.json.several_records import (
    is_followed_by_object,
    several_in_text,
    several_records,
)
from cdp_etl.normalize.record_batch import ColumnBatch, Offsets
from cdp_etl.normalize.reference_path import Quarantined

_REASONS: Final[dict[type[strict_json.MalformedJsonError], str]] = {
    strict_json.LoneSurrogateError: errors.LONE_SURROGATE,
    strict_json.HugeNumberError: errors.HUGE_NUMBER,
    strict_json.NotANumberError: errors.NOT_A_NUMBER,
}
_EXPECTED: Final = "expected one object a line, an array, or a payload with `entries`"


@dataclass(frozen=True, slots=True)
class JsonRows:
    """A batch of JSON records.

    Attributes:
        entity: The entity of the dump.
        slices: The records.
    """

    entity: Entity
    slices: RecordSlices

    @property
    def file(self) -> str:
        """Path within the dump."""
        return self.slices.file

    @property
    def positions(self) -> Offsets:
        """Line or element of each record, from 1."""
        return self.slices.positions

    def raw(self, row: int) -> bytes:
        """Return a record's bytes as delivered."""
        return self.slices.raw(row)

    def record(self, row: int) -> dict[str, Any] | Quarantined:
        """Return a record by exact names of fields, with the members of its payload that apply to it.

        Raises:
            DumpUnreadableError: If a malformed record is part of one JSON text, which is then malformed as a
                whole.
        """
        if row in self.slices.quarantined:
            return Quarantined([self.slices.quarantined[row]])
        text = self.raw(row).decode()
        try:
            value = strict_json.parse(text)
        except strict_json.MalformedJsonError as error:
            if self.slices.is_one_text and not isinstance(error, strict_json.JsonLimitError):
                fault = len(text[: error.offset or 0].encode())
                offset = self.slices.offset + int(self.slices.starts[row]) + fault
                raise DumpUnreadableError(self.file, f"not JSON: {error}", offset) from None
            if isinstance(error, strict_json.TextBehindError) and is_followed_by_object(text, error.offset or 0):
                fact = f"record {self.positions[row]} is followed by another object; {_EXPECTED}"
                raise DumpUnreadableError(self.file, fact) from None
            return Quarantined([_REASONS.get(type(error), errors.MALFORMED_JSON)])
        envelope = self.slices.envelope_of(row)
        if envelope is not None and not envelope.is_of(self.entity):
            return Quarantined([errors.OTHER_ENTITY])
        if not isinstance(value, dict):
            if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
                raise self._no_record(row, "an array that holds objects or arrays")
            if isinstance(value, str) and several_in_text(self.entity, value):
                raise self._no_record(row, "a text that holds an array")
            return Quarantined([errors.NOT_AN_OBJECT])
        record = with_exact_names(self.entity, value)
        if (content := several_records(self.entity, record)) is not None:
            raise self._no_record(row, content)
        return record if envelope is None else envelope.apply(record)

    def _no_record(self, row: int, content: str) -> DumpUnreadableError:
        return DumpUnreadableError(self.file, f"record {self.positions[row]} is no record: {content}; {_EXPECTED}")

    def columns(self) -> ColumnBatch:
        """Return the records that the compiled scan supports as columns."""
        return json_columns(self.entity, self.slices)
