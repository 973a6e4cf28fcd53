"""Jobs `load` and `marts`: the assets and checks that each selects. `schedules.py` starts them.

There are two jobs because Dagster skips everything downstream of a failed step in a run. The marts must be
refreshed with the dumps that were loaded, even if other dumps of the run failed.
"""

from collections.abc import Collection, Iterable

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.defs.checks.load_checks import load_check_keys
from cdp_etl.defs.checks.mart_checks import check_specs
from cdp_etl.defs.keys import asset_key
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.registry import MARTS
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer

_MART_CHECK_KEYS = [spec.key for mart in MARTS for spec in check_specs(mart)]

# Only the checks that the steps themselves evaluate. Full checks of the same assets belong to the job check_full.
LOAD_JOB = dg.define_asset_job(
    "load",
    selection=dg.AssetSelection.groups(*(layer.value for layer in LOAD_LAYERS)).without_checks()
    | dg.AssetSelection.checks(*load_check_keys(ENTITIES)),
    description="Pull, normalize and load the dumps of one or more dates.",
)
MARTS_JOB = dg.define_asset_job(
    "marts",
    selection=dg.AssetSelection.groups(
        Layer.MARTS.value, Layer.PUBLISHED.value, Layer.REPORT.value
    ).without_checks()
    | dg.AssetSelection.checks(*_MART_CHECK_KEYS),
    description="Apply all loads to the marts, publish the snapshot, and write the reports.",
)


def load_keys(entities: Iterable[Entity], layers: Collection[Layer] = LOAD_LAYERS) -> Collection[dg.AssetKey]:
    """Return the asset keys of some entities in the job `load`, for all of its layers or some."""
    return [asset_key(layer, entity.table) for entity in entities for layer in layers]
