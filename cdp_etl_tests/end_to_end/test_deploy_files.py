"""Files of `deploy/` compared with each other and with the code: names, images, commands, variables."""

import re
import shlex
from itertools import chain
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

from cdp_etl.settings import Settings, load_settings, variable
from cdp_etl.settings.env_source import BY_ENTITY, PREFIX
from cdp_etl_tests.end_to_end.installation import DEPLOY, PARTS, unit_command

ROOT = DEPLOY.parent
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
DOCKERFILES = [path for path in FILES if path.name == "Dockerfile"]
TEST_SERVERS = "test-servers"
ZONES = {"sftp": "sftp://cdp@sftp/srv/dumps", "s3": "s3://dumps"}
LOG_FORMAT = {"CDP_DAGSTER_LOG_FORMAT": "json"}
# Options that differ between a container and a machine.
_OF_THE_PLACE = {"--host", "--workspace"}


def compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text(encoding="utf-8"))[
        "services"
    ]
    return services


def example() -> str:
    return (DEPLOY / "cdp-etl.env.example").read_text(encoding="utf-8")


def variables(text: str, prefix: str) -> set[str]:
    """Return the variables with a prefix that a text names, without the prefix itself and those ending in `…`."""
    return set(re.findall(rf"\b{prefix}[A-Z0-9_]*[A-Z0-9]\b", text))


def options(command: list[str]) -> dict[str, str]:
    """Return the options of a Dagster command with their values."""
    return {word: command[at + 1] for at, word in enumerate(command) if word.startswith("--")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_setting_that_is_named_exists(path: Path) -> None:
    known = {variable(name).removesuffix("__<ENTITY>") for name in Settings.model_fields}

    named = {name.partition("__")[0] for name in variables(path.read_text(encoding="utf-8"), PREFIX)}

    assert named - known == set()


def test_entities_may_have_settings_of_their_own() -> None:
    """The test above takes `CDP_ETL_LANDING__SMS_INTERACTION` for `CDP_ETL_LANDING`; that must mean something."""
    assert [name for name in Settings.model_fields if name.endswith(BY_ENTITY)]


def test_the_example_sets_every_variable_that_dagster_is_given_and_no_other() -> None:
    used = {path.name: variables(path.read_text(encoding="utf-8"), "CDP_DAGSTER_") for path in FILES}
    set_there = {line.partition("=")[0] for line in example().splitlines() if line.startswith("CDP_DAGSTER_")}

    assert set().union(*(names for name, names in used.items() if name != "README.md")) == set_there
    assert used["dagster.yaml"] | used["cdp-etl-code.service"] == set_there


@pytest.mark.parametrize("part", PARTS)
def test_a_container_runs_the_command_of_the_unit(part: str) -> None:
    unit = unit_command(part, LOG_FORMAT)
    container = shlex.split(Template(compose()[part]["command"].replace(":-colored", "")).substitute(LOG_FORMAT))

    assert Path(unit[0]).name == container[0]
    assert options(unit).keys() == options(container).keys()
    ours, theirs = options(unit), options(container)
    assert {name for name in ours if ours[name] != theirs[name]} <= _OF_THE_PLACE


@pytest.mark.parametrize("part", PARTS)
def test_lines_of_dagsters_own_processes_are_as_the_environment_says(part: str) -> None:
    assert options(unit_command(part, {}))["--log-format"] == "colored"
    assert options(unit_command(part, LOG_FORMAT))["--log-format"] == "json"


def test_the_test_servers_are_there_when_they_are_asked_for_and_nothing_waits_for_them() -> None:
    services = compose()
    optional = {name for name, service in services.items() if service.get("profiles") == [TEST_SERVERS]}

    assert optional == {*ZONES, "s3-dumps"}
    assert {name for name, service in services.items() if "profiles" in service} == optional
    always = [service for name, service in services.items() if name not in optional]
    assert optional.isdisjoint(chain.from_iterable(service.get("depends_on", {}) for service in always))


def test_nothing_can_be_reached_from_another_machine() -> None:
    published = {port for service in compose().values() for port in service.get("ports", [])}

    assert published == {"127.0.0.1:3000:3000"}


def test_only_the_code_location_gets_the_settings_and_secrets_of_the_landing_zone() -> None:
    services = compose()
    given = {name for name, service in services.items() if "cdp-etl.env" in str(service.get("env_file", ""))}
    mounting = {
        name: [v for v in service.get("volumes", []) if "/secrets" in v] for name, service in services.items()
    }

    assert given == {"code"}
    assert {name for name, volumes in mounting.items() if volumes} == {"code", "sftp"}
    assert mounting["sftp"] == [
        f"./secrets/{name}:/run/secrets/{name}:ro" for name in ("test_host_key", "sftp_key.pub")
    ]
    for name in ("webserver", "daemon"):
        assert all(variable.startswith("CDP_DAGSTER_PG_") for variable in services[name]["environment"])


def test_the_code_locations_server_is_reached_within_compose_alone() -> None:
    """Anything that reaches a gRPC server of Dagster can run code in it."""
    text = yaml.safe_load((DEPLOY / "docker-compose.yml").read_text(encoding="utf-8"))
    services, internal = text["services"], {name for name, one in text["networks"].items() if one}

    assert internal == {"dagster"}
    assert text["networks"]["dagster"] == {"internal": True}
    assert "ports" not in services["code"]
    assert {name for name, service in services.items() if "dagster" in service.get("networks", [])} == {
        *PARTS,
        "postgres",
    }
    assert options(unit_command("code", {}))["--host"] == "127.0.0.1"


def test_every_container_has_a_memory_limit() -> None:
    assert [
        name for name, service in compose().items() if not re.fullmatch(r"\d+[mg]", service["mem_limit"])
    ] == []


@pytest.mark.parametrize("part", PARTS)
def test_a_unit_writes_files_for_its_user_alone(part: str) -> None:
    unit = (DEPLOY / "systemd" / f"cdp-etl-{part}.service").read_text(encoding="utf-8")

    assert "\nUMask=0077\n" in unit


def test_every_image_is_of_a_release() -> None:
    own = {service["image"] for service in compose().values() if "build" in service}
    pulled = {service["image"] for service in compose().values()} - own
    for path in DOCKERFILES:
        pulled |= set(re.findall(r"^FROM (\S+)", path.read_text(encoding="utf-8"), re.MULTILINE))

    assert [image for image in pulled if not re.fullmatch(r"[a-z/]+:\d+\.\d[\w.-]*", image)] == []
    assert [image for image in pulled if "python" in image and not re.search(r":\d+\.\d+\.\d+-", image)] == []


def test_the_s3_server_is_the_release_that_the_tests_run_against() -> None:
    locked = re.findall(
        r"^moto==(\S+)", (ROOT / "requirements-dev.lock").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert [compose()["s3"]["image"]] == [f"motoserver/moto:{version}" for version in locked]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_what_an_image_is_made_from_is_there_and_sent_to_the_builder(path: Path) -> None:
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", path.read_text(encoding="utf-8"), re.MULTILINE)
    sources = [source for line in lines for source in line.split()]
    sent = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)

    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if source.partition("/")[0] not in sent] == []


def test_secrets_of_an_installation_are_neither_committed_nor_sent_to_the_builder() -> None:
    for name in (".gitignore", ".dockerignore"):
        kept_out = [line.rstrip("/") for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]

        assert {"deploy/cdp-etl.env", "deploy/secrets"} <= set(kept_out)


@pytest.mark.parametrize(("server", "location"), ZONES.items(), ids=list(ZONES))
def test_the_example_with_a_test_servers_zone_behind_it_is_valid(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: str, location: str
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.chdir(tmp_path)
    zone = (DEPLOY / TEST_SERVERS / f"{server}.env").read_text(encoding="utf-8")
    Path(".env").write_text(example() + zone, encoding="utf-8")

    settings = load_settings()

    assert settings.landing == location
    assert settings.max_quarantine_rate == 0.1
