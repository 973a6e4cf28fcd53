"""Slices by person, or by person and more: what to make anew when records, or who is who, change.

A row is affected when a record of it changed, or when an identifier came to its person or left it: then what the
identifier's persons before had done may be done by the person that it stands for now.

Most rows only gain days after all that they had, and are gone on from (`growing.py`): the old days, which are as
many as the history is long, are read of the others alone. A person that merely gets another name, or merges
with others, takes its rows along: days are read where two of these had a row, and where a person was split.

Put here what these marts have in common. What else one of them reads is declared with it.
"""

from collections.abc import Mapping, Sequence

from cdp_etl.contract.table import DATE, TableColumn
from cdp_etl.marts.columns import BY_CUSTOMER_KEY, BY_IDENTIFIER, BY_PERSON
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import IntermediateTable, KeyFilter, RefreshScope


def person_scope(  # noqa: PLR0913 - the keyword arguments are what a mart has of its own
    mart: str,
    *,
    daily: str,
    by: tuple[str, ...] = (),
    row_id_chunks: int = 1,
    also_affected: str | None = None,
    tables: Mapping[str, str] | None = None,
    inputs: Mapping[str, KeyFilter] | None = None,
) -> RefreshScope:
    """Give the slices of a mart that sums up days of customer keys by the persons that these stand for.

    Args:
        mart: The name of the mart.
        daily: The mart of the days that it sums up, by customer key, day and `by`.
        by: The columns of its grain beside company and person.
        pieces: As `Mart.pieces`, of the mart and of its days.
        also_affected: The SELECT of further rows to make anew, by the columns of the grain; their days stay.
        tables: Further tables, made after all others.
        inputs: The cuts of what it reads beside the days and `customer_identity`.
    """
    grain = (*BY_PERSON, *by)
    row, day = ", ".join(grain), ("company_id", "activity_date", "customer_key", *by)
    is_whole = " AND ".join(f"{column} IS NOT NULL" for column in day)
    pending_key = f"(SELECT DISTINCT company_id, customer_key AS identifier FROM pending WHERE {is_whole})"
    further = "".join(f", {column}" for column in by)
    return RefreshScope(
        tables={
            "moved": """
                SELECT company_id, identifier, person_before AS person_id
                FROM marts.customer_identity_change WHERE load_seq > getvariable('applied_load_seq')
                UNION
                SELECT company_id, identifier, person_after
                FROM marts.customer_identity_change
                WHERE load_seq > getvariable('applied_load_seq') AND person_after IS NOT NULL
            """,
            "member": f"FROM {lookup_by_hash('customer_identity', 'moved', BY_PERSON)}",
            "now_known": f"FROM {lookup_by_hash('customer_identity', 'moved', BY_IDENTIFIER)}",
            # A person as the mart knows it, all of whose identifiers stand for one person now.
            "home": """
                WITH identity AS (
                  SELECT company_id, identifier, arg_min(person_before, row(load_seq, changed_at)) AS person_id
                  FROM marts.customer_identity_change
                  WHERE load_seq > getvariable('applied_load_seq')
                  GROUP BY company_id, identifier
                ),
                standing AS (
                  SELECT identity.company_id, identity.person_id, now_known.person_id AS person_now
                  FROM identity
                  LEFT JOIN now_known USING (company_id, identifier)
                  UNION ALL
                  SELECT company_id, person_id, person_id AS person_now
                  FROM member ANTI JOIN moved USING (company_id, identifier)
                )
                SELECT company_id, person_id, any_value(person_now) AS person_now
                FROM standing
                GROUP BY company_id, person_id
                HAVING count(*) = count(person_now) AND min(person_now) = max(person_now)
            """,
            "before": f"""
                SELECT before.*, home.person_now
                FROM {lookup_by_hash(mart, "moved", BY_PERSON, row_id_chunks=row_id_chunks)} AS before
                LEFT JOIN home USING (company_id, person_id)
            """,
            # What was of a person that is more than one now, and all that it may have become a part of.
            "torn": f"""
                WITH torn AS (SELECT {row} FROM before WHERE person_now IS NULL)
                FROM torn
                UNION
                SELECT moved.company_id, now_known.person_id{further}
                FROM moved
                INNER JOIN torn USING (company_id, person_id)
                INNER JOIN now_known USING (company_id, identifier)
            """,
            "regrouped": f"""
                SELECT {row} FROM before
                UNION
                SELECT company_id, person_now{further} FROM before WHERE person_now IS NOT NULL
                UNION
                FROM torn
            """,
            # The days of changed records, as they were and as they are, with the person whose they are now.
            "changed_day": f"""
                SELECT changed.*, person.person_id
                FROM (SELECT DISTINCT {", ".join(day)} FROM pending WHERE {is_whole}) AS changed
                INNER JOIN {lookup_by_hash("customer_identity", pending_key, BY_IDENTIFIER)} AS person
                  ON changed.company_id = person.company_id AND changed.customer_key = person.identifier
            """,
            "affected": f"SELECT {row} FROM changed_day UNION FROM regrouped"
            + (f" UNION {also_affected}" if also_affected else ""),
            "staying": "FROM affected ANTI JOIN moved USING (company_id, person_id)",
            "existing_rows": f"""
                SELECT *, person_id AS person_now FROM {lookup_by_hash(mart, "staying", grain, row_id_chunks=row_id_chunks)}
                UNION ALL BY NAME
                FROM before
            """,
            # Clocks that are set back at midnight begin a day before the one before it is over.
            "next_day": f"""
                SELECT {row}, activity_date, customer_key, existing_rows.last_at
                FROM changed_day
                INNER JOIN {_HELD_NOW} AS existing_rows USING ({row})
                WHERE changed_day.activity_date = existing_rows.{LAST_DATE} + 1
            """,
            # What was not existing_rows has no days but those that changed, unless it is torn.
            "full_recompute_rows": f"""
                SELECT {row}
                FROM changed_day
                INNER JOIN {_HELD_NOW} AS existing_rows USING ({row})
                WHERE changed_day.activity_date <= existing_rows.{LAST_DATE}
                UNION
                SELECT {row}
                FROM next_day
                INNER JOIN marts.{daily} AS daily USING ({", ".join(day)})
                WHERE daily.first_at <= next_day.last_at
                UNION
                FROM torn
                UNION
                SELECT company_id, person_now{further}
                FROM before
                WHERE person_now IS NOT NULL
                GROUP BY company_id, person_now{further}
                HAVING count(*) > 1
            """,
            "append_only_rows": f"FROM {_HELD_NOW} ANTI JOIN full_recompute_rows USING ({row})",
            "new_days": f"SELECT {', '.join(day)} FROM changed_day ANTI JOIN full_recompute_rows USING ({row})",
            "full_recompute_keys": f"""
                SELECT person.company_id, person.identifier AS customer_key{further}
                FROM full_recompute_rows
                INNER JOIN {lookup_by_hash("customer_identity", "full_recompute_rows", BY_PERSON)} AS person
                  USING (company_id, person_id)
            """,
            "history_days": f"FROM {lookup_by_hash(daily, 'full_recompute_keys', (*BY_CUSTOMER_KEY, *by), row_id_chunks=row_id_chunks)}",
            **(tables or {}),
        },
        mart=KeyFilter("affected", grain),
        existing_rows="existing_rows",
        inputs={
            "customer_identity": KeyFilter("affected", BY_PERSON, materialize=True),
            daily: KeyFilter("new_days", day, extra_rows="history_days"),
            **(inputs or {}),
        },
        chunk_by=BY_PERSON,
    )


_HELD_NOW = "(SELECT * REPLACE (person_now AS person_id) FROM existing_rows WHERE person_now IS NOT NULL)"
"""What was existing_rows, of the persons that it is of now."""


LAST_DATE = "last_date"
"""The column of such a mart that says up to which day a row is summed up."""
LAST_DAY = TableColumn(
    LAST_DATE, DATE, "Last day on which something happened, in the business time zone.", is_nullable=False
)
"""That column, where it is kept for the next run alone."""


def stored_totals(columns: Sequence[TableColumn]) -> IntermediateTable:
    """Give the table of what is summed up already: nothing in a full rebuild, the rows `append_only_rows` in a patch."""
    nothing = ", ".join(f"NULL::{column.type.duckdb} AS {column.name}" for column in columns)
    return IntermediateTable(full_sql=f"SELECT {nothing} WHERE false", incremental_sql="FROM append_only_rows")
