"""Names of the files of the snapshot, apart from code that takes long to import."""

from typing import Final

DATABASE: Final = "cdp.duckdb"
"""The file that readers open."""

VERSIONS: Final = "snapshots"
"""Folder of the versions."""
