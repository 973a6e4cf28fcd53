"""Published marts of a customer with a product, an e-mail and a review, and their damage."""

from contextlib import closing
from pathlib import Path

import duckdb

from cdp_etl.marts.snapshot.names import DATABASE
from cdp_etl_tests.marts.loading import ACTIVITY, EMAIL, REVIEW, Loader, make_record


def fill(folder: Path) -> None:
    loader = Loader(folder)
    load_version(loader, 1)
    loader.publish()


def load_version(loader: Loader, version: int) -> None:
    """Load the same records, one of them corrected to another version: it touches every mart."""
    identifiers = ("c:1", "e:a")
    loader.load(
        ACTIVITY,
        version,
        [
            make_record(ACTIVITY, "1", identifiers=identifiers, quantity=version),
            make_record(ACTIVITY, f"more-{version}", identifiers=identifiers),
        ],
    )
    loader.load(REVIEW, version, [make_record(REVIEW, "1", rating=version, identifiers=("e:a",))])
    loader.load(EMAIL, version, [make_record(EMAIL, "1", hour=version, identifiers=("e:a",), campaign_id="K")])


def damage(loader: Loader, sql: str) -> None:
    with loader.warehouse.writing() as connection:
        connection.execute(sql)


def rows_read(loader: Loader) -> int:
    with closing(duckdb.connect(loader.folder / "published" / DATABASE, read_only=True)) as connection:
        ((rows,),) = connection.execute("SELECT count(*) FROM marts.interaction").fetchall()
    return int(rows)
