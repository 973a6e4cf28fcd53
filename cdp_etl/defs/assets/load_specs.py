"""What is said of the assets of a load where they are defined: meaning, columns, kinds, owner, lineage.

Put here what the UI shows of an asset that was never made. What a run adds to it stands in `metadata.py`.
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
class _LayerFacts:
    """What holds for a layer, whichever the entity."""

    description: str
    kinds: frozenset[str]
    columns: Callable[[Entity], tuple[TableColumn, ...]]


_FACTS = {
    Layer.LANDING: _LayerFacts(
        "The dump's files in the raw archive: pulled, verified, byte for byte as delivered.",
        frozenset(),  # where they come from, which a setting says
        lambda _: (),
    ),
    Layer.NORMALIZED: _LayerFacts(
        "The dump as Parquet: accepted, superseded and quarantined records.",
        frozenset({"polars", "parquet"}),
        lake_columns,
    ),
    Layer.STAGING: _LayerFacts(
        "Every version of every dump, one row each; the view of the same name with `_current` holds what counts.",
        frozenset({"duckdb"}),
        staging_columns,
    ),
}


def load_spec(
    entity: Entity, layer: Layer, zone_label: str, partitions: dg.DailyPartitionsDefinition
) -> dg.AssetSpec:
    """Declare the asset of an entity in a layer."""
    facts = _FACTS[layer]
    behind = LOAD_LAYERS[LOAD_LAYERS.index(layer) - 1] if layer is not LOAD_LAYERS[0] else None
    return dg.AssetSpec(
        asset_key(layer, entity.table),
        deps=[] if behind is None else [asset_key(behind, entity.table)],
        description=f"{facts.description}\n\n{entity.description}",
        group_name=layer.value,
        kinds=set(facts.kinds) or {zone_label.partition("://")[0] if "://" in zone_label else _FOLDER},
        owners=[entity.owner],
        tags={"pii": ""},  # every entity holds contacts
        metadata=_metadata(entity, layer, facts),
        partitions_def=partitions,
        skippable=True,  # its days are recorded one by one, and are not the output of the step
    )


def _metadata(entity: Entity, layer: Layer, facts: _LayerFacts) -> dict[str, Any]:
    columns = facts.columns(entity)
    if not columns:
        return {}
    metadata: dict[str, Any] = {"dagster/column_schema": column_schema(columns)}
    if layer is Layer.STAGING:
        metadata["dagster/table_name"] = f"{layer.value}.{entity.table}"
        metadata |= lineage_metadata(staging_lineage(entity))
    return metadata
