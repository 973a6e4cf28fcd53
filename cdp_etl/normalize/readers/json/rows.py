"""Records delivered as JSON text: NDJSON lines, elements of an array, entries of a payload.

Put here how the exact lane gets such a record. How the fast lane gets many stands in `json_columns.py`.
"""

from dataclasses import dataclass
from typing import Any

from cdp_etl.contract import strict_json
from cdp_etl.contract.entity import Entity
from cdp_etl.normalize import errors
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.exact_path import Refused
from cdp_etl.normalize.readers.byte_slices import Offsets, Texts
from cdp_etl.normalize.readers.json.columns import json_columns
from cdp_etl.normalize.record_batch import Columns


@dataclass(frozen=True, slots=True)
class JsonRows:
    """A batch of JSON texts, each to be judged as a record of an entity.

    Attributes:
        entity: The entity that the dump is of.
        texts: The records.
    """

    entity: Entity
    texts: Texts

    @property
    def file(self) -> str:
        """Path within the dump."""
        return self.texts.file

    @property
    def positions(self) -> Offsets:
        """Line or element of each record, from 1."""
        return self.texts.positions

    def raw(self, row: int) -> bytes:
        """Give a record's bytes as delivered."""
        return self.texts.raw(row)

    def record(self, row: int) -> dict[str, Any] | Refused:
        """Give a record as strict JSON has it, with what its payload says of it.

        Raises:
            DumpUnreadableError: where it is part of one JSON text, which stops being JSON with it (RULINGS 6).
        """
        if row in self.texts.refused:
            return Refused([self.texts.refused[row]])
        text = self.raw(row).decode()
        try:
            value = strict_json.parse(text)
        except strict_json.MalformedJsonError as error:
            if self.texts.is_one_text and not isinstance(error, strict_json.BeyondLimitsError):
                fault = len(text[: error.offset or 0].encode())
                offset = self.texts.offset + int(self.texts.starts[row]) + fault
                raise DumpUnreadableError(self.file, f"not JSON: {error}", offset) from None
            return Refused([errors.MALFORMED_JSON])
        envelope = self.texts.envelope_of(row)
        if envelope is not None and not envelope.is_of(self.entity):
            return Refused([errors.OTHER_ENTITY])
        if not isinstance(value, dict):
            return Refused([errors.NOT_AN_OBJECT])
        return value if envelope is None else envelope.around(value)

    def columns(self) -> Columns:
        """Give the records that are plain JSON objects as columns of text."""
        return json_columns(self.entity, self.texts)
