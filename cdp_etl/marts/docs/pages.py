"""Data dictionary pages and contracts of the marts, derived from their declarations and SQL.

The documents are committed under `docs/contract/marts/`; a test fails if they are out of date. `docs/marts.md`,
written by hand, explains the formulas with examples.
"""

from collections.abc import Iterable, Sequence

from cdp_etl.contract.table import TableColumn
from cdp_etl.marts.checks.definitions import checks_of
from cdp_etl.marts.docs.lineage import SourceField, column_lineage, field_lineage
from cdp_etl.marts.docs.odcs import mart_contract
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.registry import MARTS


def render_mart_documents() -> dict[str, str]:
    """Return the text of each document by its path below `docs/contract/`."""
    documents = {"marts/README.md": _index()}
    for mart in MARTS:
        documents[f"marts/{mart.name}.md"] = _page(mart)
        documents[f"marts/{mart.name}.odcs.yaml"] = mart_contract(mart)
    return documents


def _index() -> str:
    rows = (
        (
            f"[{mart.name}]({mart.name}.md)",
            mart.header.meaning,
            ", ".join(mart.grain),
            f"[ODCS]({mart.name}.odcs.yaml)",
        )
        for mart in MARTS
    )
    return "\n".join(
        [
            "# The marts",
            "",
            "Derived from `cdp_etl/marts/` by `cdp-etl contract write`; `make check` fails if it is out of date.",
            "Formulas and examples: [docs/marts.md](../../marts.md).",
            "",
            *_table(("Mart", "One row", "Grain", "Contract"), rows),
            "",
        ]
    )


def _page(mart: Mart) -> str:
    sources, fields = column_lineage(mart), field_lineage(mart)
    rows = (
        (
            f"`{column.name}`",
            column.type.duckdb,
            _meaning(column),
            ", ".join(f"`{source.table}.{source.column}`" for source in sources[column.name]),
            _contract_fields(fields[column.name]),
        )
        for column in mart.columns
    )
    return "\n".join(
        [
            f"# {mart.name}",
            "",
            mart.header.meaning,
            "",
            *([f"**Caveats.** {mart.header.notes}", ""] if mart.header.notes else []),
            f"Grain: {', '.join(f'`{name}`' for name in mart.grain)}.",
            f"Inputs: {', '.join(f'`{name}`' for name in mart.inputs)}.",
            f"Published {_published(mart)}.",
            "",
            *_table(("Column", "DuckDB type", "Meaning", "Upstream columns", "Contract fields"), rows),
            "",
            "## Data tests",
            "",
            "The snapshot is published only if all of them pass.",
            "",
            *(f"- `{check.name}`: {check.description}" for check in checks_of(mart)),
            "",
        ]
    )


def _meaning(column: TableColumn) -> str:
    null = " Null if there is none." if column.is_nullable and "ull" not in column.description else ""
    personal = f" Personal data: {column.personal.value}." if column.personal else ""
    return column.description + null + personal


def _published(mart: Mart) -> str:
    return "in one file" if mart.month_column is None else f"by month of `{mart.month_column}`"


def _contract_fields(fields: Iterable[SourceField]) -> str:
    """Return the names of the fields, each once even if several entities have it."""
    return ", ".join(sorted({f"`{source.field}`" for source in fields}))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(header)} |",
        f"|{'|'.join('---' for _ in header)}|",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
    ]
