"""The mart `shared_identifier`: its columns and slices. Its meaning stands in its SQL."""

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
        replace(_COLUMNS["exclusion_reason"], description="Why it links nobody.", is_nullable=False),
    ),
    slices=None,
)
