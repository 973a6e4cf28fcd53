"""List of the documents that are generated from the entities and committed under `docs/contract/`."""

import json

from cdp_etl.contract.render.data_dictionary import dictionary_page
from cdp_etl.contract.render.json_schema import json_schema
from cdp_etl.contract.render.odcs import data_contract
from cdp_etl.entities import ENTITIES


def render_documents() -> dict[str, str]:
    """Return the text of each document by its path below `docs/contract/`."""
    documents = {"README.md": _index()}
    for entity in ENTITIES:
        documents[f"{entity.table}.md"] = dictionary_page(entity)
        documents[f"{entity.table}.odcs.yaml"] = data_contract(entity)
        documents[f"{entity.table}.schema.json"] = (
            json.dumps(json_schema(entity), indent=2, ensure_ascii=False) + "\n"
        )
    return documents


def _index() -> str:
    rows = [
        f"| [{entity.title}]({entity.table}.md) | {entity.description.splitlines()[0]} "
        f"| [JSON Schema]({entity.table}.schema.json) | [ODCS]({entity.table}.odcs.yaml) |"
        for entity in ENTITIES
    ]
    return "\n".join(
        [
            "# The contract",
            "",
            "Generated from `cdp_etl/entities/` by `cdp-etl contract write`; `make check` fails if outdated.",
            "",
            "| Entity | What one record is | Delivered record | Staging table |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )
