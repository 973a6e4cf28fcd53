"""The two jobs: loading, and the marts behind it.

They are two because a step that fails skips all behind it: the marts follow a load whatever came of it, and take
in what did arrive. Put here what a job selects; when it runs stands in `automation.py`.
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

# With the checks that their own steps make: others of the same assets, over everything say, are for other runs.
LOAD_JOB = dg.define_asset_job(
    "load",
    selection=dg.AssetSelection.groups(*(layer.value for layer in LOAD_LAYERS)).without_checks()
    | dg.AssetSelection.checks(*load_check_keys(ENTITIES)),
    description="Pull, normalize and load the dumps of a day or a range of days.",
)
MARTS_JOB = dg.define_asset_job(
    "marts",
    selection=dg.AssetSelection.groups(
        Layer.MARTS.value, Layer.PUBLISHED.value, Layer.REPORT.value
    ).without_checks()
    | dg.AssetSelection.checks(*_MART_CHECK_KEYS),
    description="Bring the marts up to all that is loaded, publish the snapshot, and write the report.",
)


def load_keys(entities: Iterable[Entity], layers: Collection[Layer] = LOAD_LAYERS) -> Collection[dg.AssetKey]:
    """Give the keys of the assets of some entities that the load job makes, of all its layers or of some."""
    return [asset_key(layer, entity.table) for entity in entities for layer in layers]
