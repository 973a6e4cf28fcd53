"""Slices by person: what a mart by person must make anew when records, or who is who, change.

A person is touched when a record with one of its identifiers changed, or when an identifier came to it or left it,
however old its days are. What such a mart reads by customer key is cut to the keys of these persons.
"""

from cdp_etl.marts.columns import BY_CUSTOMER_KEY, BY_IDENTIFIER, BY_PERSON
from cdp_etl.marts.mart import Slice, Slices
from cdp_etl.marts.seeking import sought_by

_TABLES = {
    "touched": f"""
        WITH identifier AS (SELECT DISTINCT company_id, unnest(identifiers) AS identifier FROM pending),
        change AS (
          FROM marts.customer_identity_change WHERE load_seq > getvariable('applied_load_seq')
        )
        SELECT company_id, person_id
        FROM {sought_by("customer_identity", "identifier", BY_IDENTIFIER)}
        UNION
        SELECT company_id, person_before FROM change
        UNION
        SELECT company_id, person_after FROM change WHERE person_after IS NOT NULL
    """,
    "touched_key": f"""
        SELECT company_id, identifier AS customer_key
        FROM {sought_by("customer_identity", "touched", BY_PERSON)}
    """,
}


def person_slices(by_key: tuple[str, ...]) -> Slices:
    """Give slices by person, for a mart that reads `customer_identity` and the named inputs, by customer key.

    Args:
        by_key: The inputs that are cut by customer key.
    """
    cuts = dict.fromkeys(by_key, Slice("touched_key", BY_CUSTOMER_KEY))
    return Slices(
        tables=_TABLES,
        mart=Slice("touched", BY_PERSON),
        inputs={"customer_identity": Slice("touched", BY_PERSON), **cuts},
        parted_by=BY_PERSON,
    )
