"""The partner's declarations about a dump, `_manifest.json` and `<file>.sha256`: parsed and verified.

Both files are untrusted input of limited size.
"""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from cdp_etl.landing.dump.listing import Listing, nfc
from cdp_etl.landing.errors import DumpRefusedError
from cdp_etl.landing.zones.path_safety import printable, require_safe_path

MAX_MANIFEST_BYTES = 16 * 1024 * 1024
_MAX_OBJECTS = 200_000  # each needs about a kilobyte of memory, and 13 bytes of the manifest
MAX_CHECKSUM_BYTES = 64 * 1024
_MAX_FAULTS_SHOWN = 5

_MD5 = re.compile(rb"(?<![0-9A-Fa-f])([0-9A-Fa-f]{32})(?![0-9A-Fa-f])")
_SHA256 = re.compile(rb"(?<![0-9A-Fa-f])([0-9A-Fa-f]{64})(?![0-9A-Fa-f])")

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$", to_lower=True)]


class ManifestFile(BaseModel):
    """One data file as the manifest declares it. Omitted fields are not compared."""

    model_config = ConfigDict(frozen=True, strict=True)

    path: str = Field(min_length=1, description="Path relative to the dump's folder, as delivered.")
    bytes: int | None = Field(default=None, ge=0, description="Size as delivered.")
    sha256: Sha256 | None = Field(default=None, description="SHA-256 of the delivered bytes, in hexadecimal.")
    records: int | None = Field(default=None, ge=0, description="Records in the file.")


class Manifest(BaseModel):
    """List of all data files of a dump. Unknown keys are ignored."""

    model_config = ConfigDict(frozen=True, strict=True)

    files: list[ManifestFile]
    ordered: bool = Field(default=False, description="Whether the files were delivered in the order of the list.")

    @field_validator("files")
    @classmethod
    def _each_path_once(cls, files: list[ManifestFile]) -> list[ManifestFile]:
        paths = [nfc(file.path) for file in files]
        if len(paths) != len(set(paths)):
            raise ValueError("a path is listed twice")
        return files

    def by_path(self) -> dict[str, ManifestFile]:
        """Return the files by `nfc` of their path."""
        return {nfc(file.path): file for file in self.files}

    def order_by_path(self) -> dict[str, int]:
        """Return the place of each file, from 1, by `nfc` of its path; empty if the list has no order."""
        return {path: place for place, path in enumerate(self.by_path(), 1)} if self.ordered else {}


def parse_manifest(text: bytes) -> Manifest:
    """Parse a manifest.

    Raises:
        DumpRefusedError: If the text is not JSON, does not match Manifest, has too many files, or contains an
            unsafe path.
    """
    if text.count(b"{") > _MAX_OBJECTS:
        raise DumpRefusedError(f"_manifest.json: more than {_MAX_OBJECTS} files")
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        location = ".".join(str(part) for part in first["loc"]) or "the file"
        raise DumpRefusedError(f"_manifest.json: {location}: {first['msg']}") from None
    for file in manifest.files:
        require_safe_path(file.path)
    return manifest


def require_listed(manifest: Manifest, listing: Listing) -> None:
    """Compare paths and sizes in the manifest with the listing.

    Raises:
        DumpRefusedError: If a file is missing, is not in the manifest, or has another size.
    """
    declared = manifest.by_path()
    sizes = {nfc(file.path): file.remote.bytes for file in listing.data_files}
    faults = [
        f"{printable(path)} is in the manifest but was not delivered" for path in declared if path not in sizes
    ]
    faults += [
        f"{printable(path)} was delivered but is not in the manifest" for path in sizes if path not in declared
    ]
    faults += [
        f"{printable(path)} has {sizes[path]} bytes, the manifest declares {file.bytes}"
        for path, file in declared.items()
        if path in sizes and file.bytes not in (None, sizes[path])
    ]
    _refuse(faults)


def require_digest(path: str, actual: str, declared: str | None, source: str, algorithm: str = "sha256") -> None:
    """Compare a file's hash with the one that `source` declares, if any.

    Raises:
        DumpRefusedError: If the hashes differ.
    """
    if declared is not None and declared != actual:
        raise DumpRefusedError(f"{printable(path)}: its {algorithm} is {actual}, {source} declares {declared}")


def require_record_counts(declared: Mapping[str, int | None], read: Mapping[str, int]) -> None:
    """Compare the record counts of a manifest with the number of records read, for each file.

    The caller has decoded the dump: its records are not known earlier. Files without a declared count are skipped.

    Raises:
        DumpRefusedError: If a count differs.
    """
    _refuse(
        [
            f"{printable(path)} has {read.get(path, 0)} records, the manifest declares {count}"
            for path, count in declared.items()
            if count is not None and read.get(path, 0) != count
        ]
    )


def parse_checksum(path: str, text: bytes, algorithm: str = "sha256") -> str:
    """Parse a `.sha256` or `.md5` file: the hash alone, `<hash>  <name>`, or `SHA256 (<name>) = <hash>`.

    Ignores the name, because it is often a path on the partner's own machine.

    Raises:
        DumpRefusedError: If the file contains no hash, or more than one.
    """
    hashes = {match.lower() for match in (_MD5 if algorithm == "md5" else _SHA256).findall(text)}
    if len(hashes) != 1:
        raise DumpRefusedError(f"{printable(path)}: expected one {algorithm}, found {len(hashes)}")
    return str(hashes.pop(), "ascii")


def _refuse(faults: list[str]) -> None:
    if faults:
        shortened = faults[:_MAX_FAULTS_SHOWN]
        if len(faults) > len(shortened):
            shortened.append(f"and {len(faults) - len(shortened)} more")
        raise DumpRefusedError("the manifest does not match the delivery: " + "; ".join(shortened))
