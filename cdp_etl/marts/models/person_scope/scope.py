"""Refresh scope of person-level marts: the rows to recompute after records or identity assignments change.

A row is affected if one of its records changed. It is also affected if its person gained or lost an identifier,
because the rows of that identifier's persons may then belong to another person.

Most affected rows only receive days later than their last one. They are updated from the stored row plus the new
days (`append_only_rows.sql`), so the cost of a day does not depend on the length of the history. Only the other
rows re-read their full history.
"""

from collections.abc import Mapping

from cdp_etl.marts.columns import BY_CUSTOMER_KEY, BY_IDENTIFIER, BY_PERSON
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql


def person_scope(  # noqa: PLR0913 - the keyword arguments are what one mart has of its own
    mart: str,
    *,
    daily: str,
    extra_grain: tuple[str, ...] = (),
    row_id_chunks: int = 1,
    first_tables: Mapping[str, str] | None = None,
    also_affected: str | None = None,
    tables: Mapping[str, str] | None = None,
    inputs: Mapping[str, KeyFilter] | None = None,
) -> RefreshScope:
    """Return the scope of a mart that sums up days of customer keys by person.

    Args:
        mart: Name of the mart.
        daily: Name of the mart of the days, by customer key, day and `extra_grain`.
        extra_grain: Columns of the mart's grain in addition to company and person.
        row_id_chunks: As `Mart.row_id_chunks`, of the mart and of its days.
        first_tables: Temporary tables that `also_affected` reads, created before all others.
        also_affected: SELECT of further affected rows, by the columns of the grain. Their days are not read again.
        tables: Further temporary tables, created after all others.
        inputs: Filters of further inputs.
    """
    row = (*BY_PERSON, *extra_grain)
    day = ("company_id", "activity_date", "customer_key", *extra_grain)
    day_key = (*BY_CUSTOMER_KEY, *extra_grain)
    is_complete_day = " AND ".join(f"{column} IS NOT NULL" for column in day)
    pending_key = f"(SELECT DISTINCT company_id, customer_key AS identifier FROM pending WHERE {is_complete_day})"
    reassigned = "reassigned_identifier"
    history_days = lookup_by_hash(daily, "full_recompute_keys", day_key, row_id_chunks=row_id_chunks)
    values = {
        "mart": mart,
        "daily_mart": daily,
        "row_columns": ", ".join(row),
        "day_columns": ", ".join(day),
        "key_columns": ", ".join(day_key),
        "is_complete_day": is_complete_day,
        "persons_of_pending_keys": lookup_by_hash("customer_identity", pending_key, BY_IDENTIFIER),
        "stored_unmoved_rows": lookup_by_hash(mart, "unmoved_rows", row, row_id_chunks=row_id_chunks),
        "identifiers_of_recomputed_persons": lookup_by_hash("customer_identity", "full_recompute_rows", BY_PERSON),
    }

    def sql(name: str) -> str:
        return read_sql("cdp_etl.marts.models.person_scope", name, values)

    return RefreshScope(
        tables={
            **(first_tables or {}),
            reassigned: sql(reassigned),
            "current_person": f"FROM {lookup_by_hash('customer_identity', reassigned, BY_IDENTIFIER)}",
            "prior_rows": f"FROM {lookup_by_hash(mart, reassigned, BY_PERSON, row_id_chunks=row_id_chunks)}",
            "reassigned_rows": sql("reassigned_rows"),
            "changed_day": sql("changed_day"),
            "affected": sql("affected") + (f"UNION FROM ({also_affected}\n)" if also_affected else ""),
            "unmoved_rows": sql("unmoved_rows"),
            "existing_rows": sql("existing_rows"),
            "adjacent_day": sql("adjacent_day"),
            "full_recompute_rows": sql("full_recompute_rows"),
            "append_only_rows": sql("append_only_rows"),
            "new_days": sql("new_days"),
            "full_recompute_keys": sql("full_recompute_keys"),
            "history_days": f"FROM {history_days}",
            **(tables or {}),
        },
        mart=KeyFilter("affected", row),
        existing_rows="existing_rows",
        inputs={
            "customer_identity": KeyFilter("affected", BY_PERSON, materialize=True),
            daily: KeyFilter("new_days", day, extra_rows="history_days"),
            **(inputs or {}),
        },
        chunk_by=BY_PERSON,
    )
