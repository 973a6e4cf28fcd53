"""AWS's credential chain: the credentials found, their precedence, and the error messages."""

from pathlib import Path

import pytest

from cdp_etl.landing import (
    AwsCredentials,
    ObjectStoreOptions,
    Zone,
    ZoneConfigError,
    ZoneOptions,
    open_zone,
    pull_dump,
)
from cdp_etl_tests.landing.partners import DAY, ENTITY, FOLDER, S3Partner

CREDENTIALS = """
[default]
aws_access_key_id = a-key
aws_secret_access_key = 100%secret

[half]
aws_access_key_id = a-key
"""
CONFIG = """
[default]
region = eu-central-1

[profile helped]
credential_process = printf '{"Version": 1, "AccessKeyId": "of-a-helper", "SecretAccessKey": "100%%secret"}'

[profile sso]
sso_session = s
sso_account_id = 123456789012
sso_role_name = reader

[sso-session s]
sso_region = eu-west-1
sso_start_url = https://example.awsapps.com/start

[profile failing]
credential_process = sh -c "echo 100%secret >&2; exit 1"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the AWS folder of a user without environment variables, outside of AWS."""
    for variable in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(CREDENTIALS)
    (folder / "config").write_text(CONFIG)
    return folder


def test_a_bucket_is_read_with_the_default_profile_of_the_user(
    s3: S3Partner, archive: Path, request: pytest.FixtureRequest
) -> None:
    s3.put(f"{FOLDER}/a.csv", b"x")
    request.getfixturevalue("home")  # unsets the variables of the partner

    zone = _zone(s3, AwsCredentials())

    assert pull_dump(zone, ENTITY, DAY, archive) is not None
    assert "secret" not in repr(zone)


@pytest.mark.usefixtures("home")
def test_variables_precede_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-a-variable")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")

    assert AwsCredentials().resolve("s3://bucket")()["access_key_id"] == "of-a-variable"


def test_a_profile_can_have_a_credential_process(home: Path) -> None:
    found = AwsCredentials("helped", config_file=home / "config").resolve("s3://bucket")

    assert found()["access_key_id"] == "of-a-helper"
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({}, "eu-central-1"),
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "us-west-1"}, "us-west-1"),
    ],
    ids=["of the profile", "of AWS_REGION", "of AWS_REGION before the other", "of AWS_DEFAULT_REGION"],
)
@pytest.mark.usefixtures("home")
def test_the_region_comes_from_a_variable_or_else_from_the_profile(
    variables: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert AwsCredentials().resolve("s3://bucket").region == region


@pytest.mark.parametrize(
    ("credentials_file", "profile", "message"),
    [
        ("credentials", "half", "the access key has no secret"),
        ("credentials", "absent", "contain no profile absent"),
        ("credentials", "sso", r"credential chain failed \(SSOTokenLoadError\)"),
        ("credentials", "failing", r"credential chain failed \(CredentialRetrievalError\)"),
        ("missing", "default", "the credentials file does not exist: .*missing"),
        ("bad", "default", "is malformed"),
        ("nothing", None, "no AWS credentials were found"),
    ],
)
def test_a_chain_without_usable_credentials_is_an_error(
    home: Path, credentials_file: str, profile: str | None, message: str
) -> None:
    (home / "bad").write_text("aws_access_key_id = without a section")
    (home / "nothing").touch()

    with pytest.raises(ZoneConfigError, match=message) as error:
        AwsCredentials(profile, home / credentials_file).resolve("s3://bucket")

    assert "100%secret" not in str(error.value)


def _zone(s3: S3Partner, aws: AwsCredentials) -> Zone:
    store = ObjectStoreOptions(endpoint=s3.endpoint, region="us-east-1", aws=aws)
    return open_zone(f"s3://{s3.bucket}/from/partner", options=ZoneOptions(object_store=store))
