"""Data dictionary page of an entity, in Markdown."""

import json
from collections.abc import Iterable, Sequence

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.table import TableColumn, lake_columns, staging_columns


def dictionary_page(entity: Entity) -> str:
    """Return the page of one entity: delivered fields and the columns of `staging.<entity>`."""
    ignored = (
        "The contract marks the entity SUPPORT_IGNORED_UPDATE_CFS: `ignoredUpdateCfs` is applied."
        if entity.supports_ignored_update_cfs
        else "The contract does not mark the entity SUPPORT_IGNORED_UPDATE_CFS: "
        "`ignoredUpdateCfs` only causes a warning."
    )
    derived = [column for column in staging_columns(entity) if column.field is None]
    return "\n".join(
        [
            f"# {entity.title}",
            "",
            entity.description,
            "",
            f"Delivered in `{entity.name}/<dump date>/`.",
            f"Stored in `staging.{entity.table}` (every version)",
            f"and `staging.{entity.table}_current` (the newest version of each record, without deleted records).",
            f"`internalCompanyId`, `systemName` and `{entity.own_id_field}` identify a record;",
            f"`{_main_timestamp(entity)}` is the time of its event. {ignored}",
            "",
            "## Delivered fields",
            "",
            *_table(
                ("Contract field", "Type", "Required", "Column", "Meaning", "Example"),
                (_delivered_row(entity, column) for column in lake_columns(entity) if column.field is not None),
            ),
            "",
            "Keys that start with `customField` are stored in `custom_fields`,",
            "all other keys in `extra_fields`.",
            "",
            "## Derived columns",
            "",
            *_table(
                ("Column", "DuckDB type", "Meaning"),
                ((f"`{column.name}`", column.type.duckdb, column.description) for column in derived),
            ),
            "",
        ]
    )


def _main_timestamp(entity: Entity) -> str:
    return entity.model.fields[entity.main_timestamp].contract_name


def _delivered_row(entity: Entity, column: TableColumn) -> Sequence[str]:
    assert column.field is not None  # noqa: S101 - called for contract columns only
    field = column.field
    meaning = column.description
    if field.column.vocabulary:
        meaning += f" One of {', '.join(field.column.vocabulary)}."
    required = "yes" if field.is_required else ""
    if entity.has_customer and field.column.is_contact:
        required = "one of the two contacts"
    is_text = isinstance(field.example, str)
    example = field.example if is_text else json.dumps(field.example, ensure_ascii=False)
    return (
        f"`{field.contract_name}`",
        field.column.type,
        required,
        f"`{field.name}`",
        meaning,
        "" if field.example is None else f"`{example}`",
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(header)} |",
        f"|{'|'.join('---' for _ in header)}|",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows),
    ]
