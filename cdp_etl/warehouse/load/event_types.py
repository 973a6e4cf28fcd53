"""Event types of records, by the vocabulary in force (`staging.event_word`).

A type is decided for each distinct pair of provider and word, not for each record.
"""

from collections.abc import Sequence
from typing import Final

from cdp_etl.contract.render.ddl import literal

EVENT_WORDS: Final = "staging.event_word"
"""Table of the vocabulary in force."""

_MACHINE: Final = "CASE {type} WHEN 'opened' THEN 'machine_opened' WHEN 'clicked' THEN 'machine_clicked' END"


def typed_words(records: str, words: str = EVENT_WORDS) -> str:
    """Return the SELECT of each distinct service provider and event among records, with the type of the event.

    Args:
        records: SQL of records with `service_provider` and `event`.
        words: SQL of the vocabulary.
    """
    return f"""(
      WITH
      pair AS (
        SELECT DISTINCT service_provider, event FROM {records}
        WHERE service_provider IS NOT NULL AND event IS NOT NULL
      ),
      vocabulary AS (FROM {words}),
      keyed AS (
        SELECT service_provider, event, {_key("service_provider")} AS provider, {_key("event")} AS word FROM pair
      )
      SELECT keyed.service_provider, keyed.event, vocabulary.event_type
      FROM keyed
      INNER JOIN vocabulary
        ON
          vocabulary.word = keyed.word
          AND vocabulary.provider
          = CASE WHEN keyed.provider IN (SELECT provider FROM vocabulary) THEN keyed.provider ELSE '' END
    )"""


def event_type(typed: str, record: str, machine_flags: Sequence[str]) -> str:
    """Return the SQL of a record's event type: that of its word, and a machine's if a flag of the record says so.

    Args:
        typed: Alias of `typed_words`, joined by service provider and event.
        record: Alias of the record.
        machine_flags: Names of extra fields that mark an open or a click as that of a machine.
    """
    by_word = f"{typed}.event_type"
    if not machine_flags:
        return by_word
    flags = " OR ".join(
        f"lower(json_extract_string({record}.extra_fields, {literal(chr(36) + '.' + flag)})) IN ('true', '1')"
        for flag in machine_flags
    )
    return f"""
      CASE
        WHEN {by_word} IN ('opened', 'clicked') AND {record}.extra_fields IS NOT NULL AND coalesce({flags}, false)
          THEN {_MACHINE.format(type=by_word)}
        ELSE {by_word}
      END
    """


def _key(column: str) -> str:
    """Return the SQL of `vocabulary.word_key`."""
    return f"regexp_replace(lower(nfc_normalize({column})), '[^\\pL\\pM\\pN]', '', 'g')"
