"""What normalizing needs to know of a delivered file, and the fingerprint over all that bears on the outcome.

Put nothing here that opens a file.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Protocol

from cdp_etl.contract.entity import Entity
from cdp_etl.contract.file_names import delivery_order
from cdp_etl.contract.normalization_settings import Rules


class SourceFile(Protocol):
    """A file of a dump, as landing took it."""

    @property
    def path(self) -> str:
        """Path relative to the dump's folder, with `/`."""

    @property
    def bytes(self) -> int:
        """Size."""

    @property
    def sha256(self) -> str:
        """Hash of its bytes, in hexadecimal."""


def content_fingerprint(entity: Entity, dump_date: date, files: Sequence[SourceFile], rules: Rules) -> str:
    """Give the hash over the files' names and hashes, the rules' version and the settings that bear on them.

    The same fingerprint means the same outcome (RECORDS: `content_fingerprint`). The order of `files` does not
    matter: delivery order follows from the paths.
    """
    listing = [(file.path, file.sha256) for file in in_delivery_order(files)]
    told = [entity.table, dump_date.isoformat(), listing, rules.fingerprint()]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def in_delivery_order(files: Sequence[SourceFile]) -> list[SourceFile]:
    """Sort files as they count as delivered: by natural order of the path (RULINGS 5)."""
    return sorted(files, key=lambda file: delivery_order(file.path))
