"""Declarations of `segment_member` and its log `segment_daily`.

A condition reads one row of `customer` and nothing else. So the rows of `customer` that were written and deleted
are the refresh scope, and a changed condition rebuilds the mart.
"""

from collections.abc import Mapping
from functools import partial

import duckdb

from cdp_etl.contract.columns import Publication
from cdp_etl.contract.render.ddl import literal
from cdp_etl.contract.table import DATE, TEXT, TableColumn
from cdp_etl.marts import columns as c
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.scope import IntermediateTable, KeyFilter, RefreshScope
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.errors import SegmentFailedError
from cdp_etl.marts.models.customer import CUSTOMER
from cdp_etl.marts.models.customer_identity import PERSON_ID

_sql = partial(read_sql, "cdp_etl.marts.models")

_MATCHING_PERSON = _sql("segment_member/matching_person")


def find_matching_persons(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the temporary table `matching_person` with the persons of each segment.

    Raises:
        SegmentFailedError: If a condition cannot be evaluated for a person.
    """
    ((segments,),) = connection.execute("SELECT getvariable('segments')").fetchall()
    connection.execute(f"CREATE OR REPLACE TEMP TABLE matching_person AS {_MATCHING_PERSON}")
    for name, condition in (segments or {}).items():
        try:
            connection.execute(f"INSERT INTO matching_person {select_matching_persons({name: condition})}")
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise SegmentFailedError(name, type(error).__name__) from None


def select_matching_persons(segments: Mapping[str, str]) -> str:
    """Return the SELECT of the persons of each segment.

    Args:
        segments: Condition of each segment, by the segment's name.
    """
    return (
        " UNION ALL ".join(
            f"SELECT company_id, {literal(name)} AS segment, person_id FROM customer WHERE {condition}"
            for name, condition in sorted(segments.items())
        )
        or _MATCHING_PERSON
    )


_SEGMENT = TableColumn(
    "segment", TEXT, "Name of the segment, as declared.", is_nullable=False, publication=Publication.UNCHANGED
)

SEGMENT_MEMBER = Mart(
    name="segment_member",
    columns=(
        c.COMPANY_ID,
        _SEGMENT,
        PERSON_ID,
    ),
    refresh_scope=RefreshScope(
        tables={"affected": _sql("segment_member/affected")},
        mart=KeyFilter("affected", c.BY_PERSON),
        follows_rows_of=CUSTOMER.name,
        inputs={CUSTOMER.name: KeyFilter("affected", c.BY_PERSON, materialize=True)},
    ),
    intermediate_tables={
        "matching_person": IntermediateTable(_MATCHING_PERSON, _MATCHING_PERSON, find_matching_persons)
    },
    key_hashes=(c.BY_PERSON,),
    settings=("segments",),
)

SEGMENT_DAILY = Mart(
    name="segment_daily",
    columns=(
        c.COMPANY_ID,
        _SEGMENT,
        TableColumn("dump_date", DATE, "Newest loaded dump date at the mart run.", is_nullable=False),
        c.count("member_count", "Persons in the segment."),
        c.count("joined_count", "Persons that joined in the runs of this dump date."),
        c.count("left_count", "Persons that left in the runs of this dump date."),
    ),
    refresh_scope=None,
    intermediate_tables={
        "segment_member_before": IntermediateTable("SELECT * FROM segment_member", ""),
        "segment_member_written": IntermediateTable("SELECT * FROM segment_member", ""),
        "segment_daily_before": IntermediateTable(_sql("segment_member/segment_daily_before"), ""),
    },
    change_log_of="segment_member",
)
