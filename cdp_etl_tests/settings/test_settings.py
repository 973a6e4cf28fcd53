"""Settings: sources, errors, renamed settings, and the values that are derived for the stages."""

import logging
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from cdp_etl.alerts.errors import ChannelConfigError
from cdp_etl.entities import BY_NAME, ENTITIES
from cdp_etl.landing import ZoneConfigError, discover
from cdp_etl.settings import Settings, SettingsError, load_settings, variable, warn_of_renamed_settings
from cdp_etl.settings.env_source import RENAMED

EMAIL = BY_NAME["email-interaction"]
SMS = BY_NAME["sms-interaction"]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the variables of the developer's shell and the `.env` of the checkout."""
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    for former in RENAMED:
        monkeypatch.delenv(former, raising=False)
    monkeypatch.chdir(tmp_path)


def test_everything_is_under_the_data_folder_by_default(tmp_path: Path) -> None:
    settings = load_settings()

    assert settings.data == tmp_path / "data"
    assert settings.open_warehouse().path == tmp_path / "data/warehouse/cdp.duckdb"
    assert settings.zone(EMAIL).label == str(tmp_path / "data/landing")
    assert settings.instance_folder == tmp_path / "data/dagster"


def test_the_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("CDP_ETL_PHONE_REGION=TH\nCDP_ETL_DEFAULT_COMPANY=ACME\n")
    monkeypatch.setenv("CDP_ETL_PHONE_REGION", "SG")

    rules = load_settings().normalization_settings()

    assert (rules.phone_region, rules.default_company) == ("SG", "ACME")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_MAX_QUARANTINE_RATE", "")

    assert load_settings().max_quarantine_rate == 0.5


def test_variables_of_other_programs_in_the_env_file_are_ignored() -> None:
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

    assert load_settings().normalization_settings().epoch_is_utc == {"Website", "EDM-Platform"}


def test_the_calendar_of_an_entity_has_its_own_weekdays_and_the_holidays_of_all_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CDP_ETL_DELIVERY_WEEKDAYS__EMAIL_INTERACTION", "mon,tue")
    monkeypatch.setenv("CDP_ETL_DELIVERY_WEEKDAYS__SMS_INTERACTION", "none")
    monkeypatch.setenv("CDP_ETL_DELIVERY_HOLIDAYS", "2026-03-03")
    monkeypatch.setenv("CDP_ETL_DELIVERY_HOLIDAYS__EMAIL_INTERACTION", "2026-03-09")
    first, last = date(2026, 3, 2), date(2026, 3, 10)  # a Monday, and the Tuesday of the next week

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
        pytest.param(
            "PURCHASE_ACTIONS", "purchase,bought", "expected action types, .*: search, view", id="action"
        ),
        pytest.param(
            "REFUND_ACTIONS", "purchase", "expected no action type of CDP_ETL_PURCHASE_ACTIONS", id="both"
        ),
        pytest.param("ATTRIBUTION_TOUCHES", "clicked,sent", "expected clicked, opened, or both", id="touch"),
        pytest.param("AFFINITY_WEIGHTS", "view=1,purchase=1e31", "input should be less than", id="weight"),
        pytest.param("AFFINITY_WEIGHTS", "purchase=nan", "input should be less than", id="no weight"),
        pytest.param(
            "MAX_RECORD_BYTES", "536870913", "input should be less than or equal to 536870912", id="too long"
        ),
        pytest.param("MAX_RECORD_KEYS", "199", "input should be greater than or equal to 200", id="too few keys"),
        pytest.param("STALL_SECONDS", "0", "input should be greater than 0", id="no time to answer"),
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
def test_the_error_of_an_invalid_setting_names_it_and_what_is_expected(
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
    ("variables", "sentence"),
    [
        pytest.param({"AWS_PROFILE": "cdp"}, "the AWS files contain no profile cdp", id="profile"),
        pytest.param({"AWS_SHARED_CREDENTIALS_FILE": "keys"}, "no AWS credentials were found", id="file"),
        pytest.param(
            {"AWS_SHARED_CREDENTIALS_FILE": "absent"}, "credentials file does not exist: .*/absent", id="absent"
        ),
        pytest.param({"AWS_CONFIG_FILE": "config"}, "an AWS configuration file is malformed", id="config"),
    ],
)
def test_variables_of_aws_are_read_from_the_env_file_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], sentence: str
) -> None:
    (tmp_path / "keys").write_text("[other]\n")
    (tmp_path / "config").write_text("region without a section\n")
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("CDP_ETL_LANDING", "s3://dumps")

    with pytest.raises(ZoneConfigError, match=sentence):
        discover(load_settings().zone(SMS), SMS.name, [date(2026, 3, 1)])


def test_the_limits_of_unpacking_reach_every_stage_that_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MAX_EXPANSION": "50", "MAX_UNPACKED_BYTES": "1000", "DECRYPTION_KEY_FILE": "key"}.items():
        monkeypatch.setenv(f"CDP_ETL_{name}", value)

    settings = load_settings()

    decompression = settings.expansion_bound()
    decryption = settings.pull_rules(accept_removal=False, full_rescan=False).decryption
    assert decryption is not None
    assert (decompression.ratio, decompression.bytes) == (50, 1000)
    assert (decryption.max_expansion, decryption.max_bytes) == (50, 1000)


@pytest.mark.parametrize(
    ("former", "field", "value"),
    [
        pytest.param("CDP_ETL_LOOK_EVERY_SECONDS", "poll_interval_seconds", 11, id="poll interval"),
        pytest.param("CDP_ETL_MARTS_EVERY_SECONDS", "mart_refresh_interval_seconds", 12, id="mart refresh"),
        pytest.param("CDP_ETL_SETTLE_SECONDS", "stability_seconds", 13, id="stability"),
    ],
)
@pytest.mark.parametrize("in_file", [False, True], ids=["environment", "env file"])
def test_a_renamed_setting_is_read_under_its_former_name_with_one_warning(  # noqa: PLR0913, PLR0917 - cases and fixtures
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    former: str,
    field: str,
    value: int,
    in_file: bool,  # noqa: FBT001 - a case
) -> None:
    if in_file:
        Path(".env").write_text(f"{former}={value}\n")
    else:
        monkeypatch.setenv(former, str(value))

    settings = load_settings()
    warn_of_renamed_settings()

    assert getattr(settings, field) == value
    assert caplog.record_tuples == [
        (
            "cdp_etl.settings.env_source",
            logging.WARNING,
            f"{former} is now {variable(field)}; the former name is read in this release only.",
        )
    ]


def test_both_names_of_a_renamed_setting_may_have_the_same_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDP_ETL_SETTLE_SECONDS", "60")
    monkeypatch.setenv("CDP_ETL_STABILITY_SECONDS", "60")

    assert load_settings().stability_seconds == 60


@pytest.mark.parametrize("in_file", ["CDP_ETL_SETTLE_SECONDS", "CDP_ETL_STABILITY_SECONDS", None])
def test_different_values_under_both_names_of_a_renamed_setting_are_an_error(
    monkeypatch: pytest.MonkeyPatch, in_file: str | None
) -> None:
    values = {"CDP_ETL_SETTLE_SECONDS": "60", "CDP_ETL_STABILITY_SECONDS": "90"}
    for name, value in values.items():
        if name == in_file:
            Path(".env").write_text(f"{name}={value}\n")
        else:
            monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError, match="CDP_ETL_SETTLE_SECONDS and CDP_ETL_STABILITY_SECONDS have different"):
        load_settings()


def test_without_a_former_name_there_is_no_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CDP_ETL_STABILITY_SECONDS", "60")

    load_settings()
    warn_of_renamed_settings()

    assert caplog.records == []


def test_every_former_name_leads_to_a_setting_and_is_none_itself() -> None:
    names = {variable(name) for name in Settings.model_fields}

    assert set(RENAMED.values()) <= names
    assert names.isdisjoint(RENAMED)


def test_urls_of_alerts_are_separated_by_blanks_and_may_be_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "urls").write_text("json://127.0.0.1:1/a,b\n\njson://127.0.0.1:1/c\n")
    monkeypatch.setenv("CDP_ETL_ALERT_URLS_FILE", "urls")
    from_file = [channel.name for channel in load_settings().channels()]
    monkeypatch.setenv("CDP_ETL_ALERT_URLS", "xml://127.0.0.1:1/?x=1,2 json://127.0.0.1:1/d")
    settings = load_settings()

    assert from_file == ["json 1", "json 2"]
    assert [channel.name for channel in settings.channels()] == ["xml 1", "json 1"]
    assert "127.0.0.1" not in repr(settings)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        pytest.param({"CDP_ETL_ALERT_URLS": "json://localhost"}, "CDP_ETL_ALERT_URLS is set", id="setting"),
        pytest.param({"CDP_ETL_ALERT_URLS_FILE": "urls"}, "CDP_ETL_ALERT_URLS_FILE is set", id="file"),
    ],
)
def test_urls_of_alerts_without_the_extra_are_an_error_that_names_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sentence: str
) -> None:
    Path("urls").write_text("json://localhost\n")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "apprise", None)

    with pytest.raises(ChannelConfigError, match=rf"{sentence}, but apprise is not.*'cdp_etl\[apprise\]'"):
        load_settings().channels()


def test_reading_the_settings_imports_no_heavy_package() -> None:
    """So that `cdp-etl --help` and `cdp-etl settings` start quickly."""
    heavy = {
        "numba",
        "botocore",
        "asyncssh",
        "obstore",
        "altair",
        "dagster",
        "duckdb",
        "polars",
        "pyarrow",
        "requests",
    }
    code = f"import sys, cdp_etl.settings as s; s.load_settings(); print(sorted({heavy!r} & sys.modules.keys()))"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout == "[]\n"


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
