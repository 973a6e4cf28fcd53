"""Checks that gate publishing: a failed run is rolled back, readers keep their version, the next run rebuilds."""

import pytest
from sqlglot import expressions, parse_one

from cdp_etl.entities import ENTITIES
from cdp_etl.marts.checks import run
from cdp_etl.marts.checks.definitions import checks_of
from cdp_etl.marts.checks.model import Check, MartCheckError
from cdp_etl.marts.engine.key_hash import key_hash_of
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.full_check.check import check_marts
from cdp_etl.marts.refresh import check_mart, rebuild_marts, refresh_mart, refresh_marts
from cdp_etl.marts.registry import MARTS, mart_named, with_upstream
from cdp_etl.marts.snapshot.publish import latest_snapshot
from cdp_etl_tests.marts.loading import ACTIVITY, Loader, make_record
from cdp_etl_tests.marts.published import damage, load_version, rows_read

_TEMPORARY = {
    "business_day",
    "inserted_counts",
    "deleted_rows",
    "duplicate_grain",
    "pending",
    "affected",
    "customer_identity",
    "person_basket",
    "person_campaign_product_daily",
    "person_campaign_sale_daily",
    "person_month",
}
_BY_PERSON = key_hash_of(("company_id", "person_id"))

_DAMAGES = (
    pytest.param(
        "UPDATE mart_storage.product_daily SET interaction_count = 9 WHERE product_sku = 'S1'",
        ("product_daily", "totals_agree_with_interaction"),
        id="a wrong count",
    ),
    pytest.param(
        "INSERT INTO mart_storage.interaction FROM mart_storage.interaction WHERE record_id = '1'",
        ("interaction", "agrees_with_staging"),
        id="a doubled row",
        marks=pytest.mark.full,
    ),
    pytest.param(
        "DELETE FROM mart_storage.interaction WHERE entity = 'customer_product_review'",
        ("interaction", "agrees_with_staging"),
        id="a missing row",
    ),
    pytest.param(
        "DELETE FROM mart_storage.customer_product",
        ("customer_product", "totals_agree_with_interaction"),
        id="pairs lost",
        marks=pytest.mark.full,
    ),
    pytest.param(
        "UPDATE mart_storage.campaign_daily SET event_count = 0",
        ("campaign_daily", "totals_agree_with_interaction"),
        id="a campaign that counts nothing",
        marks=pytest.mark.full,
    ),
)


def _failed_checks(loader: Loader, mart: str) -> set[str]:
    results = check_mart(loader.warehouse, mart_named(mart), loader.settings)
    return {result.check.name for result in results if not result.passed}


def _failed_full_checks(loader: Loader, mart: str) -> set[str]:
    """Return the failed checks of one mart, of all rows and of the comparison with a rebuild."""
    results = check_marts(loader.warehouse, loader.settings, [mart_named(mart)], lambda _: None)
    return {result.check.name for result in results[mart] if not result.passed}


@pytest.mark.full
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        *_DAMAGES,
        pytest.param(
            "DELETE FROM mart_storage.customer_identity WHERE identifier IN ('c:1', 'e:a')",
            ("customer_product", "totals_agree_with_interaction"),
            id="customers without a person",
            marks=pytest.mark.full,
        ),
    ],
)
def test_a_run_on_a_damaged_mart_is_rolled_back_and_the_next_one_publishes(
    published: Loader, statement: str, found: tuple[str, str]
) -> None:
    before = latest_snapshot(published.folder / "published")
    damage(published, statement)
    load_version(published, 2)

    with pytest.raises(MartCheckError) as raised:
        published.publish()

    assert (raised.value.mart, {r.check.name for r in raised.value.results if not r.passed}) == (
        found[0],
        {found[1]},
    )
    assert latest_snapshot(published.folder / "published") == before
    assert rows_read(published) == 4
    after = published.publish()
    assert before is not None
    assert (before.as_of, after.as_of, rows_read(published)) == (3, 6, 5)
    assert _failed_checks(published, found[0]) == set()


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        pytest.param(
            "SELECT * REPLACE (interaction_count + 1 AS interaction_count) FROM ({sql})",
            ("customer_product_daily", "totals_agree_with_interaction"),
            id="a wrong count",
        ),
        pytest.param(
            "SELECT mart.* FROM ({sql}) AS mart CROSS JOIN range(2) AS twice",
            ("product_daily", "grain_is_unique"),
            id="each row twice",
            marks=pytest.mark.full,
        ),
        pytest.param(
            "FROM ({sql}) WHERE customer_key <> 'c:1'",
            ("customer_daily", "totals_agree_with_interaction"),
            id="a customer left out",
            marks=pytest.mark.full,
        ),
        pytest.param(
            "SELECT * REPLACE (person_id || '?' AS person_id) FROM ({sql})",
            ("customer_identity", "person_id_is_member"),
            id="persons that nobody is",
            marks=pytest.mark.full,
        ),
        pytest.param(
            "FROM ({sql}) WHERE identifier <> 'c:9'",
            ("customer_identity", "identifiers_are_known"),
            id="an identifier left out",
            marks=pytest.mark.full,
        ),
        pytest.param(
            "FROM ({sql}) LIMIT 0",
            ("interaction", "agrees_with_staging"),
            id="nothing at all",
            marks=pytest.mark.full,
        ),
    ],
)
def test_a_fault_in_the_sql_is_found_in_a_refresh_and_in_a_rebuild(
    published: Loader, monkeypatch: pytest.MonkeyPatch, fault: str, found: tuple[str, str]
) -> None:
    mart = mart_named(found[0])
    sql = mart.sql
    monkeypatch.setitem(mart.__dict__, "header", mart.header)
    monkeypatch.setitem(mart.__dict__, "sql", fault.format(sql=sql))
    monkeypatch.setattr(Mart, "definition_hash", lambda *_: "unchanged")
    damage(published, "UPDATE ops.mart_state SET definition_hash = 'unchanged'")
    load_version(published, 2)
    published.load(ACTIVITY, 3, [make_record(ACTIVITY, "new", identifiers=("c:9",))])

    with pytest.raises(MartCheckError) as patched:
        published.publish()
    with pytest.raises(MartCheckError) as rebuilt:
        rebuild_marts(published.warehouse, published.settings)

    failed = {result.check.name for result in patched.value.results if not result.passed}
    assert (patched.value.mart, found[1] in failed) == (mart.name, True)
    assert rebuilt.value.mart == mart.name
    assert {result.scope for result in rebuilt.value.results} == {"all rows"}
    assert rows_read(published) == 4
    monkeypatch.setitem(mart.__dict__, "sql", sql)
    assert published.publish().as_of == 7
    assert _failed_checks(published, mart.name) == set()


def test_a_row_of_a_corrected_record_on_another_day_fails_the_run(published: Loader) -> None:
    damage(
        published,
        "INSERT INTO mart_storage.interaction SELECT * REPLACE (DATE '2026-03-09' AS activity_date)"
        " FROM mart_storage.interaction WHERE entity = 'customer_product_activity' AND record_id = '1'",
    )
    load_version(published, 2)

    with pytest.raises(MartCheckError) as raised:
        refresh_marts(published.warehouse, published.settings)

    assert {result.check.name for result in raised.value.results if not result.passed} == {
        "grain_is_unique",
        "agrees_with_staging",
    }
    refresh_marts(published.warehouse, published.settings)
    assert _failed_checks(published, "interaction") == set()


def test_the_error_has_counts_hashes_and_a_remedy_but_no_value(published: Loader) -> None:
    damage(published, "UPDATE mart_storage.product_daily SET interaction_count = 9")
    load_version(published, 2)

    with pytest.raises(MartCheckError) as raised:
        published.publish()

    assert str(raised.value) == (
        "The run of the mart product_daily was rolled back, and the snapshot is unchanged:"
        " totals_agree_with_interaction failed for 1 keys of company_id, activity_date, product_sku"
        " (affected keys): found -5, expected 1. Of the first keys,"
        " left(md5(concat_ws('|', company_id, activity_date, product_sku)), 16) is 443e3d7dcedc45a6."
        " The next run rebuilds the mart before anything is published. To rebuild it and its upstream marts now,"
        " run `cdp-etl marts rebuild --all`."
    )


@pytest.mark.full
def test_a_customer_key_without_a_person_fails_its_check(published: Loader) -> None:
    damage(published, "DELETE FROM mart_storage.customer_identity WHERE identifier IN ('c:1', 'e:a')")
    load_version(published, 2)

    with pytest.raises(MartCheckError) as raised:
        refresh_mart(published.warehouse, mart_named("customer"), published.settings)

    failed = {result.check.name: result.violations for result in raised.value.results if not result.passed}
    assert failed == {"totals_agree_with_interaction": 1, "customer_keys_are_known": 1}


@pytest.mark.full
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        *_DAMAGES,
        pytest.param(
            "UPDATE mart_storage.identifier_link SET record_count = 7",
            ("identifier_link", "agrees_with_staging"),
            id="a pair counted wrong",
            marks=pytest.mark.full,
        ),
        pytest.param(
            "DELETE FROM mart_storage.customer_identity WHERE identifier = 'e:a'",
            ("customer_identity", "identifiers_are_known"),
            id="an identifier lost",
            marks=pytest.mark.full,
        ),
        pytest.param(
            "UPDATE mart_storage.customer_identity SET person_id = 'c:0'",
            ("customer_identity", "person_id_is_member"),
            id="a person that nobody is",
            marks=pytest.mark.full,
        ),
        pytest.param(
            "UPDATE mart_storage.customer SET customer_name = 'x'",
            ("customer", "equals_its_rebuild"),
            id="a wrong name",
        ),
        pytest.param(
            "INSERT INTO mart_storage.shared_identifier SELECT '', 'c:1', 0, 0, 0, 'x', 1",
            ("shared_identifier", "agrees_with_customer_identity"),
            id="an identifier that is not shared",
            marks=pytest.mark.full,
        ),
        pytest.param(
            f"INSERT INTO mart_storage.person_campaign_product_daily SELECT *, {_BY_PERSON.expression} FROM"
            " (SELECT '' AS company_id, 'c:1' AS person_id, 'email', 'Brevo', 'K', 'S1', DATE '2026-03-01', 9, 1)",
            ("person_campaign_product_daily", "influence_is_within_interaction"),
            id="more influence than interactions",
        ),
        pytest.param(
            f"INSERT INTO mart_storage.person_campaign_product_daily SELECT *, {_BY_PERSON.expression} FROM"
            " (SELECT '' AS company_id, 'c:7' AS person_id, 'email', 'Brevo', 'K', 'S1', DATE '2026-03-01', 1, 1)",
            ("person_campaign_product_daily", "persons_are_known"),
            id="influence on a person that is none",
            marks=pytest.mark.full,
        ),
        pytest.param(
            "INSERT INTO mart_storage.campaign_influence"
            " SELECT '', 'email', 'Brevo', 'K', 'S1', DATE '2026-03-01', 9, 1, 1",
            ("campaign_influence", "totals_agree_with_its_persons"),
            id="influence of a campaign on nobody",
            marks=pytest.mark.full,
        ),
        pytest.param(
            f"INSERT INTO mart_storage.person_campaign_sale_daily SELECT *, {_BY_PERSON.expression} FROM"
            " (SELECT '' AS company_id, 'c:1' AS person_id, 'email', 'Brevo', 'K', DATE '2026-03-01',"
            " 1, 1, 9, 1, 1, 9, 1, 1, 8, 1)",
            ("person_campaign_sale_daily", "models_attribute_the_same_sales"),
            id="a model that attributes less revenue",
            marks=pytest.mark.full,
        ),
        pytest.param(
            "INSERT INTO mart_storage.campaign_attribution"
            " SELECT '', 'email', 'Brevo', 'K', DATE '2026-03-01', 'linear', 1, 1, 1, 9, 1",
            ("campaign_attribution", "totals_agree_with_its_persons"),
            id="sales of nobody",
            marks=pytest.mark.full,
        ),
        pytest.param(
            f"INSERT INTO mart_storage.person_basket SELECT *, {_BY_PERSON.expression} FROM"
            " (SELECT '' AS company_id, 'c:7' AS person_id, 'seen', TIMESTAMP '2026-03-01', DATE '2026-03-01',"
            " 1, ['S1'], 1)",
            ("person_basket", "persons_are_known"),
            id="a basket of a person that is none",
            marks=pytest.mark.full,
        ),
        *(
            pytest.param(
                f"UPDATE mart_storage.{mart} SET basket_count = 9",
                (mart, "totals_agree_with_baskets"),
                id=f"wrong counts in {mart}",
                marks=pytest.mark.full,
            )
            for mart in ("product_pair_month", "basket_month")
        ),
    ],
)
def test_what_a_run_did_not_touch_is_found_in_all_rows_and_rebuilt(
    published: Loader, statement: str, found: tuple[str, str]
) -> None:
    damage(published, statement)

    failed = _failed_full_checks(published, found[0])
    rebuilt = {
        result.mart: result.rebuild_reason for result in refresh_marts(published.warehouse, published.settings)
    }

    assert failed >= {found[1], "equals_its_rebuild"}
    assert rebuilt[found[0]] == "check failed"
    assert _failed_full_checks(published, found[0]) == set()


def test_wrong_key_hashes_are_found_and_rebuilt(
    published: Loader,
) -> None:
    damage(published, "UPDATE mart_storage.customer_identity SET company_id_person_id_hash = 0")

    assert _failed_full_checks(published, "customer_identity") == {"key_hashes_match_rows"}
    refresh_marts(published.warehouse, published.settings)
    assert _failed_full_checks(published, "customer_identity") == set()


def test_a_run_finds_a_wrong_hash_among_the_rows_that_it_wrote(published: Loader) -> None:
    (check,) = (check for check in checks_of(mart_named("interaction")) if check.name == "key_hashes_match_rows")
    assert check.incremental_sql
    with published.warehouse.writing() as connection:
        right = run.run_check(connection, check, check.incremental_sql, "affected keys")
        connection.execute("UPDATE mart_storage.interaction SET company_id_customer_key_hash = 0")
        wrong = run.run_check(connection, check, check.incremental_sql, "affected keys")
        ((written,),) = connection.execute(
            "SELECT count(*) FROM mart_storage.interaction"
            " WHERE written_by_load_seq = (SELECT max(load_seq) FROM ops.load)"
        ).fetchall()

    assert written > 0
    assert (right.violations, wrong.violations) == (0, written)


@pytest.mark.full
def test_a_publish_refreshes_every_mart_to_one_load(published: Loader) -> None:
    load_version(published, 2)

    snapshot = published.publish()

    assert snapshot.as_of == 6
    assert rows_read(published) == 5


def test_a_run_returns_the_results_of_its_checks(published: Loader) -> None:
    load_version(published, 2)

    results = {
        result.mart: {(check.check.name, check.scope) for check in result.checks}
        for result in refresh_marts(published.warehouse, published.settings)
    }

    assert results["interaction"] == {
        ("grain_is_unique", "affected keys"),
        ("key_hashes_match_rows", "affected keys"),
        ("agrees_with_staging", "affected keys"),
        ("values_are_valid", "affected keys"),
    }
    assert results["campaign_influence"] == {
        ("grain_is_unique", "affected keys"),
        ("totals_agree_with_its_persons", "affected keys"),
        ("values_are_valid", "affected keys"),
    }
    assert all(not result.checks for result in refresh_marts(published.warehouse, published.settings))


@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.name)
def test_every_mart_has_checks_with_descriptions(mart: Mart) -> None:
    checks = checks_of(mart)

    assert {"grain_is_unique"} <= {check.name for check in checks}
    assert all(check.description.endswith(".") for check in checks)
    assert len({check.name for check in checks}) == len(checks)


@pytest.mark.parametrize(
    "check", [check for mart in MARTS for check in checks_of(mart)], ids=lambda check: f"{check.mart}-{check.name}"
)
def test_a_check_reads_only_its_mart_and_upstream_marts(check: Check) -> None:
    """A check runs right after its mart, before downstream and unrelated marts."""
    marts = with_upstream([mart_named(check.mart)])
    known = (
        {mart.table for mart in marts}
        | {mart.storage_table for mart in marts}
        | {f"staging.{entity.table}_current" for entity in ENTITIES}
        | {"staging.consent_statement"}
    )

    assert _tables(check.full_sql) <= known | {"business_day"}
    assert check.incremental_sql is None or _tables(check.incremental_sql) <= known | _TEMPORARY | {"ops.load"}


def _tables(sql: str) -> set[str]:
    tree = parse_one(sql, dialect="duckdb")
    own = {cte.alias for cte in tree.find_all(expressions.CTE)}
    found = {f"{table.db}.{table.name}".removeprefix(".") for table in tree.find_all(expressions.Table)}
    return found - own
