"""`cdp-etl replay --older-rules`: dumps that older rules normalized are normalized and loaded again."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cdp_etl.contract import normalization_settings
from cdp_etl.normalize import normalize
from cdp_etl_tests.cli.conftest import Command
from cdp_etl_tests.cli.test_quarantine import FOLDER, ONE_DAY, deliver, query
from cdp_etl_tests.defs.pipeline import FIRST, sms

pytestmark = pytest.mark.full

ARCHIVED = Path("data/archive/sms-interaction/2026-03-01")


@contextmanager
def rules(version: int) -> Iterator[None]:
    """Normalize by rules of another version: what they change must be patched too."""
    with pytest.MonkeyPatch.context() as patched:
        for module in (normalization_settings, normalize):
            patched.setattr(module, "RULES_VERSION", version)
        yield


def checks(cdp_etl: Command) -> dict[str, Any]:
    return {check["what"]: check for check in json.loads(cdp_etl("doctor", "--json").out)}


@pytest.fixture
def upgraded(cdp_etl: Command) -> Command:
    """Return the command after an upgrade: two records were loaded by older rules."""
    deliver(sms("1", FIRST), sms("2", FIRST))
    with rules(3):
        assert cdp_etl("run", *ONE_DAY).code == 0
    return cdp_etl


def test_dumps_of_older_rules_are_counted_until_they_are_replayed(upgraded: Command) -> None:
    status = upgraded("status")
    assert "1 dump was normalized by older rules" in " ".join(status.out.split())
    assert json.loads(upgraded("status", "--json").out)["older_rules"] == {"replayable": 1, "pruned": 0}
    assert not checks(upgraded)["rules"]["is_well"]

    ended = upgraded("replay", "--older-rules")

    assert ended.code == 0, ended.err
    assert query("SELECT status, rules_version FROM ops.load ORDER BY load_seq") == [
        ("loaded", 3),
        ("loaded", normalization_settings.RULES_VERSION),
    ]
    assert json.loads(upgraded("status", "--json").out)["older_rules"] == {"replayable": 0, "pruned": 0}
    summaries = Path("data/lake/sms_interaction/2026-03-01").glob("*/summary.json")
    assert sorted(json.loads(one.read_text())["rules_version"] for one in summaries) == [3, 4]
    assert "No dump of older rules" in upgraded("replay", "--older-rules").out


def test_a_dump_whose_archive_was_pruned_is_named_and_stays(upgraded: Command) -> None:
    shutil.rmtree(ARCHIVED)

    ended = upgraded("replay", "--older-rules")

    assert ended.code == 0
    assert "sms-interaction 2026-03-01" in ended.err
    assert query("SELECT count(*) FROM staging.sms_interaction") == [(2,)]
    check = checks(upgraded)["rules"]
    assert check["is_well"]
    assert "sms-interaction 2026-03-01" in check["sentence"]


def test_a_replay_of_nothing_selected_is_a_mistake(cdp_etl: Command) -> None:
    assert FOLDER.exists() is False
    ended = cdp_etl("replay")

    assert ended.code == 2
    assert "--older-rules" in ended.err
