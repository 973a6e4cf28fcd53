"""Asset keys: layer and table, as in the warehouse."""

import dagster as dg

from cdp_etl.pipeline.layers import Layer


def asset_key(layer: Layer, table: str) -> dg.AssetKey:
    """Return the key of an asset: `staging/email_interaction` is the table `staging.email_interaction`."""
    return dg.AssetKey([layer.value, table])


REPORT = asset_key(Layer.REPORT, "daily")
"""The daily report: one page per dump date."""

SNAPSHOT = asset_key(Layer.PUBLISHED, "snapshot")
"""The published snapshot of the marts."""
