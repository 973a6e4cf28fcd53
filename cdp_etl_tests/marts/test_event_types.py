"""Event types in staging: by the vocabulary, by flags of machines, and again when the vocabulary changes."""

import itertools
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.contract.render.polars_schema import polars_schema
from cdp_etl.contract.table import EVENT_WORD_COLUMNS
from cdp_etl.vocabulary import load_vocabulary
from cdp_etl.warehouse import unmapped_events
from cdp_etl.warehouse.connection import Warehouse
from cdp_etl.warehouse.load.event_types import typed_words
from cdp_etl_tests.examples import examples
from cdp_etl_tests.marts.loading import EMAIL, Loader, make_record

_VOCABULARY = load_vocabulary()
_WORDS = pl.DataFrame(_VOCABULARY.event_words, polars_schema(EVENT_WORD_COLUMNS), orient="row")
_SPELLED = st.sampled_from([*{word for _, word, _ in _VOCABULARY.event_words}, "other", "SpamReport", "Đọc"])
_PROVIDERS = st.sampled_from([*{provider for provider, _, _ in _VOCABULARY.event_words}, "SMS GW", "Send-Grid"])


@given(st.lists(st.tuples(_PROVIDERS, _SPELLED, st.sampled_from([str.upper, str.title, str])), min_size=1))
@examples(50)
def test_sql_gives_the_type_that_the_vocabulary_gives(drawn: list[tuple[str, str, type[str]]]) -> None:
    pairs = [(provider, spell(word)) for provider, word, spell in drawn]
    records = pl.DataFrame(pairs, {"service_provider": pl.String(), "event": pl.String()}, orient="row")

    select = typed_words("records", "words")

    with duckdb.connect() as connection:
        connection.register("words", _WORDS)
        connection.register("records", records)
        found = {
            (provider, event): event_type
            for provider, event, event_type in connection.execute(f"FROM {select}").fetchall()
        }

    for provider, event in pairs:
        assert found.get((provider, event)) == _VOCABULARY.event_type(provider, event)


def _types(loader: Loader, warehouse: Warehouse | None = None) -> list[str | None]:
    with (warehouse or loader.warehouse).writing() as connection:
        rows = connection.execute("SELECT event_type FROM staging.email_interaction ORDER BY id").fetchall()
    return [event_type for (event_type,) in rows]


def test_staging_has_the_type_beside_the_delivered_word(loader: Loader) -> None:
    events = ("unique_opened", "proxy_open", "click", "odd", None)
    loader.load(EMAIL, 1, [make_record(EMAIL, str(number), event=event) for number, event in enumerate(events)])

    assert _types(loader) == ["opened", "machine_opened", "clicked", None, None]
    assert [
        row["event"] for row in loader.rows("SELECT event FROM staging.email_interaction ORDER BY id")
    ] == list(events)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ('{"sg_machine_open":true}', "machine_opened"),
        ('{"sg_machine_open":"True"}', "machine_opened"),
        ('{"sg_machine_open":false}', "opened"),
        ('{"other":{"sg_machine_open":true}}', "opened"),
        (None, "opened"),
    ],
)
def test_a_flag_of_the_provider_makes_an_open_that_of_a_machine(
    loader: Loader, extra: str | None, expected: str
) -> None:
    events = [
        make_record(EMAIL, "1", service_provider="SendGrid", event="open", extra_fields=extra),
        make_record(EMAIL, "2", service_provider="SendGrid", event="delivered", extra_fields=extra),
    ]
    loader.load(EMAIL, 1, events)

    assert _types(loader) == [expected, "delivered"]


def test_another_vocabulary_gives_stored_records_other_types_and_adds_their_refusals(
    loader: Loader, tmp_path: Path
) -> None:
    loader.load(
        EMAIL,
        1,
        [
            make_record(EMAIL, "1", event="roi_di", identifiers=("e:a",)),
            make_record(EMAIL, "2", event="unsubscribed", identifiers=("e:b",)),
        ],
    )
    profile = tmp_path / "profile.toml"
    profile.write_text("[events]\nunsubscribed = ['rời đi', 'roi di']\n", encoding="utf-8")
    changed = replace(loader.warehouse, vocabulary=load_vocabulary(profile))
    statements = "SELECT contact, is_given, event_type FROM staging.consent_statement ORDER BY ALL"

    before = _types(loader)
    after = _types(loader, changed)
    stated = loader.rows(statements)
    again = _types(loader, changed)

    assert (before, after, again) == ([None, "unsubscribed"], ["unsubscribed"] * 2, ["unsubscribed"] * 2)
    assert stated == [
        {"contact": contact, "is_given": False, "event_type": "unsubscribed"} for contact in ("e:a", "e:b")
    ]
    assert loader.rows(statements) == stated


def test_statements_of_an_earlier_release_get_their_event_type_and_are_not_doubled(loader: Loader) -> None:
    events = itertools.count(1)
    loader.load(
        EMAIL,
        1,
        [
            make_record(EMAIL, str(next(events)), event=event, identifiers=("e:a",))
            for event in ("unsubscribed", "complaint", "spam")
        ],
    )
    with loader.warehouse.writing() as connection:
        connection.execute("DELETE FROM staging.consent_statement WHERE record_key LIKE '%3'")
        connection.execute("UPDATE staging.consent_statement SET event_type = NULL")
        connection.execute("DELETE FROM ops.metadata WHERE name = 'event_vocabulary'")

    assert _types(loader) == ["unsubscribed", "complained", "complained"]

    assert loader.rows("SELECT event_type FROM staging.consent_statement ORDER BY record_key") == [
        {"event_type": event_type} for event_type in ("unsubscribed", "complained", "complained")
    ]


def test_a_load_names_the_words_without_a_type(loader: Loader) -> None:
    records = [
        make_record(EMAIL, str(number), event=event)
        for number, event in enumerate(["odd_word", "odd_word", "Nguyen Van A 0912345678", "opened"])
    ]
    loader.load(EMAIL, 1, records)

    with loader.warehouse.reading() as connection:
        found = unmapped_events(connection, EMAIL, date(2026, 3, 1))

    assert found is not None
    assert (found.event_count, list(found.words)) == (3, [("odd_word", 2)])
    assert "0912345678" not in found.sentence
    assert "odd_word (2), and 1 of words that are not shown" in found.sentence
