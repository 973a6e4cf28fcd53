"""A table's columns, and what each is made from, as Dagster shows them.

Put here the translation alone; which columns a table has stands in the contract and with the marts.
"""

from collections.abc import Iterable

import dagster as dg

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import TableColumn, lake_columns
from cdp_etl.defs.assets.metadata import Metadata, markdown_table
from cdp_etl.defs.keys import asset_key
from cdp_etl.marts.docs.lineage import column_lineage
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.pipeline.layers import Layer


def column_schema(columns: Iterable[TableColumn]) -> dg.TableSchema:
    """Give the column schema for the metadata key `dagster/column_schema`; personal columns are tagged `pii`."""
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
    """Give what the columns of a staging table are made from: those of the lake, by name."""
    lake = asset_key(Layer.NORMALIZED, entity.table)
    return dg.TableColumnLineage(
        {column.name: [dg.TableColumnDep(lake, column.name)] for column in lake_columns(entity)}
    )


def mart_lineage(mart: Mart) -> dg.TableColumnLineage:
    """Give what the columns of a mart are made from, as its SQL says."""
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
    """Give lineage twice: as Dagster keeps it, and as a table, for Dagster's own UI shows columns no other way."""
    rows = [
        (
            f"`{column}`",
            ", ".join(_address(source) for source in sources) or "no column: constant, or counted rows",
        )
        for column, sources in lineage.deps_by_column.items()
    ]
    return {
        "dagster/column_lineage": lineage,
        "columns_made_from": markdown_table(("column", "made from"), rows, most_rows=len(rows)),
    }


def _address(source: dg.TableColumnDep) -> str:
    return f"`{'.'.join((*source.asset_key.path, source.column_name))}`"
