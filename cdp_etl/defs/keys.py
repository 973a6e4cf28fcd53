"""How assets are named: the key is the layer and the table, as in the warehouse.

Put here what two definitions must agree on to name an asset. What an asset is stands with its factory.
"""

import dagster as dg

from cdp_etl.pipeline.layers import Layer


def asset_key(layer: Layer, table: str) -> dg.AssetKey:
    """Give the key of an asset: `staging/email_interaction` is the table `staging.email_interaction`."""
    return dg.AssetKey([layer.value, table])


REPORT = asset_key(Layer.REPORT, "daily")
"""The daily report: one page a dump date, for people."""

SNAPSHOT = asset_key(Layer.PUBLISHED, "snapshot")
"""The published snapshot: what readers open."""
