"""Hash-indexed lookup: SQL that selects the rows of a mart which have one of some keys.

A lookup has three steps:

1. Select row ids by the stored hash of the key columns: DuckDB compares one integer per row, and no strings.
2. Read the rows at these row ids. DuckDB's own filter on a hash is a Bloom filter with a false-positive rate of
   1/200 to 1/400, enough to read every column of almost every 2,048-row vector. Row ids are filtered exactly.
3. Compare the keys themselves, because two keys may share a hash.
"""

from cdp_etl.marts.engine.key_hash import KeyHash, key_hash_of
from cdp_etl.marts.engine.row_id_chunks import chunk_conditions

_ROWS = "SELECT candidate.*, candidate.rowid AS row_id FROM mart_storage.{mart} AS candidate"


def lookup_rows(  # noqa: PLR0913 - keyword arguments keep the calls readable
    mart: str,
    keys: str,
    columns: tuple[str, ...],
    key_hash: KeyHash | None,
    *,
    where: str = "true",
    row_id_chunks: int = 1,
) -> str:
    """Return the SELECT, in parentheses, of the stored rows that have one of some keys, with their `row_id`.

    Args:
        mart: Name of the mart.
        keys: Table of the keys, or a SELECT of them in parentheses. The statement reads it twice.
        columns: Columns that the keys and the mart share; no key has a null in them.
        key_hash: Stored hash of these columns, or of some of them; None: scan every row.
        where: Further condition on a row, which is called `candidate`.
        row_id_chunks: As `Mart.row_id_chunks`.
    """
    if key_hash is None:
        by = ", ".join(columns)
        return f"({_ROWS.format(mart=mart)} SEMI JOIN {keys} AS wanted USING ({by}) WHERE {where})"
    row_ids = lookup_row_ids(mart, keys, key_hash, where=where)
    return fetch_rows(mart, row_ids, keys, columns, where=where, row_id_chunks=row_id_chunks)


def lookup_by_hash(mart: str, keys: str, columns: tuple[str, ...], *, row_id_chunks: int = 1) -> str:
    """Return the SELECT of `lookup_rows` for a mart that stores a hash of exactly these columns."""
    return lookup_rows(mart, keys, columns, key_hash_of(columns), row_id_chunks=row_id_chunks)


def lookup_row_ids(
    mart: str, keys: str, key_hash: KeyHash, *, extra_columns: str = "", where: str = "true"
) -> str:
    """Return the SELECT, in parentheses, of the `row_id` of each row that has the hash of one of some keys.

    Args:
        mart: Name of the mart.
        keys: Table of the keys, or a SELECT of them in parentheses.
        key_hash: Hash that the mart stores.
        extra_columns: Further expressions over a row, which is called `candidate`, each after a comma.
        where: Further condition on a row.
    """
    hashes = f"SELECT DISTINCT {key_hash.expression} AS {key_hash.name} FROM {keys}"
    return (
        f"(SELECT candidate.rowid AS row_id{extra_columns} FROM mart_storage.{mart} AS candidate"
        f" SEMI JOIN ({hashes}) AS wanted USING ({key_hash.name}) WHERE {where})"
    )


def fetch_rows(  # noqa: PLR0913 - keyword arguments keep the calls readable
    mart: str, row_ids: str, keys: str, columns: tuple[str, ...], *, where: str = "true", row_id_chunks: int = 1
) -> str:
    """Return the SELECT, in parentheses, of the rows at some row ids that have one of some keys.

    Args:
        mart: Name of the mart.
        row_ids: Table with a column `row_id`, or a SELECT of one in parentheses.
        keys: Table of the keys, or a SELECT of them in parentheses.
        columns: Columns that the keys and the mart share; no key has a null in them.
        where: Condition that the rows are known to fulfil. If it bounds days, DuckDB skips all other days.
        row_id_chunks: As `Mart.row_id_chunks`.
    """
    candidates = " UNION ALL ".join(
        f"{_ROWS.format(mart=mart)} WHERE {where} AND {condition.format(row_id='candidate.rowid')}"
        f" AND candidate.rowid IN (SELECT row_id FROM selected WHERE {condition.format(row_id='row_id')})"
        for condition in chunk_conditions(row_id_chunks)
    )
    return (
        f"(WITH selected AS MATERIALIZED (SELECT row_id FROM {row_ids}), candidate AS ({candidates})"
        f" FROM candidate SEMI JOIN {keys} AS wanted USING ({', '.join(columns)}))"
    )
