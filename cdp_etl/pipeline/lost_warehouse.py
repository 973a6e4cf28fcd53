"""A warehouse that is missing although it existed: the published snapshot shows that."""

from cdp_etl.marts.snapshot.publish import has_versions
from cdp_etl.settings import Settings
from cdp_etl.warehouse import WarehouseLostError


def require_no_snapshot(settings: Settings) -> None:
    """Check that a missing warehouse never existed.

    Raises:
        WarehouseLostError: If a snapshot was published from it.
    """
    if has_versions(settings.published):
        raise WarehouseLostError(settings.open_warehouse().path)
