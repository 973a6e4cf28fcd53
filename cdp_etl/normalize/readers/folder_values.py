"""Values that folders give to records: `internalCompanyId=ORG-A/part-1.parquet`, as Hive and Spark write them.

A folder gives its field to the records that lack it. Both paths see the same records: the reference path by
`record`, the fast path by `columns`.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote

import polars as pl

from cdp_etl.contract.columns import ContractType, Personal
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.field_spec import ContractField
from cdp_etl.contract.key_spelling import named_field
from cdp_etl.contract.parsers import InvalidValueError, normalize_text, parse_value
from cdp_etl.normalize.errors import DumpUnreadableError
from cdp_etl.normalize.record_batch import ColumnBatch, Offsets, RecordBatch
from cdp_etl.normalize.reference_path import Quarantined

_ABSENT: Final = "__HIVE_DEFAULT_PARTITION__"
"""Value of a folder whose records have none."""

_COMPARED: Final = frozenset({ContractType.STRING, ContractType.INTEGER, ContractType.LONG})


@dataclass(frozen=True, slots=True)
class FolderValues:
    """Facts that the folders of a file state.

    Attributes:
        texts: Values by the contract's name of the field.
        unlisted: Names of folders that name no field.
    """

    texts: dict[str, str]
    unlisted: frozenset[str]


def folder_values(entity: Entity, file: str) -> FolderValues:
    """Parse the folders of a file's path. Of two folders that give one field, the inner one counts.

    Raises:
        DumpUnreadableError: If a folder gives a field that differs between records or persons: own id, contact,
            name or timestamp. The message does not show the value.
    """
    texts: dict[str, str] = {}
    unlisted: set[str] = set()
    for folder in file.split("/")[:-1]:
        name, equals, value = map(unquote, folder.partition("="))
        field = entity.by_contract_name.get(named_field(entity, name) or "") if equals else None
        if field is None:
            unlisted |= {name} if equals else set()
        elif not _may_give(entity, field):
            place = "/".join(part.partition("=")[0] for part in file.split("/")[:-1])
            fact = f"a folder gives the field {field.contract_name}, which only records can have"
            raise DumpUnreadableError(place, fact)
        else:
            texts[field.contract_name] = "" if value == _ABSENT else normalize_text(value)
    return FolderValues({name: text for name, text in texts.items() if text}, frozenset(unlisted))


def _may_give(entity: Entity, field: ContractField) -> bool:
    return (
        field.name != entity.own_id
        and field.column.type is not ContractType.TIMESTAMP
        and field.column.personal in {None, Personal.IDENTIFIER}
    )


def differing_records(entity: Entity, texts: dict[str, str], valid: pl.DataFrame) -> Counter[str]:
    """Count the valid records whose own value differs from that of their folder, by the contract's name."""
    differing: Counter[str] = Counter()
    for name, text in texts.items():
        field = entity.by_contract_name[name]
        value = _parsed(field, text)
        if value is not None and field.column.type in _COMPARED:
            differing[name] = int((valid[field.name] != value).sum())
    return +differing


def _parsed(field: ContractField, text: str) -> Any:
    try:
        return parse_value(text, field.column, None)
    except InvalidValueError:
        return None


@dataclass(frozen=True, slots=True)
class RowsInFolders:
    """A batch whose records lack fields that their folders give.

    Attributes:
        entity: The entity of the records.
        rows: The records as delivered.
        texts: Values by the contract's name of the field.
    """

    entity: Entity
    rows: RecordBatch
    texts: dict[str, str]

    @property
    def file(self) -> str:
        """Path within the dump."""
        return self.rows.file

    @property
    def positions(self) -> Offsets:
        """Line, row or element of each record, from 1."""
        return self.rows.positions

    def raw(self, row: int) -> bytes:
        """Return a record's bytes as delivered."""
        return self.rows.raw(row)

    def record(self, row: int) -> dict[str, Any] | Quarantined:
        """Return a record with the fields that it lacks."""
        record = self.rows.record(row)
        if isinstance(record, Quarantined):
            return record
        return record | {name: text for name, text in self.texts.items() if _is_absent(record.get(name))}

    def columns(self) -> ColumnBatch:
        """Return the supported records with the fields that they lack."""
        columns = self.rows.columns()
        frame, unsupported = columns.frame, Counter(columns.unsupported)
        for name, text in self.texts.items():
            field = self.entity.by_contract_name[name]
            column = frame[field.name]
            value = _parsed(field, text)
            if column.dtype == pl.String():
                is_blank = column.str.strip_chars().str.len_bytes() == 0
                frame = frame.with_columns(column.set(is_blank.fill_null(value=True), text))
            elif column.dtype == pl.Int64() and value is not None:
                frame = frame.with_columns(column.fill_null(value))
            else:
                supported = frame.filter(column.is_not_null())
                unsupported[f"{name}: of a folder, in an unsupported form"] += len(frame) - len(supported)
                frame = supported
        return replace(columns, frame=frame, unsupported=dict(unsupported), may_have_marks=True)


def _is_absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not normalize_text(value))


def in_folders(entity: Entity, rows: RecordBatch) -> RecordBatch:
    """Return a batch with the values of its file's folders."""
    texts = folder_values(entity, rows.file).texts
    return RowsInFolders(entity, rows, texts) if texts else rows
