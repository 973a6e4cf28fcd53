"""Slices by person: what a mart by person must make anew when records, or who is who, change.

A person is touched when a record with one of its identifiers changed, or when an identifier came to it or left it,
however old its days are. What such a mart reads by customer key is cut to the keys of these persons.
"""

from cdp_etl.marts.mart import Slice, Slices

_PERSON = ("company_id", "person_id")
_TABLES = {
    "touched": """
        WITH identifier AS (SELECT DISTINCT company_id, unnest(identifiers) AS identifier FROM pending),
        change AS (
          FROM marts.customer_identity_change WHERE load_seq > getvariable('applied_load_seq')
        )
        SELECT company_id, person_id
        FROM customer_identity SEMI JOIN identifier USING (company_id, identifier)
        UNION
        SELECT company_id, person_before FROM change
        UNION
        SELECT company_id, person_after FROM change WHERE person_after IS NOT NULL
    """,
    "touched_key": """
        SELECT company_id, identifier AS customer_key
        FROM customer_identity SEMI JOIN touched USING (company_id, person_id)
    """,
}


def person_slices(by_key: tuple[str, ...], *, is_parted: bool = True) -> Slices:
    """Give slices by person, for a mart that reads `customer_identity` and the named inputs, by customer key.

    Args:
        by_key: The inputs that are cut by customer key.
        is_parted: Whether a full rebuild takes some persons at a time: right where it holds a group for nearly
            each row of an input, and not where it reads much and keeps little.
    """
    cuts = dict.fromkeys(by_key, Slice("touched_key", ("company_id", "customer_key")))
    return Slices(
        tables=_TABLES,
        mart=Slice("touched", _PERSON),
        inputs={"customer_identity": Slice("touched", _PERSON), **cuts},
        parted_by=_PERSON if is_parted else (),
    )
