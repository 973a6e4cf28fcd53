"""Refresh scope of attribution marts by person: the days to recompute after records or identities change.

A *touch* is a message event that may get credit, an *outcome* is an interaction that gives credit. A touch affects
the days of one person within the attribution window. A merge of persons may affect all of their days.

The history of a person is read only if the set of their identifiers changed. For all other persons the read is
limited to the days around the changed records, so its cost does not depend on the length of the history.
"""

from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.key_hash import key_hash_of
from cdp_etl.marts.engine.key_lookup import fetch_rows, lookup_by_hash, lookup_row_ids
from cdp_etl.marts.engine.row_id_chunks import LARGE_MART_ROW_ID_CHUNKS
from cdp_etl.marts.engine.scope import KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql

_CHANGED_KEY = "(SELECT company_id, customer_key AS identifier FROM changed_day)"
_CUSTOMER_KEY_HASH = key_hash_of(c.BY_CUSTOMER_KEY)
_TOUCH_ROW_ID = "(FROM reassigned_row_id WHERE is_touch)"
_WINDOW_ROW_ID = (
    f"(FROM reassigned_row_id SEMI JOIN window_day USING ({_CUSTOMER_KEY_HASH.name}, activity_date)"
    " WHERE NOT is_touch)"
)
_REASSIGNED_IDENTITIES = lookup_by_hash("customer_identity", "reassigned_person", c.BY_PERSON)
_UNMOVED_IDENTITIES = lookup_by_hash("customer_identity", "unmoved_day", c.BY_PERSON)


def attribution_scope(  # noqa: PLR0913 - the keyword arguments are what one mart has of its own
    mart: str,
    *,
    window_days: str,
    is_touch: str,
    is_outcome: str,
    may_be_outcome: str,
    outcome_columns: tuple[str, ...],
) -> RefreshScope:
    """Return the scope of a mart that attributes outcomes of a person on a day to campaigns.

    Args:
        mart: Name of the mart; it stores the hash of company and person.
        window_days: SQL for the length of the attribution window, in multiples of 24 hours.
        is_touch: SQL over `interaction`: whether an event is a touch.
        is_outcome: SQL over `interaction`: whether it is an outcome.
        may_be_outcome: SQL over the change feed that is true of every outcome.
        outcome_columns: Columns of an outcome that the SELECT reads, in addition to those of any interaction.
    """
    row_id_columns = (
        f", {_CUSTOMER_KEY_HASH.name}, candidate.activity_date, coalesce({is_touch}, false) AS is_touch"
    )
    values = {
        "mart": mart,
        "window_days": window_days,
        "is_touch": is_touch,
        "is_outcome": is_outcome,
        "may_be_outcome": may_be_outcome,
        "outcome_columns": ", ".join(outcome_columns),
        "customer_key_hash": _CUSTOMER_KEY_HASH.expression,
        "interactions_in_window": _reassigned_interactions(_WINDOW_ROW_ID),
        "identities_of_changed_day": lookup_by_hash("customer_identity", _CHANGED_KEY, c.BY_IDENTIFIER),
        "rows_of_reassigned_person": lookup_by_hash(mart, "reassigned_person", c.BY_PERSON),
    }

    def sql(name: str) -> str:
        return read_sql("cdp_etl.marts.models.attribution_scope", name, values)

    return RefreshScope(
        tables={
            "changed_touch": sql("changed_touch"),
            "changed_day": sql("changed_day"),
            "reassigned_person": sql("reassigned_person"),
            "reassigned_key": (
                f"SELECT company_id, person_id, identifier AS customer_key FROM {_REASSIGNED_IDENTITIES}"
            ),
            "reassigned_row_id": lookup_row_ids(
                "interaction", "reassigned_key", _CUSTOMER_KEY_HASH, extra_columns=row_id_columns
            ),
            "reassigned_touch": f"FROM {_reassigned_interactions(_TOUCH_ROW_ID)}",
            "window_day": sql("window_day"),
            "reassigned_interaction": sql("reassigned_interaction"),
            "affected": sql("affected"),
            "unmoved_day": "FROM affected ANTI JOIN reassigned_person USING (company_id, person_id)",
            "unmoved_key": f"SELECT company_id, identifier AS customer_key FROM {_UNMOVED_IDENTITIES}",
            "unmoved_range": sql("unmoved_range"),
        },
        mart=KeyFilter("affected", (*c.BY_PERSON, "activity_date")),
        inputs={
            "customer_identity": KeyFilter("affected", c.BY_PERSON, materialize=True),
            "interaction": KeyFilter(
                "unmoved_key", c.BY_CUSTOMER_KEY, date_range="unmoved_range", extra_rows="reassigned_interaction"
            ),
        },
        filter_output=True,
    )


def _reassigned_interactions(row_ids: str) -> str:
    return fetch_rows(
        "interaction", row_ids, "reassigned_key", c.BY_CUSTOMER_KEY, row_id_chunks=LARGE_MART_ROW_ID_CHUNKS
    )
