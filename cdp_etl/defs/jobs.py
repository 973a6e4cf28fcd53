"""The two jobs: loading, and the marts behind it.

They are two because a step that fails skips all behind it: the marts follow a load whatever came of it, and take
in what did arrive. Put here what a job selects; when it runs stands in `automation.py`.
"""

from collections.abc import Collection, Iterable

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.defs.full_checks import FULL_CHECK_KEYS
from cdp_etl.defs.keys import LOAD_LAYERS, Layer, asset_key

_OVER_EVERYTHING = dg.AssetSelection.checks(*FULL_CHECK_KEYS)

LOAD_JOB = dg.define_asset_job(
    "load",
    selection=dg.AssetSelection.groups(*(layer.value for layer in LOAD_LAYERS)) - _OVER_EVERYTHING,
    description="Pull, normalize and load the dumps of a day or a range of days.",
)
MARTS_JOB = dg.define_asset_job(
    "marts",
    selection=dg.AssetSelection.groups(Layer.MARTS.value, Layer.PUBLISHED.value, Layer.REPORT.value)
    - _OVER_EVERYTHING,
    description="Bring the marts up to all that is loaded, publish the snapshot, and write the report.",
)


def load_keys(entities: Iterable[Entity], layers: Collection[Layer] = LOAD_LAYERS) -> Collection[dg.AssetKey]:
    """Give the keys of the assets of some entities that the load job makes, of all its layers or of some."""
    return [asset_key(layer, entity.table) for entity in entities for layer in layers]
