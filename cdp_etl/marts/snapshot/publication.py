"""Published form of the marts: their columns and values, with or without personal data.

What the snapshot shows of a column follows from its declaration (`TableColumn.personal` and `publication`). A
column that declares nothing is refused, unless it is a day, a time, a boolean or a fraction.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import duckdb
import polars as pl
from polars.datatypes import DataTypeClass

from cdp_etl.contract.columns import Personal, Publication
from cdp_etl.contract.render.ddl import literal, quoted
from cdp_etl.contract.table import TEXT_LIST, TableColumn
from cdp_etl.file_modes import OWNER_ONLY, Readers
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.errors import PublicationUndeclaredError
from cdp_etl.marts.snapshot.pseudonym_key import PseudonymKey

_MEASURES = (pl.Date, pl.Datetime, pl.Boolean, pl.Float64, pl.Decimal)
"""Types that need no declaration."""

MAX_PORTABLE_BYTES = 4 * 1024**3

_CONTACT_IDS = "(FROM ops.contact_shaped_id)"


@dataclass(frozen=True, slots=True)
class PublishRules:
    """Settings of what is published.

    Attributes:
        key_file: File of the pseudonym key.
        creates_key: Whether the first publish creates the key; else the operator provides it.
        has_personal_data: Whether names, phones, e-mails, addresses and IPs are published.
        has_pseudonymous_customer_ids: Whether all customer ids become pseudonyms, and not only contacts.
        readers: Group that may read the snapshot.
        max_portable_bytes: Size of the Parquet files above which `cdp.duckdb` has views instead of tables.
    """

    key_file: Path
    creates_key: bool = True
    has_personal_data: bool = False
    has_pseudonymous_customer_ids: bool = False
    readers: Readers = OWNER_ONLY
    max_portable_bytes: int = MAX_PORTABLE_BYTES


@dataclass(frozen=True, slots=True)
class PublishedForm:
    """Form in which the marts are published.

    Attributes:
        key: Key of the pseudonyms; None if personal data is published, and all columns are unchanged.
        has_pseudonymous_customer_ids: Whether each customer id becomes a pseudonym, and not only contacts.
        has_contact_ids: Whether the warehouse knows ids that are contacts.
        decisions: Text that changes if the warehouse decides otherwise which stored ids are contacts.
    """

    key: PseudonymKey | None
    has_pseudonymous_customer_ids: bool = False
    has_contact_ids: bool = True
    decisions: str | None = None

    @property
    def has_personal_data(self) -> bool:
        """True if names, phones, e-mails, addresses and IPs are published."""
        return self.key is None

    @property
    def key_id(self) -> str | None:
        """Identity of the key; None if there is none."""
        return None if self.key is None else self.key.key_id

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Set the variables and create the macros that `expression` reads."""
        if self.key is not None:
            self.key.set_variables(connection)
            connection.execute(_macros())

    def kind_of(self, mart: Mart) -> str:
        """Return a text that differs if equal rows of the mart are published otherwise."""
        if self.key is None:
            return "personal"
        customer_ids = "pseudonyms" if self.has_pseudonymous_customer_ids else "unchanged"
        declarations = [(column.name, declared(column)) for column in mart.columns]
        digest = sha256(repr((declarations, _macros())).encode()).hexdigest()[:16]
        return f"pseudonyms:{self.key.key_id}:{customer_ids}:{digest}:{self.decisions or ''}"

    def expression(self, column: TableColumn) -> str:
        """Return the SQL of a published column; it reads the columns of the mart.

        Raises:
            PublicationUndeclaredError: If the column does not declare what is shown.
        """
        name = quoted(column.name)
        if self.key is None:
            return name
        publication = declared(column)
        if isinstance(publication, Mapping):
            shown = self._struct(name, column.type.polars, publication)
        elif column.type is TEXT_LIST:
            shown = self._list(name, publication)
        else:
            shown = self._value(name, publication)
        return name if shown == name else f"{shown} AS {name}"

    def _value(self, value: str, publication: Publication) -> str:
        match publication:
            case Publication.IDENTIFIER:
                return self._identifier(value)
            case Publication.RECORD_ID:
                return self._record_pseudonym(value, "company_id", "r:")
            case Publication.RECORD_KEY:
                # The company is part of a record key. A tombstone has no other column of it.
                return self._record_pseudonym(value, "''", "k:")
            case Publication.LINK:
                return f"published_link({value})"
            case _:
                return value

    def _identifier(self, value: str) -> str:
        pseudonym = f"left({value}, 2) || pseudonym(company_id, {value})"
        if self.has_pseudonymous_customer_ids:
            return pseudonym
        is_contact = f" AND {value} NOT IN {_CONTACT_IDS}" if self.has_contact_ids else ""
        return f"CASE WHEN starts_with({value}, 'c:'){is_contact} THEN {value} ELSE {pseudonym} END"

    def _record_pseudonym(self, value: str, company: str, prefix: str) -> str:
        if not self.has_contact_ids:
            return value
        pseudonym = f"{literal(prefix)} || pseudonym({company}, {literal(prefix)} || {value})"
        return f"CASE WHEN {value} IN {_CONTACT_IDS} THEN {pseudonym} ELSE {value} END"

    def _list(self, name: str, publication: Publication) -> str:
        """Return the SQL of a list of texts. Sorted again: the original order tells of the values."""
        if self.has_contact_ids:  # a lambda must not contain a subquery
            shown = self._value("one", publication)
            return f"(SELECT list_sort(list({shown})) FROM (SELECT unnest({name}) AS one))"
        return f"list_sort(list_transform({name}, lambda one: {self._value('one', publication)}))"

    def _struct(
        self, value: str, type_: pl.DataType, publication: Mapping[str, Publication], path: str = ""
    ) -> str:
        if not isinstance(type_, pl.Struct):
            return self._value(value, publication.get(path, Publication.UNCHANGED))
        fields = {
            field.name: self._struct(
                f"{value}.{quoted(field.name)}", _as_type(field.dtype), publication, _joined(path, field.name)
            )
            for field in type_.fields
        }
        if all(shown == f"{value}.{quoted(name)}" for name, shown in fields.items()):
            return value
        packed = ", ".join(f"{quoted(name)} := {shown}" for name, shown in fields.items())
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({packed}) END"


def _macros() -> str:
    return read_sql("cdp_etl.marts.snapshot", "macros")


def published_columns(columns: tuple[TableColumn, ...], *, has_personal_data: bool) -> tuple[TableColumn, ...]:
    """Return the columns that are published.

    Raises:
        PublicationUndeclaredError: If a column does not declare what is shown without personal data.
    """
    if has_personal_data:
        return columns
    return tuple(column for column in columns if declared(column) is not Publication.OMITTED)


def declared(column: TableColumn) -> Publication | Mapping[str, Publication]:
    """Return what the snapshot shows of a column without personal data.

    Raises:
        PublicationUndeclaredError: If the column does not declare it.
    """
    if column.personal is not None:
        return Publication.IDENTIFIER if column.personal is Personal.IDENTIFIER else Publication.OMITTED
    publication = column.publication
    if publication is Publication.OMITTED:
        return publication
    by_path = publication if isinstance(publication, Mapping) else {} if publication is None else {"": publication}
    types = dict(_leaf_types(column.type.polars))
    must_declare = {path for path, type_ in types.items() if not isinstance(type_, _MEASURES)}
    if not must_declare <= by_path.keys() <= types.keys():
        raise PublicationUndeclaredError(column.name)
    return publication or Publication.UNCHANGED


def _leaf_types(type_: pl.DataType, path: str = "") -> Iterator[tuple[str, pl.DataType]]:
    """Yield path and type of each part of a type; a type that is no struct has one part, with an empty path."""
    if isinstance(type_, pl.Struct):
        for field in type_.fields:
            yield from _leaf_types(_as_type(field.dtype), _joined(path, field.name))
    else:
        yield path, type_


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _as_type(type_: pl.DataType | DataTypeClass) -> pl.DataType:
    return type_() if isinstance(type_, DataTypeClass) else type_
