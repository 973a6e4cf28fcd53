"""SELECTs of the keys for which two tables differ; several checks are such a comparison."""


def different_sums(keys: tuple[str, ...], found: str, expected: str) -> str:
    """Return the SELECT of the keys for which the sums of `n` of two SELECTs differ."""
    by = ", ".join(keys)
    return f"""
        SELECT {by}, sum(found) AS found, sum(expected) AS expected
        FROM (
          SELECT {by}, n AS found, 0 AS expected FROM ({found})
          UNION ALL
          SELECT {by}, 0 AS found, n AS expected FROM ({expected})
        )
        GROUP BY {by}
        HAVING sum(found) <> sum(expected)
    """


def unknown_keys(keys: tuple[str, ...], rows: str, known: str) -> str:
    """Return the SELECT of the keys of some rows that are not among the known keys."""
    by = ", ".join(keys)
    return (
        f"SELECT {by}, count(*) AS found, 0 AS expected FROM ({rows}) ANTI JOIN ({known}) USING ({by})"
        f" GROUP BY {by}"
    )


def unmatched_keys(keys: tuple[str, ...], rows: str, known: str) -> str:
    """Return the SELECT of the keys that only one of two tables has."""
    by = ", ".join(keys)
    return f"""
        SELECT {by}, 1 AS found, 0 AS expected FROM (FROM {rows}) ANTI JOIN (FROM {known}) USING ({by})
        UNION ALL
        SELECT {by}, 0 AS found, 1 AS expected FROM (FROM {known}) ANTI JOIN (FROM {rows}) USING ({by})
    """
