"""Checks of the marts: each is a query for violations, over all rows and over affected keys.

Some checks follow from the declaration of a mart: unique grain, key hashes, reconciled totals, valid values. The
others are listed one by one in `_FURTHER`.
"""

from collections.abc import Iterator, Sequence
from functools import cache

from cdp_etl.entities import ENTITIES
from cdp_etl.marts.checks.attribution import attribution_checks
from cdp_etl.marts.checks.baskets import basket_checks
from cdp_etl.marts.checks.comparisons import different_sums, unknown_keys, unmatched_keys
from cdp_etl.marts.checks.model import Check
from cdp_etl.marts.checks.value_check import values_are_valid
from cdp_etl.marts.checks.value_rules import value_rules_of
from cdp_etl.marts.columns import BY_CONTACT, BY_CUSTOMER_KEY, BY_IDENTIFIER, BY_PERSON
from cdp_etl.marts.engine.key_lookup import lookup_by_hash
from cdp_etl.marts.engine.mart import WRITTEN_BY, Mart, Reconciliation

_PLACEHOLDERS = " UNION ".join(
    f"SELECT company_id, unnest(placeholders) AS identifier, 1 AS n FROM staging.{entity.table}_current"
    for entity in ENTITIES
)
GRAIN_IS_UNIQUE = "grain_is_unique"
KEY_HASHES_MATCH_ROWS = "key_hashes_match_rows"
_RECORDS = " UNION ALL ".join(
    f"SELECT '{entity.table}' AS entity, company_id, activity_date, identifiers"
    f" FROM staging.{entity.table}_current"
    for entity in ENTITIES
)


@cache
def checks_of(mart: Mart) -> Sequence[Check]:
    """Return the checks of a mart; each reads the mart and its upstream marts, and no other mart."""
    return (*_declared_checks(mart), *(check for check in _FURTHER if check.mart == mart.name))


def _declared_checks(mart: Mart) -> Iterator[Check]:
    yield _grain_is_unique(mart)
    if mart.hash_columns:
        yield _key_hashes_match_rows(mart)
    if mart.reconciliation:
        yield _totals_match(mart, mart.reconciliation)
    if value_rules_of(mart):
        yield values_are_valid(mart)


def _grain_is_unique(mart: Mart) -> Check:
    grain = ", ".join(mart.grain)
    # A hash of 8 bytes a row first; the grain itself is compared only if a hash occurs more than once.
    key_hash = "key_hash" if any(column.name == "key_hash" for column in mart.columns) else f"hash({grain})"
    suspect = f"SELECT {key_hash} AS suspect FROM {mart.table} GROUP BY suspect HAVING count(*) > 1"
    return Check(
        GRAIN_IS_UNIQUE,
        mart.name,
        f"No two rows have the same {grain}.",
        mart.grain,
        f"SELECT {grain}, count(*) AS found, 1 AS expected FROM {mart.table} WHERE {key_hash} IN ({suspect})"
        f" GROUP BY {grain} HAVING count(*) > 1",
        f"SELECT {grain}, found, 1 AS expected FROM duplicate_grain",
    )


def _key_hashes_match_rows(mart: Mart) -> Check:
    rows = f"SELECT {', '.join(mart.grain)}, 1 AS found, 0 AS expected FROM {mart.storage_table}"
    differs = " OR ".join(f"{key_hash.name} <> {key_hash.expression}" for key_hash in mart.hash_columns)
    return Check(
        KEY_HASHES_MATCH_ROWS,
        mart.name,
        "The key hashes stored with a row are those of its columns, so that lookups find the row.",
        mart.grain,
        f"{rows} WHERE {differs}",
        f"{rows} WHERE {WRITTEN_BY.name} = (SELECT max(load_seq) FROM ops.load) AND ({differs})",
    )


def _totals_match(mart: Mart, totals: Reconciliation) -> Check:
    by = ", ".join(totals.group_by)
    source = f"({_RECORDS})" if totals.against_staging else "marts.interaction"
    change = f"CASE image WHEN 'after' THEN {totals.weight} ELSE -({totals.weight}) END"
    return Check(
        "agrees_with_staging" if totals.against_staging else "totals_agree_with_interaction",
        mart.name,
        f"The totals by {by} equal those of {'staging' if totals.against_staging else 'interaction'}, and a run"
        " adds exactly the loaded records.",
        totals.group_by,
        different_sums(
            totals.group_by,
            f"SELECT {by}, sum({totals.column}) AS n FROM {mart.table} GROUP BY {by}",
            f"SELECT {by}, sum({totals.weight}) AS n FROM {source} WHERE {totals.predicate} GROUP BY {by}",
        ),
        different_sums(
            totals.group_by,
            f"SELECT {by}, n FROM inserted_counts UNION ALL SELECT {by}, -n FROM deleted_rows",
            f"SELECT {by}, {change} AS n FROM pending WHERE {totals.predicate}",
        ),
    )


_IDENTITY = "marts.customer_identity"
_IDENTIFIERS = "(FROM marts.identifier_link WHERE identifier = other_identifier)"
"""Each identifier once: the pair of an identifier with itself."""
_AFFECTED_IDENTITY = lookup_by_hash("customer_identity", "affected", BY_IDENTIFIER)
_AFFECTED_LINKS = lookup_by_hash("identifier_link", "affected", BY_IDENTIFIER)
_PENDING_KEY = "(SELECT company_id, customer_key AS identifier FROM pending WHERE customer_key IS NOT NULL)"

_OUTDATED_CONSENT = """
    SELECT statement.company_id, statement.contact, statement.channel, count(*) AS found, 0 AS expected
    FROM staging.consent_statement AS statement
    LEFT JOIN {consents} AS consent USING (company_id, contact, channel)
    LEFT JOIN (
      SELECT company_id, contact, channel, max(stated_at) AS lifted_at FROM staging.consent_statement
      WHERE event_type = 'resubscribed' AND withdrawn_by_load_seq IS NULL
      GROUP BY company_id, contact, channel
    ) AS lift USING (company_id, contact, channel)
    WHERE statement.withdrawn_by_load_seq IS NULL AND statement.is_given IS NOT NULL AND {is_checked}
    AND NOT coalesce(statement.event_type = 'unsubscribed' AND statement.stated_at < lift.lifted_at, false)
    AND coalesce(
      consent.stated_at < statement.stated_at
      OR (consent.stated_at = statement.stated_at AND consent.is_given AND NOT statement.is_given),
      true
    )
    GROUP BY ALL
"""
_AFFECTED_CONSENT = lookup_by_hash("consent", "affected", BY_CONTACT)

_FURTHER = (
    Check(
        "newest_statement_counts",
        "consent",
        "No statement in force is newer than the row of its contact and channel; no refusal is as new as consent.",
        (*BY_CONTACT, "channel"),
        _OUTDATED_CONSENT.format(consents="marts.consent", is_checked="true"),
        _OUTDATED_CONSENT.format(
            consents=_AFFECTED_CONSENT, is_checked="statement.load_seq > getvariable('applied_load_seq')"
        ),
    ),
    Check(
        "identifiers_are_known",
        "customer_identity",
        "The mart has exactly one row for each identifier on a current record.",
        BY_IDENTIFIER,
        unmatched_keys(BY_IDENTIFIER, _IDENTITY, _IDENTIFIERS),
        unmatched_keys(
            BY_IDENTIFIER, _AFFECTED_IDENTITY, f"{_AFFECTED_LINKS} WHERE identifier = other_identifier"
        ),
    ),
    Check(
        "person_id_is_member",
        "customer_identity",
        "A `person_id` is one of the identifiers of its person.",
        BY_PERSON,
        unknown_keys(
            BY_PERSON,
            f"SELECT DISTINCT company_id, person_id FROM {_IDENTITY}",
            f"SELECT company_id, person_id FROM {_IDENTITY} WHERE identifier = person_id",
        ),
        unknown_keys(
            BY_PERSON,
            f"SELECT DISTINCT company_id, person_id FROM {_AFFECTED_IDENTITY}",
            f"SELECT company_id, person_id FROM {_AFFECTED_IDENTITY} WHERE identifier = person_id",
        ),
    ),
    Check(
        "agrees_with_customer_identity",
        "shared_identifier",
        "The mart lists exactly the placeholders and the identifiers that are excluded from identity matching.",
        BY_IDENTIFIER,
        different_sums(
            BY_IDENTIFIER,
            "SELECT company_id, identifier, 1 AS n FROM marts.shared_identifier",
            f"SELECT company_id, identifier, 1 AS n FROM {_IDENTITY} WHERE exclusion_reason IS NOT NULL"
            f" UNION {_PLACEHOLDERS}",
        ),
    ),
    Check(
        "customer_keys_are_known",
        "customer",
        "Every customer key of a record belongs to a person.",
        BY_CUSTOMER_KEY,
        unknown_keys(
            BY_CUSTOMER_KEY,
            "SELECT company_id, customer_key FROM marts.customer_daily",
            f"SELECT company_id, identifier AS customer_key FROM {_IDENTITY}",
        ),
        unknown_keys(
            BY_CUSTOMER_KEY,
            "SELECT company_id, customer_key FROM pending WHERE customer_key IS NOT NULL"
            " GROUP BY company_id, customer_key HAVING sum(CASE image WHEN 'after' THEN 1 ELSE -1 END) > 0",
            "SELECT company_id, identifier AS customer_key FROM"
            f" {lookup_by_hash('customer_identity', _PENDING_KEY, BY_IDENTIFIER)}",
        ),
    ),
    Check(
        "purchases_are_those_of_customer",
        "customer_rfm",
        "The mart has exactly the persons with a purchase, with their number of purchases.",
        BY_PERSON,
        different_sums(
            BY_PERSON,
            "SELECT company_id, person_id, frequency AS n FROM marts.customer_rfm",
            "SELECT company_id, person_id, purchase_count AS n FROM marts.customer",
        ),
    ),
    Check(
        "totals_agree_with_its_persons",
        "customer_cohort",
        "Every cohort has as many interactions as `person_month`.",
        ("company_id", "cohort_month"),
        different_sums(
            ("company_id", "cohort_month"),
            "SELECT company_id, cohort_month, interaction_count AS n FROM marts.customer_cohort",
            "SELECT company_id, cohort_month, interaction_count AS n FROM marts.person_month",
        ),
        different_sums(
            ("company_id", "cohort_month"),
            *(
                f"SELECT company_id, cohort_month, interaction_count AS n FROM {rows}"
                " SEMI JOIN affected USING (company_id, cohort_month, activity_month)"
                for rows in ("marts.customer_cohort", "person_month")
            ),
        ),
    ),
    Check(
        "persons_are_known",
        "person_campaign_product_daily",
        "Every person of the mart is a person of `customer_identity`.",
        BY_PERSON,
        unknown_keys(
            BY_PERSON,
            "SELECT DISTINCT company_id, person_id FROM marts.person_campaign_product_daily",
            f"SELECT company_id, person_id FROM {_IDENTITY}",
        ),
        unknown_keys(
            BY_PERSON,
            "SELECT DISTINCT company_id, person_id FROM"
            f" {lookup_by_hash('person_campaign_product_daily', 'affected', BY_PERSON)}",
            "SELECT company_id, person_id FROM customer_identity",
        ),
    ),
    Check(
        "influence_is_within_interaction",
        "person_campaign_product_daily",
        "A product has no more attributed interactions on a day than it has interactions.",
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
        "On every day the mart has as many interactions as `person_campaign_product_daily`.",
        ("company_id", "activity_date"),
        different_sums(
            ("company_id", "activity_date"),
            "SELECT company_id, activity_date, interaction_count AS n FROM marts.campaign_influence",
            "SELECT company_id, activity_date, interaction_count AS n FROM marts.person_campaign_product_daily",
        ),
        different_sums(
            ("company_id", "activity_date"),
            *(
                f"SELECT company_id, activity_date, interaction_count AS n FROM {rows}"
                " SEMI JOIN affected USING (company_id, product_sku, activity_date)"
                for rows in ("marts.campaign_influence", "person_campaign_product_daily")
            ),
        ),
    ),
    *attribution_checks(),
    *basket_checks(),
)
