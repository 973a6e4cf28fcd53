"""Slices by person, or by person and more: what to make anew when records, or who is who, change.

A row is touched when a record of it changed, or when an identifier came to its person or left it: then what the
identifier's persons before had done may be done by the person that it stands for now.

Most rows only gain days after all that they had. These are made from the row as it was and the new days; the old
days, which are as many as the history is long, are read of the others alone. So the SELECT of such a mart reads
what is summed up already, the table `earlier`, beside the days.

Put here what these marts have in common. What else one of them reads is declared with it.
"""

from collections.abc import Mapping, Sequence

from cdp_etl.contract.table import TableColumn
from cdp_etl.marts.columns import BY_CUSTOMER_KEY, BY_IDENTIFIER, BY_PERSON
from cdp_etl.marts.mart import Made, Slice, Slices
from cdp_etl.marts.seeking import sought_by

LAST_DATE = "last_date"
"""The column of such a mart that says up to which day a row is summed up; `last_at` says up to which moment."""


def person_slices(
    mart: str,
    *,
    daily: str,
    by: tuple[str, ...] = (),
    touched_too: str | None = None,
    inputs: Mapping[str, Slice] | None = None,
) -> Slices:
    """Give the slices of a mart that sums up days of customer keys by the persons that these stand for.

    Args:
        mart: The name of the mart.
        daily: The mart of the days that it sums up, by customer key, day and `by`.
        by: The columns of its grain beside company and person.
        touched_too: The SELECT of further rows to make anew, by the columns of the grain; their days stay.
        inputs: The cuts of what it reads beside the days and `customer_identity`, by `touched`, or by
            `touched_key`: the identifiers of touched persons, as `customer_key`.
    """
    grain = (*BY_PERSON, *by)
    row, day = ", ".join(grain), ("company_id", "activity_date", "customer_key", *by)
    is_whole = " AND ".join(f"{column} IS NOT NULL" for column in day)
    pending_key = f"(SELECT DISTINCT company_id, customer_key AS identifier FROM pending WHERE {is_whole})"
    further = "".join(f", {column}" for column in by)
    return Slices(
        tables={
            "moved": """
                SELECT company_id, identifier, person_before AS person_id
                FROM marts.customer_identity_change WHERE load_seq > getvariable('applied_load_seq')
                UNION
                SELECT company_id, identifier, person_after
                FROM marts.customer_identity_change
                WHERE load_seq > getvariable('applied_load_seq') AND person_after IS NOT NULL
            """,
            "regrouped": f"""
                WITH before AS (SELECT {row} FROM {sought_by(mart, "moved", BY_PERSON)})
                FROM before
                UNION
                SELECT moved.company_id, person.person_id{further}
                FROM moved
                INNER JOIN before USING (company_id, person_id)
                INNER JOIN {sought_by("customer_identity", "moved", BY_IDENTIFIER)} AS person
                  ON moved.company_id = person.company_id AND moved.identifier = person.identifier
            """,
            # The days of changed records, as they were and as they are, with the person whose they are now.
            "changed_day": f"""
                SELECT changed.*, person.person_id
                FROM (SELECT DISTINCT {", ".join(day)} FROM pending WHERE {is_whole}) AS changed
                INNER JOIN {sought_by("customer_identity", pending_key, BY_IDENTIFIER)} AS person
                  ON changed.company_id = person.company_id AND changed.customer_key = person.identifier
            """,
            "touched": f"SELECT {row} FROM changed_day UNION FROM regrouped"
            + (f" UNION {touched_too}" if touched_too else ""),
            "held": f"FROM {sought_by(mart, 'touched', grain)}",
            # Clocks that are set back at midnight begin a day before the one before it is over.
            "next_day": f"""
                SELECT {row}, activity_date, customer_key, held.last_at
                FROM changed_day
                INNER JOIN held USING ({row})
                WHERE changed_day.activity_date = held.{LAST_DATE} + 1
            """,
            # What was not held has no days but those that changed, unless it was regrouped.
            "read_whole": f"""
                SELECT {row}
                FROM changed_day
                INNER JOIN held USING ({row})
                WHERE changed_day.activity_date <= held.{LAST_DATE}
                UNION
                SELECT {row}
                FROM next_day
                INNER JOIN marts.{daily} AS daily USING ({", ".join(day)})
                WHERE daily.first_at <= next_day.last_at
                UNION
                FROM regrouped
            """,
            "grown": f"FROM held ANTI JOIN read_whole USING ({row})",
            "new_day": f"SELECT {', '.join(day)} FROM changed_day ANTI JOIN read_whole USING ({row})",
            "whole_key": f"""
                SELECT person.company_id, person.identifier AS customer_key{further}
                FROM read_whole
                INNER JOIN {sought_by("customer_identity", "read_whole", BY_PERSON)} AS person
                  USING (company_id, person_id)
            """,
            "old_day": f"FROM {sought_by(daily, 'whole_key', (*BY_CUSTOMER_KEY, *by))}",
            **({"touched_key": _TOUCHED_KEY} if inputs else {}),
        },
        mart=Slice("touched", grain),
        found="held",
        inputs={
            "customer_identity": Slice("touched", BY_PERSON),
            daily: Slice("new_day", day, beside="old_day"),
            **(inputs or {}),
        },
        parted_by=BY_PERSON,
    )


_TOUCHED_KEY = f"""
    SELECT company_id, identifier AS customer_key
    FROM {sought_by("customer_identity", "touched", BY_PERSON)}
"""


def earlier(columns: Sequence[TableColumn]) -> Made:
    """Give the table of what is summed up already: nothing in a full rebuild, the rows that grow in a patch."""
    nothing = ", ".join(f"NULL::{column.type.duckdb} AS {column.name}" for column in columns)
    return Made(whole=f"SELECT {nothing} WHERE false", touched="FROM grown")
