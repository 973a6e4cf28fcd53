"""Asset specs of the load: description, columns, kinds, owner, lineage.

`metadata.py` has the metadata that a run adds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import TableColumn, lake_columns, staging_columns
from cdp_etl.defs.assets.column_schema import column_schema, lineage_metadata, staging_lineage
from cdp_etl.defs.keys import asset_key
from cdp_etl.pipeline.layers import LOAD_LAYERS, Layer

_FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class _LayerSpec:
    """Properties of a layer that are the same for all entities."""

    description: str
    kinds: frozenset[str]
    columns: Callable[[Entity], tuple[TableColumn, ...]]


_LAYER_SPECS = {
    Layer.LANDING: _LayerSpec(
        "Files of the dump in the raw archive: pulled, verified, byte for byte as delivered.",
        frozenset(),  # the kind is the source, which a setting determines
        lambda _: (),
    ),
    Layer.NORMALIZED: _LayerSpec(
        "The dump as Parquet: accepted, superseded and quarantined records.",
        frozenset({"polars", "parquet"}),
        lake_columns,
    ),
    Layer.STAGING: _LayerSpec(
        "One row per version of a record in a dump. The view with the suffix `_current` has the current versions.",
        frozenset({"duckdb"}),
        staging_columns,
    ),
}


def load_spec(
    entity: Entity, layer: Layer, zone_label: str, partitions: dg.DailyPartitionsDefinition
) -> dg.AssetSpec:
    """Return the asset spec of an entity in a layer."""
    layer_spec = _LAYER_SPECS[layer]
    upstream = LOAD_LAYERS[LOAD_LAYERS.index(layer) - 1] if layer is not LOAD_LAYERS[0] else None
    return dg.AssetSpec(
        asset_key(layer, entity.table),
        deps=[] if upstream is None else [asset_key(upstream, entity.table)],
        description=f"{layer_spec.description}\n\n{entity.description}",
        group_name=layer.value,
        kinds=set(layer_spec.kinds) or {zone_label.partition("://")[0] if "://" in zone_label else _FOLDER},
        owners=[entity.owner],
        tags={"pii": ""},  # every entity has contacts
        metadata=_metadata(entity, layer, layer_spec),
        partitions_def=partitions,
        skippable=True,  # the step records each date itself; its own output is optional
    )


def _metadata(entity: Entity, layer: Layer, layer_spec: _LayerSpec) -> dict[str, Any]:
    columns = layer_spec.columns(entity)
    if not columns:
        return {}
    metadata: dict[str, Any] = {"dagster/column_schema": column_schema(columns)}
    if layer is Layer.STAGING:
        metadata["dagster/table_name"] = f"{layer.value}.{entity.table}"
        metadata |= lineage_metadata(staging_lineage(entity))
    return metadata
