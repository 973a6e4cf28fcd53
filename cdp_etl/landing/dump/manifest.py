"""What the sender says about a dump: `_manifest.json` and `<file>.sha256`, and whether it is true.

Put here how these are read and compared. Both are bounded, and both are a stranger's text.
"""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from cdp_etl.landing.dump.listing import Listing
from cdp_etl.landing.errors import DumpRefusedError
from cdp_etl.landing.zones.path_safety import require_safe_path, shown

LARGEST_MANIFEST_BYTES = 64 * 1024 * 1024
LARGEST_CHECKSUM_BYTES = 64 * 1024
_MOST_FAULTS_SHOWN = 5

_SHA256 = re.compile(rb"(?<![0-9A-Fa-f])([0-9A-Fa-f]{64})(?![0-9A-Fa-f])")

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$", to_lower=True)]


class ManifestFile(BaseModel):
    """One file that the sender says it has delivered; what is left out is not compared."""

    model_config = ConfigDict(frozen=True, strict=True)

    path: str = Field(min_length=1, description="Path relative to the dump's folder, as delivered.")
    bytes: int | None = Field(default=None, ge=0, description="Size as delivered.")
    sha256: Sha256 | None = Field(default=None, description="SHA-256 of the delivered bytes, in hexadecimal.")
    records: int | None = Field(default=None, ge=0, description="Records in the file.")


class Manifest(BaseModel):
    """The sender's list of all data files of a dump; keys that are not known here are passed over."""

    model_config = ConfigDict(frozen=True, strict=True)

    files: list[ManifestFile]

    @field_validator("files")
    @classmethod
    def _each_path_once(cls, files: list[ManifestFile]) -> list[ManifestFile]:
        paths = [file.path for file in files]
        if len(paths) != len(set(paths)):
            raise ValueError("a path is named twice")
        return files

    def by_path(self) -> dict[str, ManifestFile]:
        """Give the files by their path."""
        return {file.path: file for file in self.files}


def parse_manifest(text: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        DumpRefusedError: no JSON, not of the form above, or a path that is not safe.
    """
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise DumpRefusedError(f"_manifest.json: {place}: {first['msg']}") from None
    for file in manifest.files:
        require_safe_path(file.path)
    return manifest


def require_listed(manifest: Manifest, listing: Listing) -> None:
    """Compare a manifest with what the zone lists: the same data files, of the sizes it says.

    Raises:
        DumpRefusedError: naming each file that differs, and how.
    """
    said = manifest.by_path()
    there = {offered.path: offered.remote.bytes for offered in listing.data}
    faults = [f"{shown(path)} is in the manifest and not there" for path in said if path not in there]
    faults += [f"{shown(path)} is there and not in the manifest" for path in there if path not in said]
    faults += [
        f"{shown(path)} has {there[path]} bytes, the manifest says {file.bytes}"
        for path, file in said.items()
        if path in there and file.bytes not in (None, there[path])
    ]
    _refuse(faults)


def require_sha256(path: str, found: str, said: str | None, source: str) -> None:
    """Compare a pulled file's hash with what `source` says of it, if it says anything.

    Raises:
        DumpRefusedError: they differ.
    """
    if said is not None and said != found:
        raise DumpRefusedError(f"{shown(path)}: its sha256 is {found}, {source} says {said}")


def require_record_counts(said: Mapping[str, int | None], read: Mapping[str, int]) -> None:
    """Compare the record counts of a manifest with those that were read, per file.

    Called after a dump was decoded: only then are its records known. Files without a count are passed over.

    Raises:
        DumpRefusedError: naming each file that differs.
    """
    _refuse(
        [
            f"{shown(path)} holds {read.get(path, 0)} records, the manifest says {count}"
            for path, count in said.items()
            if count is not None and read.get(path, 0) != count
        ]
    )


def parse_checksum(path: str, text: bytes) -> str:
    """Read a `.sha256` file: the hash alone, `<hash>  <name>`, or `SHA256 (<name>) = <hash>`.

    The name in it is not looked at: senders write the path the file had on their own machine.

    Raises:
        DumpRefusedError: it holds no hash, or more than one.
    """
    hashes = {found.lower() for found in _SHA256.findall(text)}
    if len(hashes) != 1:
        raise DumpRefusedError(f"{shown(path)}: expected one sha256 in it, found {len(hashes)}")
    return str(hashes.pop(), "ascii")


def _refuse(faults: list[str]) -> None:
    if faults:
        shortened = faults[:_MOST_FAULTS_SHOWN]
        if len(faults) > len(shortened):
            shortened.append(f"and {len(faults) - len(shortened)} more")
        raise DumpRefusedError("the manifest does not agree: " + "; ".join(shortened))
