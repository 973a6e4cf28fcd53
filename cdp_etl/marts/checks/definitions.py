"""Facts that must hold of the marts: each is a query for what contradicts it, over all rows and over affected keys.

Put here what must hold. A mart that counts records declares how (`Counted`), and its facts follow from that; the
others stand here one by one. When they are looked at stands in `checking.py`; that a mart is its own full rebuild
is `agreement.py`.
"""

from collections.abc import Iterator, Sequence

from cdp_etl.entities import ENTITIES
from cdp_etl.marts.checks.model import Check
from cdp_etl.marts.columns import BY_CUSTOMER_KEY, BY_IDENTIFIER, BY_PERSON
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import WRITTEN_BY, Mart, Reconciliation
from cdp_etl.marts.registry import MARTS

GRAIN_IS_UNIQUE = "grain_is_unique"
KEY_HASHES_MATCH_ROWS = "key_hashes_match_rows"
_RECORDS = " UNION ALL ".join(
    f"SELECT '{entity.table}' AS entity, company_id, activity_date, identifiers"
    f" FROM staging.{entity.table}_current"
    for entity in ENTITIES
)


def _differing(keys: tuple[str, ...], found: str, expected: str) -> str:
    """Give the SELECT of the keys for which two SELECTs, each of `n` by these keys, do not add up to the same."""
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


def _without(keys: tuple[str, ...], rows: str, known: str) -> str:
    """Give the SELECT of the keys of some rows that are not among the known: each found, none expected."""
    by = ", ".join(keys)
    return (
        f"SELECT {by}, count(*) AS found, 0 AS expected FROM ({rows}) ANTI JOIN ({known}) USING ({by})"
        f" GROUP BY {by}"
    )


def _one_for_one(keys: tuple[str, ...], rows: str, known: str) -> str:
    """Give the SELECT of the keys that only one of two has: found but not expected, or the other way round."""
    by = ", ".join(keys)
    return f"""
        SELECT {by}, 1 AS found, 0 AS expected FROM (FROM {rows}) ANTI JOIN (FROM {known}) USING ({by})
        UNION ALL
        SELECT {by}, 0 AS found, 1 AS expected FROM (FROM {known}) ANTI JOIN (FROM {rows}) USING ({by})
    """


def grain_is_unique(mart: Mart) -> Check:
    """Give the check that no two rows of the mart have one grain."""
    grain = ", ".join(mart.grain)
    # By a hash first: 8 bytes a row. The grain itself is looked at only where a hash comes more than once.
    key_hash = "key_hash" if any(column.name == "key_hash" for column in mart.columns) else f"hash({grain})"
    suspect = f"SELECT {key_hash} AS suspect FROM {mart.table} GROUP BY suspect HAVING count(*) > 1"
    return Check(
        GRAIN_IS_UNIQUE,
        mart.name,
        f"No two rows have the same {grain}.",
        mart.grain,
        f"SELECT {grain}, count(*) AS found, 1 AS expected FROM {mart.table} WHERE {key_hash} IN ({suspect})"
        f" GROUP BY {grain} HAVING count(*) > 1",
        f"SELECT {grain}, found, 1 AS expected FROM doubled",
    )


def key_hashes_match_rows(mart: Mart) -> Check:
    """Give the check that rows are found by the hashes that are kept beside them."""
    differing = f"SELECT {', '.join(mart.grain)}, 1 AS found, 0 AS expected FROM {mart.storage_table}"
    differ = " OR ".join(f"{lookup.name} <> {lookup.expression}" for lookup in mart.hash_columns)
    return Check(
        KEY_HASHES_MATCH_ROWS,
        mart.name,
        "Beside each row stand the hashes of its own columns, by which it is sought.",
        mart.grain,
        f"{differing} WHERE {differ}",
        f"{differing} WHERE {WRITTEN_BY.name} = (SELECT max(load_seq) FROM ops.load) AND ({differ})",
    )


def adds_up(mart: Mart, counted: Reconciliation) -> Check:
    """Give the check that the mart counts the records that there are, and gains those that were loaded."""
    by = ", ".join(counted.group_by)
    source = f"({_RECORDS})" if counted.against_staging else "marts.interaction"
    weight = f"CASE image WHEN 'after' THEN {counted.weight} ELSE -({counted.weight}) END"
    return Check(
        "agrees_with_staging" if counted.against_staging else "totals_agree_with_interaction",
        mart.name,
        f"By {by} it counts the records that {'staging' if counted.against_staging else 'interaction'} has, and a run"
        " adds just those that were loaded.",
        counted.group_by,
        _differing(
            counted.group_by,
            f"SELECT {by}, sum({counted.column}) AS n FROM {mart.table} GROUP BY {by}",
            f"SELECT {by}, sum({counted.weight}) AS n FROM {source} WHERE {counted.predicate} GROUP BY {by}",
        ),
        _differing(
            counted.group_by,
            f"SELECT {by}, n FROM entered UNION ALL SELECT {by}, -n FROM leaving",
            f"SELECT {by}, {weight} AS n FROM pending WHERE {counted.predicate}",
        ),
    )


def _facts(mart: Mart) -> Iterator[Check]:
    yield grain_is_unique(mart)
    if mart.hash_columns:
        yield key_hashes_match_rows(mart)
    if mart.reconciliation:
        yield adds_up(mart, mart.reconciliation)
    yield from (check for check in _FURTHER if check.mart == mart.name)


_IDENTITY = "marts.customer_identity"
_IDENTIFIERS = "(FROM marts.identifier_link WHERE identifier = other_identifier)"
"""Each identifier once: it occurs with itself."""
_AFFECTED_IDENTITY = lookup_by_hash("customer_identity", "affected", BY_IDENTIFIER)
_AFFECTED_LINKS = lookup_by_hash("identifier_link", "affected", BY_IDENTIFIER)
_PENDING_KEY = "(SELECT company_id, customer_key AS identifier FROM pending WHERE customer_key IS NOT NULL)"

_FURTHER = (
    Check(
        "identifiers_are_known",
        "customer_identity",
        "It has a row for each identifier that occurs on a record, and for no other.",
        BY_IDENTIFIER,
        _one_for_one(BY_IDENTIFIER, _IDENTITY, _IDENTIFIERS),
        _one_for_one(BY_IDENTIFIER, _AFFECTED_IDENTITY, f"{_AFFECTED_LINKS} WHERE identifier = other_identifier"),
    ),
    Check(
        "person_id_is_member",
        "customer_identity",
        "A person is named by an identifier that stands for that very person.",
        BY_PERSON,
        _without(
            BY_PERSON,
            f"SELECT DISTINCT company_id, person_id FROM {_IDENTITY}",
            f"SELECT company_id, person_id FROM {_IDENTITY} WHERE identifier = person_id",
        ),
        _without(
            BY_PERSON,
            f"SELECT DISTINCT company_id, person_id FROM {_AFFECTED_IDENTITY}",
            f"SELECT company_id, person_id FROM {_AFFECTED_IDENTITY} WHERE identifier = person_id",
        ),
    ),
    Check(
        "agrees_with_customer_identity",
        "shared_identifier",
        "It lists the identifiers that link nobody, and no other.",
        BY_IDENTIFIER,
        _differing(
            BY_IDENTIFIER,
            "SELECT company_id, identifier, 1 AS n FROM marts.shared_identifier",
            f"SELECT company_id, identifier, 1 AS n FROM {_IDENTITY} WHERE exclusion_reason IS NOT NULL",
        ),
    ),
    Check(
        "customer_keys_are_known",
        "customer",
        "Every customer key of a record stands for a person.",
        BY_CUSTOMER_KEY,
        _without(
            BY_CUSTOMER_KEY,
            "SELECT company_id, customer_key FROM marts.customer_daily",
            f"SELECT company_id, identifier AS customer_key FROM {_IDENTITY}",
        ),
        _without(
            BY_CUSTOMER_KEY,
            "SELECT company_id, customer_key FROM pending WHERE customer_key IS NOT NULL"
            " GROUP BY company_id, customer_key HAVING sum(CASE image WHEN 'after' THEN 1 ELSE -1 END) > 0",
            "SELECT company_id, identifier AS customer_key FROM"
            f" {lookup_by_hash('customer_identity', _PENDING_KEY, BY_IDENTIFIER)}",
        ),
    ),
    Check(
        "persons_are_known",
        "person_campaign_product_daily",
        "Every person in it is one of `customer_identity`.",
        BY_PERSON,
        _without(
            BY_PERSON,
            "SELECT DISTINCT company_id, person_id FROM marts.person_campaign_product_daily",
            f"SELECT company_id, person_id FROM {_IDENTITY}",
        ),
        _without(
            BY_PERSON,
            "SELECT DISTINCT company_id, person_id FROM"
            f" {lookup_by_hash('person_campaign_product_daily', 'affected', BY_PERSON)}",
            "SELECT company_id, person_id FROM customer_identity",
        ),
    ),
    Check(
        "influence_is_within_interaction",
        "person_campaign_product_daily",
        "Of a product no more interactions on a day are inferred to be influenced than there were.",
        ("company_id", "activity_date", "product_sku"),
        """
        WITH influenced AS (
          SELECT company_id, activity_date, product_sku, sum(interaction_count) AS found
          FROM marts.person_campaign_product_daily
          GROUP BY company_id, activity_date, product_sku
        ),
        interaction AS (
          SELECT company_id, activity_date, product_sku, count(*) AS expected
          FROM marts.interaction SEMI JOIN influenced USING (company_id, activity_date, product_sku)
          WHERE customer_key IS NOT NULL
          GROUP BY company_id, activity_date, product_sku
        )
        SELECT company_id, activity_date, product_sku, found, coalesce(expected, 0) AS expected
        FROM influenced LEFT JOIN interaction USING (company_id, activity_date, product_sku)
        WHERE found > coalesce(expected, 0)
        """,
    ),
    Check(
        "totals_agree_with_its_persons",
        "campaign_influence",
        "On every day it counts as many interactions as `person_campaign_product_daily`.",
        ("company_id", "activity_date"),
        _differing(
            ("company_id", "activity_date"),
            "SELECT company_id, activity_date, interaction_count AS n FROM marts.campaign_influence",
            "SELECT company_id, activity_date, interaction_count AS n FROM marts.person_campaign_product_daily",
        ),
        _differing(
            ("company_id", "activity_date"),
            *(
                f"SELECT company_id, activity_date, interaction_count AS n FROM {rows}"
                " SEMI JOIN affected USING (company_id, product_sku, activity_date)"
                for rows in ("marts.campaign_influence", "person_campaign_product_daily")
            ),
        ),
    ),
)

CHECKS: Sequence[Check] = tuple(check for mart in MARTS for check in _facts(mart))
"""All checks, in the order of the marts that they speak of."""


def checks_of(mart: Mart) -> Sequence[Check]:
    """Give the checks of a mart; each reads the mart and what it is made from, and no other mart."""
    return [check for check in CHECKS if check.mart == mart.name]
