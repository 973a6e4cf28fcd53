"""AWS's shared credentials file."""

from pathlib import Path

import pytest

from cdp_etl.landing import AwsProfile, ObjectStoreOptions, ZoneConfigError, ZoneOptions, open_zone, pull_dump
from cdp_etl_tests.landing.delivering import DAY, ENTITY, FOLDER, S3Partner

CREDENTIALS = """
[default]
aws_access_key_id = a-key
aws_secret_access_key = 100%secret

[half]
aws_access_key_id = a-key
"""


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    (tmp_path / "credentials").write_text(CREDENTIALS)
    return tmp_path / "credentials"


def test_a_bucket_is_read_with_the_keys_of_a_profile(
    s3: S3Partner, archive: Path, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put(f"{FOLDER}/a.csv", b"x")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    store = ObjectStoreOptions(endpoint=s3.endpoint, region="us-east-1", profile=AwsProfile(credentials))

    zone = open_zone(f"s3://{s3.bucket}/from/partner", options=ZoneOptions(object_store=store))

    assert pull_dump(zone, ENTITY, DAY, archive) is not None
    assert "secret" not in repr(zone) + repr(store)


@pytest.mark.parametrize(
    ("file", "profile", "said"),
    [
        ("credentials", "half", "holds no keys for the profile half"),
        ("credentials", "absent", "holds no keys for the profile absent"),
        ("missing", "default", "missing: No such file"),
        ("bad", "default", "bad is not in AWS's format"),
    ],
)
def test_a_profile_that_cannot_be_used_is_said(credentials: Path, file: str, profile: str, said: str) -> None:
    (credentials.parent / "bad").write_text("aws_access_key_id = without a section")

    with pytest.raises(ZoneConfigError, match=said) as error:
        AwsProfile(credentials.parent / file, profile).read("s3://bucket")

    assert "100%secret" not in str(error.value)
