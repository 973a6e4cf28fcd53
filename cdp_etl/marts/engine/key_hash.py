"""Key hashes: a hash of key columns, stored with each row of a mart, to look up rows whose day is not known.

A mart declares the columns that it hashes (`Mart.key_hashes`); `key_lookup.py` uses the hashes.
"""

from contextlib import closing
from dataclasses import dataclass
from functools import cache

import duckdb
import polars as pl

from cdp_etl.contract.table import DataType, TableColumn

_HASH_TYPE = DataType("UINTEGER", pl.UInt32())
"""Half of DuckDB's 64-bit hash, because a lookup reads the hash of every row.

Two keys may share a hash: a lookup then compares the keys.
"""


@dataclass(frozen=True, slots=True)
class KeyHash:
    """A hash of some columns.

    Attributes:
        name: Name of the column that stores it.
        expression: SQL that computes it.
    """

    name: str
    expression: str

    @property
    def column(self) -> TableColumn:
        """Column of the storage table."""
        # Uncompressed: hashes have no order and hardly repeat, so DuckDB's search for a compression is wasted.
        meaning = f"{self.expression}, by which rows are looked up."
        return TableColumn(self.name, _HASH_TYPE, meaning, is_nullable=False, compression="uncompressed")


def key_hash_of(columns: tuple[str, ...]) -> KeyHash:
    """Return the hash of these columns."""
    return KeyHash(f"{'_'.join(columns)}_hash", f"(hash({', '.join(columns)}) % 4294967296)::UINTEGER")


@cache
def hash_signature() -> str:
    """Return a string that changes if DuckDB's `hash` changes: stored hashes would then match no key.

    DuckDB does not promise a stable `hash`. It hashes strings of up to twelve bytes by a separate algorithm, and
    combines the hashes of several columns. The strings below cover both.
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
