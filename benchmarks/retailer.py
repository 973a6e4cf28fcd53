"""Days of a large retailer as the lake would hold them, made by DuckDB alone: 100 million rows are cheap to have.

Put here what the records look like: who comes how often, what they look at, what is corrected and what is late.
What is done with them stands in `marts.py`. It is not `cdp_etl.sample`, which writes dumps as they are delivered.

A day of `rows` interactions is 80% activities, 12% e-mail and 3% text message events, 2% comments, 2% reviews
and 1% subscriptions. Customers come in sessions of seven activities with about four products. A customer comes
the oftener the smaller their number is: the first 1% of customers has 10% of the sessions; the first 1% of
products has 22% of the looks, and one look in four is at one of three products that the customer always comes back
to. Of ten customers six have customer id, e-mail address and phone, four lack one or two of them. One in fifty
shares a phone with another, one in 5,000 names the phone of a call centre; one session in 33 is by nobody known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
from load import Dump

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import lake_columns
from cdp_etl.entities import ENTITIES
from cdp_etl.warehouse import Warehouse

FIRST_DAY = date(2026, 1, 1)
SHARES: Mapping[str, float] = {
    "customer-product-activity": 0.80,
    "email-interaction": 0.12,
    "sms-interaction": 0.03,
    "customer-product-comment": 0.02,
    "customer-product-review": 0.02,
    "customer-product-subscriber": 0.01,
}
"""Of a day's interactions, by entity."""

CORRECTED_ONE_IN = 20
CORRECTED_DAYS = 10
_COMPANY = "ORG1029130112"

# Of every ten customers six have all three, one has no phone, two an e-mail address only, one a phone only.
_PERSON = """
          CASE WHEN customer % 10 < 7 THEN 'KH' || lpad(customer::VARCHAR, 8, '0') END AS customer_id,
          CASE WHEN customer % 10 < 9 THEN 'user' || customer || '@example.com' END AS email,
          CASE
            WHEN customer % 10 BETWEEN 6 AND 8 THEN NULL
            WHEN customer % 5000 = 0 THEN '+842838222222'
            ELSE '+849' || lpad((customer - (customer % 50 = 1)::INTEGER)::VARCHAR, 8, '0')
          END AS phone,
          'Nguyen Van ' || customer % 100000 AS name,
          CASE
            WHEN customer IS NULL THEN []
            WHEN customer % 10 < 6 THEN ['c:' || customer_id, 'e:' || email, 'p:' || phone]
            WHEN customer % 10 = 6 THEN ['c:' || customer_id, 'e:' || email]
            WHEN customer % 10 < 9 THEN ['e:' || email]
            ELSE ['p:' || phone]
          END AS identifiers
"""
_PRODUCTS = """
    CREATE OR REPLACE TEMP TABLE product AS
    SELECT
      n,
      'SKU' || lpad(n::VARCHAR, 7, '0') AS sku,
      'Dien thoai ' || n AS name,
      'Category ' || n % 200 AS category,
      'C' || n % 200 AS category_id,
      'https://shop.example/p/' || n AS link,
      'https://shop.example/i/' || n || '.jpg' AS image_link,
      1000.0 * (10 + n % 990) AS price
    FROM range({products}) AS numbers(n)
"""
_BY_WHOM = {
    "customer_id": "customer_id",
    "customer_name": "named.name",
    "customer_phone": "phone",
    "customer_phone_e164": "phone",
    "customer_email": "email",
    "customer_email_normalized": "email",
    "customer_key": "identifiers[1]",
    "identifiers": "identifiers",
}
_WITH_WHAT = {
    "product_sku": "product.sku",
    "product_name": "product.name",
    "product_category": "product.category",
    "product_category_id": "product.category_id",
    "product_image_link": "product.image_link",
    "product_link": "product.link",
    "price": "product.price",
    "product_price": "product.price",
    "product_price4_sale": "product.price * 0.9",
}
_MESSAGE = {
    "service_provider": "['Brevo', 'SendGrid'][1 + {origin} % 2]",
    "campaign_id": "'K' || {origin} * 3 + visit % 3",
    "message_id": "'M' || id // 2",
    "event": "CASE WHEN i % 2 = 0 THEN 'sent' WHEN chance % 400 = 1 THEN 'unsubscribed'"
    " WHEN chance % 5 = 0 THEN 'clicked' ELSE 'opened' END",
    "link": "CASE WHEN i % 2 = 1 AND chance % 5 = 0 THEN 'https://shop.example/' || chance % 1000 END",
}
_OF: Mapping[str, Mapping[str, str]] = {
    "customer-product-activity": {
        **_BY_WHOM,
        **_WITH_WHAT,
        "action": "['View', 'View', 'View', 'View', 'View', 'View', 'Search', 'AddToCart', 'Wishlist', 'Purchase']"
        "[1 + chance % 10]",
        "quantity": "1 + {version} + chance % 3",
    },
    "customer-product-comment": {**_BY_WHOM, **_WITH_WHAT, "content": "'Con hang khong? ' || chance % 100"},
    "customer-product-review": {**_BY_WHOM, **_WITH_WHAT, "rating": "1 + chance % 5"},
    "customer-product-subscriber": {
        **_BY_WHOM,
        **_WITH_WHAT,
        "status": "CASE WHEN chance % 10 = 0 THEN 'Unsubscribed' ELSE 'Subscribed' END",
        "source_channel": "'Online'",
        "subscribe_email": "chance % 3 > 0",
        "subscribe_phone": "chance % 3 = 0",
    },
    "email-interaction": {
        **_MESSAGE,
        "email": "email",
        "email_normalized": "email",
        "customer_key": "'e:' || email",
        "identifiers": "CASE WHEN email IS NULL THEN [] ELSE ['e:' || email] END",
    },
    "sms-interaction": {
        **_MESSAGE,
        "phone_number": "phone",
        "phone_number_e164": "phone",
        "customer_key": "'p:' || phone",
        "identifiers": "CASE WHEN phone IS NULL THEN [] ELSE ['p:' || phone] END",
    },
}
_AT_ONCE = {"customer-product-activity": 7, "email-interaction": 2, "sms-interaction": 2}
"""How many records in a row are of one customer; of other entities each is on its own."""


@dataclass(frozen=True)
class Retailer:
    """How large the retailer is.

    Attributes:
        rows: Interactions of a day.
        customers: Customers that there are.
        products: Products that there are.
    """

    rows: int = 1_000_000
    customers: int = 3_000_000
    products: int = 30_000


@dataclass(frozen=True)
class Day:
    """One day's delivery.

    Attributes:
        number: Days after `FIRST_DAY`; it is the dump date.
        is_corrected: Whether one record in twenty is an earlier day's of the ten before, with another quantity.
        spread_days: Over how many days up to this one the events fall.
    """

    number: int
    is_corrected: bool = False
    spread_days: int = 1


def make_products(connection: duckdb.DuckDBPyConnection, retailer: Retailer) -> None:
    """Make the temporary table of products that the days are made from."""
    connection.execute(_PRODUCTS.format(products=retailer.products))


def records(entity: Entity, retailer: Retailer, day: Day) -> str:
    """Give the SQL of an entity's records of a day, in the lake's columns; it reads the products.

    What a record says is a function of its own day and place in it, so that a correction is the same record.
    """
    count = int(retailer.rows * SHARES[entity.name])
    origin = str(day.number)
    if day.is_corrected:
        earlier = f"{day.number - 1} - i // {CORRECTED_ONE_IN} % {min(CORRECTED_DAYS, day.number)}"
        origin = f"CASE WHEN i % {CORRECTED_ONE_IN} = 0 THEN {earlier} ELSE {day.number} END"
    at_once = _AT_ONCE.get(entity.name, 1)
    back = f"(visit % {day.spread_days})::INTEGER"
    derived = {
        "system_name": "'Website'",
        "internal_company_id": f"'{_COMPANY}'",
        entity.own_id: "lpad(id::VARCHAR, 12, '0')",
        "record_status": "'Active'",
        "warnings": "[]",
        "company_id": f"'{_COMPANY}'",
        "record_key": f"'{_COMPANY}|Website|' || lpad(id::VARCHAR, 12, '0')",
        "key_hash": "hash(id)",  # as good as MD5 here, and much cheaper to make 100 million of
        "occurred_at": "moment",
        entity.main_timestamp: "moment",
        "activity_date": "moment::DATE",
        "dump_date": f"DATE '{FIRST_DAY + timedelta(days=day.number)}'",
        "source_file": "'part-1.ndjson'",
        "source_position": "i + 1",
        **_OF[entity.name],
    }
    version = int(day.is_corrected)
    columns = ", ".join(
        f"({derived.get(column.name, 'NULL').format(origin='origin', version=version)})"
        f'::{column.type.duckdb.replace("JSON", "VARCHAR")} AS "{column.name}"'
        for column in lake_columns(entity)
    )
    return f"""
        WITH placed AS (SELECT i, {origin} AS origin FROM range({count}) AS numbers(i)),
        visited AS (
          SELECT
            *,
            origin::BIGINT * {retailer.rows} + i AS id,
            (hash('{entity.table}', origin, i // {at_once}) >> 1)::BIGINT AS visit,
            hash('{entity.table}', origin, i // {at_once}, i % {at_once} * 4 // {at_once}) AS look,
            (hash('{entity.table}', origin, i) >> 1)::BIGINT AS chance
          FROM placed
        ),
        happened AS (
          SELECT
            *,
            TIMESTAMPTZ '{FIRST_DAY} 00:00:00+00' + to_days((origin - {back})::INTEGER)
              + to_seconds((visit // 1000 % 80000 + i % {at_once} * 41)::BIGINT) AS moment,
            CASE WHEN visit % 33 > 0
              THEN floor({retailer.customers} * pow(hash(visit) / 18446744073709551616.0, 2))::BIGINT
            END AS customer,
            -- One product in four is among the three that the customer always comes back to.
            CASE WHEN look % 4 = 0 THEN hash(customer, look // 4 % 3) ELSE look END AS taste,
            floor({retailer.products} * pow(taste / 18446744073709551616.0, 3))::BIGINT AS product_number
          FROM visited
        ),
        named AS (
          SELECT
            *,
{_PERSON}
          FROM happened
        )
        SELECT {columns} FROM named LEFT JOIN product ON product.n = named.product_number
    """


def write_dumps(folder: Path, retailer: Retailer, day: Day) -> Iterator[tuple[Entity, Dump]]:
    """Write a day's Parquet, one dump an entity."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        make_products(connection, retailer)
        for entity in ENTITIES:
            path = folder / f"{entity.table}-{day.number}-{day.spread_days}-{int(day.is_corrected)}.parquet"
            ((count,),) = connection.execute(
                f"COPY ({records(entity, retailer, day)}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
            ).fetchall()
            yield (
                entity,
                Dump(
                    FIRST_DAY + timedelta(days=day.number), path.name, 0, count, count, 0, 0, 0, {}, [path], [], []
                ),
            )


def grow(warehouse: Warehouse, retailer: Retailer, first: int, last: int) -> None:
    """Put the days from one number up to before another into staging, as loads would have left them."""
    with warehouse.writing() as connection:
        make_products(connection, retailer)
        for number in range(first, last):
            for entity in ENTITIES:
                connection.execute(
                    f"INSERT INTO staging.{entity.table} BY NAME"
                    f" SELECT *, true AS is_current FROM ({records(entity, retailer, Day(number))})"
                )
