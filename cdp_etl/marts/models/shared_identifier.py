"""Declaration of `shared_identifier`."""

from dataclasses import replace

from cdp_etl.marts.engine.mart import Mart
from cdp_etl.marts.models.customer_identity import CUSTOMER_IDENTITY

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
)
