"""Secrets within URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_etl.url_secrets import without_url_secrets

_WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789%!$&'()*+,;=", min_size=1, max_size=12).map(
    "S3CRET{}".format
)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sftp://cdp:horse@files.example.com:2222/dumps", "sftp://cdp:***@files.example.com:2222/dumps"),
        ("https://store.example.com/c?sv=1&sig=abc#x", "https://store.example.com/c?***#***"),
        ("http://user:a@b@host/", "http://user:***@host/"),
        ("sftp://:horse@host", "sftp://:***@host"),
        ("http://[bad", "http://***"),
        ("sftp://cdp@files.example.com/dumps", "sftp://cdp@files.example.com/dumps"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
        ("a=sftp://u:p@h/x, b=s3://c", "a=sftp://u:***@h/x, b=s3://c"),
        ("/data/landing", "/data/landing"),
        ("{entity}/{date}/", "{entity}/{date}/"),
    ],
)
def test_passwords_queries_and_fragments_are_masked(url: str, shown: str) -> None:
    assert without_url_secrets(url) == shown


@given(password=_WORDS, query=_WORDS, fragment=_WORDS)
def test_no_secret_is_left_of_any_url(password: str, query: str, fragment: str) -> None:
    shown = without_url_secrets(f"see https://user:{password}@host/path?{query}#{fragment} for more")

    assert "S3CRET" not in shown
    assert shown.startswith("see https://user:")
    assert shown.endswith(" for more")
