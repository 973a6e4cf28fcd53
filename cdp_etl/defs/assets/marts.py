"""Assets of the marts and of the published snapshot.

They contain all dumps and have no partitions (decision 0108). A run applies all unapplied loads, whatever its
dates.
"""

from collections.abc import Collection, Iterator

import dagster as dg

from cdp_etl.defs.assets.column_schema import column_schema, lineage_metadata, mart_lineage
from cdp_etl.defs.assets.metadata import Metadata, markdown_table
from cdp_etl.defs.checks.mart_checks import check_results, check_specs
from cdp_etl.defs.error_boundary import op_boundary
from cdp_etl.defs.keys import SNAPSHOT, asset_key
from cdp_etl.defs.pools import WAREHOUSE_POOL
from cdp_etl.entities import ENTITIES
from cdp_etl.marts.checks.model import MartCheckError
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.refresh import refresh_mart
from cdp_etl.marts.registry import MARTS
from cdp_etl.marts.snapshot.publish import publish
from cdp_etl.pipeline.applied_loads import find_applied_loads, upstream_tables
from cdp_etl.pipeline.dump_pipeline import ReportProgress
from cdp_etl.pipeline.layers import Layer
from cdp_etl.pipeline.older_rules import find_older_rules
from cdp_etl.pipeline.stage_timing import timed_stage
from cdp_etl.settings import Settings
from cdp_etl.warehouse.load.consent_statements import STATING_ENTITIES

_STAGING = {
    name: asset_key(Layer.STAGING, entity.table)
    for entity in ENTITIES
    for name in (entity.table, f"{entity.table}_current")
}


def input_keys(mart: Mart) -> list[dg.AssetKey]:
    """Return the upstream assets of a mart."""
    return list(dict.fromkeys(key for name in mart.inputs for key in _input_keys(name)))


def _input_keys(name: str) -> list[dg.AssetKey]:
    """Return the assets of an input; statements are written together with the records that make them."""
    if name == "consent_statement":
        return [asset_key(Layer.STAGING, table) for table in STATING_ENTITIES]
    return [_STAGING.get(name) or asset_key(Layer.MARTS, name)]


def build_mart(mart: Mart, *, has_lineage: bool) -> dg.AssetsDefinition:
    """Return the asset of a mart. Column lineage is read from its SQL."""
    spec = dg.AssetSpec(
        asset_key(Layer.MARTS, mart.name),
        deps=input_keys(mart),
        description=f"{mart.description}\n\nMaterialize applies all pending loads, whatever their dump dates.",
        group_name=Layer.MARTS.value,
        kinds={"duckdb", "sql"},
        owners=[mart.owner],
        tags={"pii": ""} if any(column.personal for column in mart.columns) else {},
        metadata={
            "dagster/column_schema": column_schema(mart.columns),
            **(lineage_metadata(mart_lineage(mart)) if has_lineage else {}),
            "dagster/table_name": mart.table,
        },
    )

    @dg.multi_asset(name=f"mart_{mart.name}", specs=[spec], check_specs=check_specs(mart), pool=WAREHOUSE_POOL)
    @op_boundary
    def refresh(
        settings: dg.ResourceParam[Settings], report_progress: dg.ResourceParam[ReportProgress]
    ) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        report_progress(f"{mart.table}: applying loads")
        try:
            with timed_stage(settings, "mart", mart.name) as figures:
                result = refresh_mart(settings.open_warehouse(), mart, settings.mart_settings())
                figures |= {"load_seq": result.load_seq, "rows_inserted": result.rows_inserted}
        except MartCheckError as error:
            if error.mart == mart.name:
                yield from check_results(mart, error.results)
            raise dg.Failure(description=str(error)) from None
        yield from check_results(mart, result.checks)
        older = find_older_rules(settings)
        yield dg.MaterializeResult(
            asset_key=spec.key,
            metadata={
                "dagster/row_count": result.row_count,
                "load_seq": result.load_seq,
                **_applied_loads(settings, upstream_tables(mart), result.load_seq),
                "affected_keys": result.affected_keys,
                "rows_deleted": result.rows_deleted,
                "rows_inserted": result.rows_inserted,
                "rebuild_reason": result.rebuild_reason or "no rebuild",
                **({"older_rules": older.sentence} if older else {}),
            },
        )

    return refresh


def _applied_loads(settings: Settings, tables: Collection[str], load_seq: int) -> Metadata:
    """Return the newest dump date and, by entity, the dumps that a mart or the snapshot contains."""
    loads = [one for one in find_applied_loads(settings.open_warehouse(), load_seq) if one.entity in tables]
    if not loads:
        return {}
    rows = [(one.entity, one.dumps, one.newest_dump_date, one.load_seq) for one in loads]
    return {
        "newest_dump_date": max(one.newest_dump_date for one in loads).isoformat(),
        "applied_loads": markdown_table(
            ("entity", "dumps", "newest dump date", "newest load_seq"), rows, is_markdown=True
        ),
    }


def build_snapshot() -> dg.AssetsDefinition:
    """Return the asset of the published snapshot."""
    spec = dg.AssetSpec(
        SNAPSHOT,
        deps=[asset_key(Layer.MARTS, mart.name) for mart in MARTS],
        description="Published marts for readers: read-only, as of one load, replaced atomically.\n\n"
        "Materialize applies all pending loads to the marts, whatever their dump dates, and publishes the marts.",
        group_name=Layer.PUBLISHED.value,
        kinds={"duckdb", "parquet"},
        owners=[MARTS[0].owner],
    )

    @dg.multi_asset(name="publish_snapshot", specs=[spec], pool=WAREHOUSE_POOL)
    @op_boundary
    def snapshot(
        settings: dg.ResourceParam[Settings], report_progress: dg.ResourceParam[ReportProgress]
    ) -> dg.MaterializeResult[None]:
        report_progress("publishing the snapshot")
        try:
            with timed_stage(settings, "publish", "snapshot"):
                published = publish(
                    settings.open_warehouse(),
                    settings.published,
                    settings.mart_settings(),
                    settings.publish_rules(),
                )
        except MartCheckError as error:
            raise dg.Failure(description=str(error)) from None
        return dg.MaterializeResult(
            metadata={
                "as_of_load": published.as_of,
                **_applied_loads(settings, [entity.table for entity in ENTITIES], published.as_of),
                "version": published.version,
                "published_at": dg.MetadataValue.timestamp(published.published_at),
                "has_personal_data": published.has_personal_data,
                "folder": dg.MetadataValue.path(str(published.folder)),
                "rows": markdown_table(
                    ("mart", "rows"), [(mart, published.row_count(mart)) for mart in published.marts]
                ),
            }
        )

    return snapshot
