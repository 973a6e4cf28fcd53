"""Segments: their sizes, and how many persons joined and left, from the mart `segment_daily`."""

from dataclasses import dataclass
from datetime import date

import duckdb

from cdp_etl.marts.engine.state import state_of
from cdp_etl.marts.models.segment_member import SEGMENT_DAILY
from cdp_etl.report.data.query import run_query


@dataclass(frozen=True, slots=True)
class SegmentSize:
    """Size of a segment as of a dump date, and how many persons joined and left by its loads."""

    segment: str
    member_count: int
    joined_count: int
    left_count: int


def read_segments(connection: duckdb.DuckDBPyConnection, dump_date: date) -> tuple[SegmentSize, ...]:
    """Return the segments by name; none if none is declared or the mart was never run."""
    if state_of(connection, SEGMENT_DAILY) is None:
        return ()
    return run_query(connection, "segments", SegmentSize, dump_date=dump_date)
