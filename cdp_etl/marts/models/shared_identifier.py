"""Declaration of `shared_identifier`."""

from dataclasses import replace

from cdp_etl.entities import ENTITIES
from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.engine.scope import IntermediateTable
from cdp_etl.marts.engine.sql_files import read_sql
from cdp_etl.marts.models.customer_identity import CUSTOMER_IDENTITY

_RECORDS = " UNION ALL ".join(
    f"SELECT company_id, placeholders, identifiers FROM {entity.table}_current" for entity in ENTITIES
)
_OCCURRENCE = read_sql(
    "cdp_etl.marts.models", "shared_identifier/placeholder_occurrence", {"records": f"({_RECORDS})"}
)
_COLUMNS = {column.name: column for column in CUSTOMER_IDENTITY.columns}

SHARED_IDENTIFIER = Mart(
    name="shared_identifier",
    columns=(
        _COLUMNS["company_id"],
        _COLUMNS["identifier"],
        _COLUMNS["customer_id_count"],
        _COLUMNS["email_count"],
        _COLUMNS["phone_count"],
        replace(
            _COLUMNS["exclusion_reason"],
            description="Reason for the exclusion from identity matching.",
            is_nullable=False,
        ),
    ),
    refresh_scope=None,
    intermediate_tables={"placeholder_occurrence": IntermediateTable(_OCCURRENCE, _OCCURRENCE)},
)
