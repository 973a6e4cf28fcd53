"""How rows are sought by their keys among all rows of a mart: first by a hash of the keys, kept beside the rows.

A whole number is compared while the table is read; texts would be read and hashed for every row of all days. Only
the places of the rows are taken first: DuckDB's Bloom filter lets by one row in 200 to 400 that has none of the
hashes, and for these all columns would be read of nearly every block of 2,048 rows. Two keys may share a hash, so
the keys decide in the end.

Put here the SQL that seeks. What such a hash is stands in `lookup.py`; which ones a mart keeps is declared with
it.
"""

from cdp_etl.marts.engine.key_hash import KeyHash, key_hash_of

_TOLD_APART = 2**26
"""Places within so many rows DuckDB 2.0.0 looks for by a bitmap, others by a Bloom filter."""

_ROWS = "SELECT candidate.*, candidate.rowid AS row_id FROM mart_storage.{mart} AS candidate"


def lookup_rows(  # noqa: PLR0913 - the keyword arguments are how they are read
    mart: str,
    keys: str,
    columns: tuple[str, ...],
    lookup: KeyHash | None,
    *,
    where: str = "true",
    row_id_chunks: int = 1,
) -> str:
    """Give the SELECT, in parentheses, of the rows that have one of some keys: what is kept of them, and `row_id`.

    Args:
        mart: The name of the mart.
        keys: A table of the keys, or a SELECT of them in parentheses; it is read twice.
        columns: The columns that the keys and the mart have in common; none of them is ever null in a key.
        lookup: The hash of these columns, or of some, that the mart keeps; None: every row is looked at.
        where: What else must hold of a row, which is called `candidate`.
        pieces: As `Mart.pieces`.
    """
    if lookup is None:
        by = ", ".join(columns)
        return f"({_ROWS.format(mart=mart)} SEMI JOIN {keys} AS sought USING ({by}) WHERE {where})"
    return fetch_rows(
        mart,
        lookup_row_ids(mart, keys, lookup, where=where),
        keys,
        columns,
        where=where,
        row_id_chunks=row_id_chunks,
    )


def lookup_row_ids(mart: str, keys: str, lookup: KeyHash, *, extra_columns: str = "", where: str = "true") -> str:
    """Give the SELECT, in parentheses, of the places of rows that have the hash of one of some keys: `row_id`.

    Args:
        mart: The name of the mart.
        keys: A table of the keys, or a SELECT of them in parentheses.
        lookup: The hash that the mart keeps.
        beside: What else is told of a row, which is called `candidate`: expressions, each after a comma.
        where: What else must hold of a row.
    """
    hashes = f"SELECT DISTINCT {lookup.expression} AS {lookup.name} FROM {keys}"
    return (
        f"(SELECT candidate.rowid AS row_id{extra_columns} FROM mart_storage.{mart} AS candidate"
        f" SEMI JOIN ({hashes}) AS sought USING ({lookup.name}) WHERE {where})"
    )


def fetch_rows(  # noqa: PLR0913 - the keyword arguments are how they are read
    mart: str, found: str, keys: str, columns: tuple[str, ...], *, where: str = "true", row_id_chunks: int = 1
) -> str:
    """Give the SELECT, in parentheses, of the rows at some places that have one of some keys, with `row_id`.

    Args:
        mart: The name of the mart.
        found: A table of places, `row_id`, or a SELECT of them in parentheses.
        keys: A table of the keys, or a SELECT of them in parentheses.
        columns: The columns that the keys and the mart have in common; none of them is ever null in a key.
        where: What is known to hold of the rows at these places: where it bounds days, all others are not read.
        pieces: As `Mart.pieces`: each has the places of so many rows as DuckDB's filter tells apart exactly, the
            last all further ones. Beyond, the filter lets by one place in 200, of nearly every block.
    """
    # One piece has no bound: a needless one has DuckDB expect fewer rows, and turn joins around (0048).
    bounds = ["true"]
    if row_id_chunks > 1:
        firsts = [n * _TOLD_APART for n in range(row_id_chunks)]
        bounds = [f"{{place}} BETWEEN {first} AND {first + _TOLD_APART - 1}" for first in firsts[:-1]]
        bounds.append(f"{{place}} >= {firsts[-1]}")
    candidates = " UNION ALL ".join(
        f"{_ROWS.format(mart=mart)} WHERE {where} AND {bound.format(place='candidate.rowid')}"
        f" AND candidate.rowid IN (SELECT row_id FROM found WHERE {bound.format(place='row_id')})"
        for bound in bounds
    )
    return (
        f"(WITH found AS MATERIALIZED (SELECT row_id FROM {found}), candidate AS ({candidates})"
        f" FROM candidate SEMI JOIN {keys} AS sought USING ({', '.join(columns)}))"
    )


def lookup_by_hash(mart: str, keys: str, columns: tuple[str, ...], *, row_id_chunks: int = 1) -> str:
    """Give the same where the mart keeps a hash of just these columns."""
    return lookup_rows(mart, keys, columns, key_hash_of(columns), row_id_chunks=row_id_chunks)
