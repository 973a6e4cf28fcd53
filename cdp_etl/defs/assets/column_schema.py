"""Column schema and column lineage of tables, as Dagster metadata."""

from collections.abc import Iterable

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import TableColumn, lake_columns
from cdp_etl.defs.assets.metadata import Metadata, markdown_table
from cdp_etl.defs.keys import asset_key
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.pipeline.layers import Layer


def column_schema(columns: Iterable[TableColumn]) -> dg.TableSchema:
    """Return the value of `dagster/column_schema`. Personal columns have the tag `pii`."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type.duckdb,
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.is_nullable),
                tags={} if column.personal is None else {"pii": column.personal.value},
            )
            for column in columns
        ]
    )


def staging_lineage(entity: Entity) -> dg.TableColumnLineage:
    """Return the upstream columns of a staging table: the columns of the lake with the same names."""
    lake = asset_key(Layer.NORMALIZED, entity.table)
    return dg.TableColumnLineage(
        {column.name: [dg.TableColumnDep(lake, column.name)] for column in lake_columns(entity)}
    )


def mart_lineage(mart: Mart) -> dg.TableColumnLineage:
    """Return the upstream columns of a mart, derived from its SQL."""
    from cdp_etl.marts.docs.lineage import column_lineage  # noqa: PLC0415 - imports sqlglot, which no run needs

    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key(Layer(source.schema), source.table), source.column)
                for source in sources
            ]
            for column, sources in column_lineage(mart).items()
        }
    )


def lineage_metadata(lineage: dg.TableColumnLineage) -> Metadata:
    """Return the lineage for Dagster, and as Markdown, because Dagster's own UI shows no column lineage."""
    rows = [
        (
            f"`{column}`",
            ", ".join(_address(source) for source in sources) or "none (constant or count of rows)",
        )
        for column, sources in lineage.deps_by_column.items()
    ]
    return {
        "dagster/column_lineage": lineage,
        "upstream_columns": markdown_table(("column", "derived from"), rows, max_rows=len(rows), is_markdown=True),
    }


def _address(source: dg.TableColumnDep) -> str:
    return f"`{'.'.join((*source.asset_key.path, source.column_name))}`"
