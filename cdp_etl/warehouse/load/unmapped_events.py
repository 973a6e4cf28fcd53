"""Events of a dump whose words have no meaning in the vocabulary in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import duckdb

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.naming import looks_like_field_name

MAX_WORDS: Final = 20


@dataclass(frozen=True, slots=True)
class UnmappedEvents:
    """Number of events without a type, and their words.

    Attributes:
        event_count: Number of events of any such word.
        words: The most frequent words in lower snake case with their number of events, at most 20. Only words that
            read as a name: another text may be personal.
    """

    event_count: int
    words: Sequence[tuple[str, int]]

    @property
    def sentence(self) -> str:
        """Result for a person."""
        if not self.event_count:
            return "Every event has a type."
        named = ", ".join(f"{word} ({count})" for word, count in self.words)
        others = self.event_count - sum(count for _, count in self.words)
        rest = f"{', and ' if named else ''}{others} of words that are not shown" if others else ""
        return (
            f"{self.event_count} events have a word without a type, so no rate and no consent counts them:"
            f" {named}{rest}. The setting CDP_ETL_VOCABULARY_PROFILE can give words a type."
        )


def unmapped_events(
    connection: duckdb.DuckDBPyConnection, entity: Entity, dump_date: date
) -> UnmappedEvents | None:
    """Return the events of a dump in staging that have no type; None if records of the entity are no events."""
    if not entity.has_events:
        return None
    counts = connection.execute(
        f"""
        SELECT event_folded, count(*) AS event_count
        FROM staging.{entity.table}
        WHERE dump_date = ? AND event_type IS NULL AND event_folded IS NOT NULL
        GROUP BY event_folded
        ORDER BY event_count DESC, event_folded
        """,
        [dump_date],
    ).fetchall()
    named = [(word, count) for word, count in counts if looks_like_field_name(word)]
    return UnmappedEvents(sum(count for _, count in counts), named[:MAX_WORDS])
