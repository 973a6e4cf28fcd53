"""The hashes that are kept beside the rows of a mart, by which rows are sought among all days.

Put here what such a hash is. Which ones a mart keeps is declared with it; how rows are sought by them stands in
`seeking.py`.
"""

from contextlib import closing
from dataclasses import dataclass
from functools import cache

import duckdb
import polars as pl

from cdp_etl.contract.table import DataType, TableColumn

_SHORT_HASH = DataType("UINTEGER", pl.UInt32())
"""Half of DuckDB's hash: it is read of every row, and what it finds besides is few beside what is sought."""


@dataclass(frozen=True, slots=True)
class KeyHash:
    """A hash of some columns.

    Attributes:
        name: The column that it is kept in.
        expression: The SQL that makes it.
    """

    name: str
    expression: str

    @property
    def column(self) -> TableColumn:
        """The column of the kept table."""
        # It has no order and no value comes often: DuckDB would look in vain for a way to make it shorter.
        meaning = f"{self.expression}, by which rows are sought."
        return TableColumn(self.name, _SHORT_HASH, meaning, is_nullable=False, compression="uncompressed")


def key_hash_of(columns: tuple[str, ...]) -> KeyHash:
    """Give the hash of these columns."""
    return KeyHash(f"{'_'.join(columns)}_hash", f"(hash({', '.join(columns)}) % 4294967296)::UINTEGER")


@cache
def hash_signature() -> str:
    """Give what changes when DuckDB's `hash` does: it is not promised never to, and what is kept is then void.

    DuckDB treats short texts apart, those of up to twelve bytes, and goes on from column to column.
    """
    texts = ["", "c:1", "twelve bytes", "just more than twelve bytes"]
    with closing(duckdb.connect()) as connection:
        found = connection.execute(
            "WITH text AS (SELECT unnest($texts) AS text)"
            " SELECT hash(one.text, other.text), hash(one.text, other.text, third.text)"
            " FROM text AS one, text AS other, text AS third"
            " ORDER BY ALL",
            {"texts": texts},
        ).fetchall()
    return repr(found)
