"""Files of a dump as normalization sees them, their order, and the fingerprint of a dump's content.

Nothing here opens a file.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Protocol

from cdp_etl.contract import delivery_order
from cdp_etl.contract.entity import Entity
from cdp_etl.contract.normalization_settings import NormalizationSettings
from cdp_etl.contract.table import lake_columns


class SourceFile(Protocol):
    """A file of a dump, as pulled from the landing zone."""

    @property
    def path(self) -> str:
        """Path relative to the dump's folder, with `/`."""

    @property
    def bytes(self) -> int:
        """Size."""

    @property
    def sha256(self) -> str:
        """Hash of its bytes, in hexadecimal."""

    @property
    def order(self) -> int | None:
        """Place in the order of delivery that the manifest declares, or None."""


def content_fingerprint(
    entity: Entity, dump_date: date, files: Sequence[SourceFile], settings: NormalizationSettings
) -> str:
    """Return a hash over all inputs of normalization: files, entity and its columns, date, rules and settings.

    Dumps with the same fingerprint have the same output. The order of `files` does not matter, because the paths
    or the manifest determine the order of delivery.
    """
    listing = [(file.path, file.sha256) for file in in_delivery_order(files)]
    columns = [(column.name, column.type.duckdb) for column in lake_columns(entity)]
    inputs = [entity.table, columns, dump_date.isoformat(), listing, settings.fingerprint()]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def in_delivery_order(files: Sequence[SourceFile]) -> list[SourceFile]:
    """Sort files in the order of delivery: by the manifest's order, else by their paths."""
    by_path = {file.path: file for file in files}
    by_name = [by_path[path] for path in delivery_order.in_delivery_order(by_path)]
    return sorted(by_name, key=lambda file: file.order or 0)
