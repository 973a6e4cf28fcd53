"""Settings: where they are read, what a wrong one is told, and the values that the stages take."""

from datetime import date
from pathlib import Path

import pytest

from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.landing import ZoneConfigError, discover
from cdp_etl.settings import Settings, SettingsError, load_settings, variable

EMAIL = BY_NAME["email-interaction"]
SMS = BY_NAME["sms-interaction"]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the developer's shell and no `.env` of the checkout bears on a test."""
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.chdir(tmp_path)


def test_everything_lies_under_the_data_folder_unless_said_otherwise(tmp_path: Path) -> None:
    settings = load_settings()

    assert settings.data == tmp_path / "data"
    assert settings.open_warehouse().path == tmp_path / "data/warehouse/cdp.duckdb"
    assert settings.zone(EMAIL).label == str(tmp_path / "data/landing")
    assert settings.instance_folder == tmp_path / "data/dagster"


def test_the_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("CDP_ETL_PHONE_REGION=TH\nCDP_ETL_DEFAULT_COMPANY=ACME\n")
    monkeypatch.setenv("CDP_ETL_PHONE_REGION", "SG")

    rules = load_settings().rules()

    assert (rules.phone_region, rules.default_company) == ("SG", "ACME")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_MAX_QUARANTINE_RATE", "")

    assert load_settings().max_quarantine_rate == 0.5


def test_variables_of_others_in_the_env_file_are_left_alone() -> None:
    Path(".env").write_text("AWS_REGION=ap-southeast-1\n")

    assert load_settings() == Settings()


def test_a_setting_is_overridden_for_one_entity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_MAX_QUARANTINE_RATE", "0.2")
    monkeypatch.setenv("CDP_ETL_MAX_QUARANTINE_RATE__EMAIL_INTERACTION", "0.9")
    monkeypatch.setenv("CDP_ETL_LANDING", "s3://dumps/daily")
    monkeypatch.setenv("CDP_ETL_LANDING__EMAIL_INTERACTION", "sftp://cdp@mail.example/out")

    settings = load_settings()

    assert [settings.quarantine_limit(entity) for entity in (EMAIL, SMS)] == [0.9, 0.2]
    assert settings.zone(EMAIL).label == "sftp://cdp@mail.example/out"
    assert settings.zone(SMS).label == "s3://dumps/daily"


def test_names_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_EPOCH_IS_UTC", "Website, EDM-Platform,")

    assert load_settings().rules().epoch_is_utc == {"Website", "EDM-Platform"}


def test_the_calendar_of_an_entity_has_its_own_weekdays_and_the_holidays_of_all_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CDP_ETL_DELIVERY_WEEKDAYS__EMAIL_INTERACTION", "mon,tue")
    monkeypatch.setenv("CDP_ETL_DELIVERY_WEEKDAYS__SMS_INTERACTION", "none")
    monkeypatch.setenv("CDP_ETL_DELIVERY_HOLIDAYS", "2026-03-03")
    monkeypatch.setenv("CDP_ETL_DELIVERY_HOLIDAYS__EMAIL_INTERACTION", "2026-03-09")
    first, last = date(2026, 3, 2), date(2026, 3, 10)  # a Monday, and the Tuesday of the week behind

    settings = load_settings()

    assert settings.calendar(EMAIL).expected(first, last) == [date(2026, 3, 2), date(2026, 3, 10)]
    assert settings.calendar(SMS).expected(first, last) == []
    assert {EMAIL, SMS}.isdisjoint(settings.report_options(date(2026, 3, 4)).expected)


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [
        pytest.param("DELIVERY_WEEKDAYS", "monday", "expected some of mon,tue,wed,thu,fri,sat,sun", id="weekday"),
        pytest.param("DELIVERY_HOLIDAYS", "Tet", "input should be a valid date", id="holiday"),
        pytest.param("MAX_QUARANTINE_RATE", "2", "input should be less than or equal to 1", id="out of range"),
        pytest.param("AFFINITY_WEIGHTS", "view=1,purchase=1e31", "input should be less than", id="weight"),
        pytest.param("AFFINITY_WEIGHTS", "purchase=nan", "input should be less than", id="no weight"),
        pytest.param("BUSINESS_TIMEZONE", "Hanoi", "expected an IANA time zone", id="no such zone"),
        pytest.param("PHONE_REGION", "vietnam", "expected a region in two capitals", id="no such region"),
        pytest.param("FIRST_DUMP_DATE", "yesterday", "input should be a valid date", id="no date"),
        pytest.param("CUSTOMER_ID_SCOPE", "world", "input should be 'company' or 'system'", id="no such choice"),
        pytest.param("MEMORY_LIMIT", "lots", "string should match pattern", id="no size"),
        pytest.param(
            "MAX_QUARANTINE_RATE__SMS_INTERACTION", "-1", "input should be greater than or equal to 0", id="entity"
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fact: str
) -> None:
    monkeypatch.setenv(f"CDP_ETL_{name}", value)

    with pytest.raises(SettingsError, match=f"^CDP_ETL_{name}: {fact}"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        pytest.param("CDP_ETL_PHONE_REGOIN", "did you mean CDP_ETL_PHONE_REGION", id="misspelt"),
        pytest.param("CDP_ETL_XYZZY", "`cdp-etl settings` lists all settings", id="unlike any"),
        pytest.param(
            "CDP_ETL_LANDING__EMAILS", "expected one of CUSTOMER_PRODUCT_ACTIVITY, ", id="no such entity"
        ),
    ],
)
def test_an_unknown_variable_is_an_error_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    monkeypatch.setenv(name, "1")

    with pytest.raises(SettingsError, match=f"^{name}: .*{hint}"):
        load_settings()


def test_a_secret_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_SFTP_PASSWORD", "correct horse")
    monkeypatch.setenv("CDP_ETL_LANDING", "sftp://cdp@files.example/")

    settings = load_settings()

    assert "horse" not in repr(settings)
    assert "horse" not in repr(settings.zone(EMAIL))


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({"AWS_PROFILE": "cdp"}, "AWS's files hold no profile cdp", id="profile"),
        pytest.param({"AWS_SHARED_CREDENTIALS_FILE": "keys"}, "no AWS credentials were found", id="file"),
        pytest.param({"AWS_SHARED_CREDENTIALS_FILE": "absent"}, "no credentials file .*/absent", id="absent file"),
        pytest.param({"AWS_CONFIG_FILE": "config"}, "a file of AWS's is not in its format", id="config"),
    ],
)
def test_variables_of_aws_count_in_the_env_file_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    (tmp_path / "keys").write_text("[other]\n")
    (tmp_path / "config").write_text("region without a section\n")
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("CDP_ETL_LANDING", "s3://dumps")

    with pytest.raises(ZoneConfigError, match=said):
        discover(load_settings().zone(SMS), SMS.name, [date(2026, 3, 1)])


def test_the_bounds_of_unpacking_reach_every_stage_that_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MAX_EXPANSION": "50", "MAX_UNPACKED_BYTES": "1000", "DECRYPTION_KEY_FILE": "key"}.items():
        monkeypatch.setenv(f"CDP_ETL_{name}", value)

    settings = load_settings()

    decompression = settings.expansion_bound()
    decryption = settings.pull_rules(accept_removal=False, deep=False).decryption
    assert decryption is not None
    assert (decompression.ratio, decompression.bytes) == (50, 1000)
    assert (decryption.max_expansion, decryption.max_bytes) == (50, 1000)


def test_an_override_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_FIRST_DUMP_DATE", "2026-02-01")

    assert load_settings(first_dump_date=date(2026, 3, 1)).first_dump_date == date(2026, 3, 1)


def test_every_setting_has_a_description_and_a_default() -> None:
    undescribed = [name for name, field in Settings.model_fields.items() if not field.description]
    required = [name for name, field in Settings.model_fields.items() if field.is_required()]

    assert (undescribed, required) == ([], [])


def test_every_entity_can_be_named_in_an_override(monkeypatch: pytest.MonkeyPatch) -> None:
    for entity in ENTITIES:
        monkeypatch.setenv(f"CDP_ETL_MAX_QUARANTINE_RATE__{entity.table.upper()}", "0.25")

    settings = load_settings()

    assert {settings.quarantine_limit(entity) for entity in ENTITIES} == {0.25}


def test_the_settings_of_the_example_installation_are_known_and_valid() -> None:
    example = Path(__file__).parents[2] / "deploy/cdp-etl.env.example"
    Path(".env").write_bytes(example.read_bytes())

    settings = load_settings()

    assert settings.max_quarantine_rate == 0.1
    assert settings.zone(EMAIL).label == "sftp://cdp@files.example.com/dumps"
