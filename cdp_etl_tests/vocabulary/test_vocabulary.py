"""Presets of providers, the words of unknown providers, and profiles."""

from pathlib import Path

import pytest

from cdp_etl.vocabulary import ACTION_TYPES, EVENT_TYPES, VocabularyError, load_vocabulary, word_key


@pytest.mark.parametrize(
    ("provider", "event", "expected"),
    [
        ("Brevo", "request", "requested"),
        ("Brevo", "unique_opened", "opened"),
        ("sendinblue", "uniqueOpened", "opened"),
        ("BREVO", "proxy_open", "machine_opened"),
        ("Brevo", "click", "clicked"),
        ("Brevo", "hardBounces", "hard_bounced"),
        ("Brevo SMS", "unsubscription", "unsubscribed"),
        ("Brevo", "spam", "complained"),
        ("Brevo", "blocked", "rejected"),
        ("SendGrid", "blocked", "soft_bounced"),
        ("Send Grid", "spamreport", "complained"),
        ("SendGrid", "group_unsubscribe", "unsubscribed"),
        ("SendGrid", "group_resubscribe", "resubscribed"),
        ("Mailgun", "temporary_fail", "deferred"),
        ("Mandrill", "unsub", "unsubscribed"),
        ("Amazon SES", "RenderingFailure", "failed"),
        ("Postmark", "SpamComplaint", "complained"),
        ("MailerSend", "activity.spam_complaint", "complained"),
        ("Resend", "email.complained", "complained"),
        ("Mailjet", "blocked", "rejected"),
        ("SparkPost", "list_unsubscribe", "unsubscribed"),
        ("Braze", "users.messages.email.MarkAsSpam", "complained"),
        ("Twilio", "STOP", "unsubscribed"),
        ("Infobip", "DELIVERED_TO_HANDSET", "delivered"),
        ("eSMS", "5", "sent"),
        ("eTelecom", "SUCCESS", "delivered"),
    ],
)
def test_a_word_has_the_meaning_that_its_provider_gives_it(provider: str, event: str, expected: str) -> None:
    assert load_vocabulary().event_type(provider, event) == expected


@pytest.mark.parametrize("provider", ["Brevo", "SendGrid", "eSMS", "SMSGWA"])
@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("sent", "sent"),
        ("Opened", "opened"),
        ("clicked", "clicked"),
        ("bounced", "hard_bounced"),
        ("failed", "failed"),
        ("unsubscribed", "unsubscribed"),
        ("complaint", "complained"),
        *((name, name) for name in EVENT_TYPES),
    ],
)
def test_the_words_of_before_mean_the_same_for_every_provider(provider: str, event: str, expected: str) -> None:
    assert load_vocabulary().event_type(provider, event) == expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [("spam", "complained"), ("stop", "unsubscribed"), ("blocked", None), ("5", None), ("x", None)],
)
def test_an_unknown_provider_has_only_the_words_that_mean_the_same_everywhere(
    event: str, expected: str | None
) -> None:
    assert load_vocabulary().event_type("Some gateway", event) == expected


def test_every_preset_names_its_source_and_uses_known_types() -> None:
    vocabulary = load_vocabulary()

    assert {provider.source[:8] for provider in vocabulary.providers.values()} == {"https://"}
    assert {one.event_type for one in vocabulary.event_words} <= set(EVENT_TYPES)
    assert set(vocabulary.action_types.values()) == set(ACTION_TYPES)


def test_no_preset_gives_a_word_of_every_provider_another_meaning() -> None:
    vocabulary = load_vocabulary()

    for provider in vocabulary.providers.values():
        assert {word: vocabulary.general.get(word, name) for word, name in provider.events.items()} == dict(
            provider.events
        )


def test_a_profile_adds_a_provider_words_and_other_meanings(tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(
        """
        [events]
        unsubscribed = ["roi di"]
        [providers.acme]
        names = ["ACME Mail"]
        machine_flags = ["is_bot"]
        [providers.acme.events]
        opened = ["read-receipt"]
        [providers.brevo.events]
        rejected = ["error"]
        [actions]
        purchase = ["chốt đơn"]
        view = ["search"]
        """,
        encoding="utf-8",
    )

    vocabulary = load_vocabulary(profile)

    assert vocabulary.event_type("acme-mail", "ReadReceipt") == "opened"
    assert vocabulary.event_type("Brevo", "error") == "rejected"
    assert vocabulary.event_type("Brevo", "RoiDi") == "unsubscribed"
    assert vocabulary.event_type("nobody", "roi_di") == "unsubscribed"
    assert vocabulary.event_type("Brevo", "unique_opened") == "opened"
    assert "is_bot" in vocabulary.machine_flags
    assert [vocabulary.action_types[word_key(word)] for word in ("Chốt đơn", "search", "buy")] == [
        "purchase",
        "view",
        "purchase",
    ]
    assert vocabulary.event_digest != load_vocabulary().event_digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[events]\nread = ['x']", "unknown type read"),
        ("[events]\nopened = 'x'", "must be a list"),
        ("[actions]\nopened = ['x']", "unknown type opened"),
        ("[events]\nopened = ['x']\nclicked = ['X!']", "another type as well"),
        ("[words]", "unknown table words"),
        ("[providers.a]\nname = ['x']", "unknown key name of provider a"),
        ("[providers.a]\nevents = 5", "not valid"),
        ("opened = ", "is not TOML"),
        (None, r"cannot be read \(FileNotFoundError\)"),
    ],
)
def test_a_profile_that_is_not_valid_is_an_error_that_says_why(
    tmp_path: Path, text: str | None, message: str
) -> None:
    profile = tmp_path / "profile.toml"
    if text is not None:
        profile.write_text(text, encoding="utf-8")

    with pytest.raises(VocabularyError, match=message):
        load_vocabulary(profile)
