"""The asset `report/daily`: defined only if its extra is installed."""

import sys

import pytest

from cdp_etl.defs.build import build_definitions
from cdp_etl.defs.keys import REPORT
from cdp_etl.settings import Settings


def test_the_asset_is_part_of_the_job_of_the_marts(settings: Settings) -> None:
    job = build_definitions(settings).resolve_job_def("marts")

    assert REPORT in job.asset_layer.executable_asset_keys


def test_without_the_extra_the_asset_is_not_defined_and_the_job_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)

    definitions = build_definitions(settings)

    assert REPORT not in definitions.resolve_asset_graph().get_all_asset_keys()
    assert definitions.resolve_job_def("marts").asset_layer.executable_asset_keys
