"""How rows are sought by their keys among all rows of a mart: first by a hash of the keys, kept beside the rows.

A whole number is compared while the table is read; texts would be read and hashed for every row of all days. Only
the places of the rows are taken first: DuckDB's Bloom filter lets by one row in 200 to 400 that has none of the
hashes, and for these all columns would be read of nearly every block of 2,048 rows. Two keys may share a hash, so
the keys decide in the end.

Put here the SQL that seeks. What such a hash is stands in `lookup.py`; which ones a mart keeps is declared with
it.
"""

from cdp_etl.marts.lookup import Lookup, lookup_by


def sought(mart: str, keys: str, columns: tuple[str, ...], lookup: Lookup | None, *, where: str = "true") -> str:
    """Give the SELECT, in parentheses, of the rows that have one of some keys: what is kept of them, and `row_id`.

    Args:
        mart: The name of the mart.
        keys: A table of the keys, or a SELECT of them in parentheses; it is read twice.
        columns: The columns that the keys and the mart have in common; none of them is ever null in a key.
        lookup: The hash of these columns, or of some, that the mart keeps; None: every row is looked at.
        where: What else must hold of a row, which is called `candidate`.
    """
    by = ", ".join(columns)
    rows = f"SELECT candidate.*, candidate.rowid AS row_id FROM kept.{mart} AS candidate"
    if lookup is None:
        return f"({rows} SEMI JOIN {keys} AS sought USING ({by}) WHERE {where})"
    return (
        f"(WITH found AS MATERIALIZED (SELECT candidate.rowid AS row_id FROM kept.{mart} AS candidate"
        f" SEMI JOIN (SELECT DISTINCT {lookup.expression} AS {lookup.name} FROM {keys}) AS sought"
        f" USING ({lookup.name}) WHERE {where}),"
        f" candidate AS ({rows} WHERE candidate.rowid IN (SELECT row_id FROM found))"
        f" FROM candidate SEMI JOIN {keys} AS sought USING ({by}))"
    )


def sought_by(mart: str, keys: str, columns: tuple[str, ...]) -> str:
    """Give the same where the mart keeps a hash of just these columns."""
    return sought(mart, keys, columns, lookup_by(columns))
