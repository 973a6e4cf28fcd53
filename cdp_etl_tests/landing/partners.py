"""Partners that deliver files, with one interface for every kind of server."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Protocol

from obstore.store import S3Store

from cdp_etl.landing import (
    ObjectStoreOptions,
    Pull,
    PullRules,
    RetryPolicy,
    Zone,
    ZoneOptions,
    open_zone,
    pull_dump,
)
from cdp_etl.landing.zones.path_template import DEFAULT_TEMPLATE
from cdp_etl_tests.landing.servers import SftpServer

ENTITY = "customer-product-review"
DAY = date(2026, 3, 1)
FOLDER = f"{ENTITY}/2026-03-01"
LONG_AGO = datetime(2026, 3, 2, 4, 5, 6, tzinfo=UTC)
QUICK = RetryPolicy(attempts=4, initial_wait_seconds=0.01, max_wait_seconds=0.05)


class Partner(Protocol):
    """Writes files to a server that a zone reads. Paths are relative to the zone's prefix."""

    def put(self, path: str, content: bytes) -> None:
        """Deliver a file; replace a file of the same path."""
        ...

    def remove(self, path: str) -> None:
        """Delete a file."""
        ...

    def zone(self, template: str = DEFAULT_TEMPLATE) -> Zone:
        """Return the zone as an operator would configure it."""
        ...


@dataclass(frozen=True)
class FolderPartner:
    """Delivers into a folder. New files get an old timestamp."""

    root: Path
    location: str | None = None
    options: ZoneOptions = field(default_factory=ZoneOptions)

    def put(self, path: str, content: bytes) -> None:
        """Deliver a file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        existed = target.exists()
        target.write_bytes(content)
        if not existed:
            os.utime(target, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))

    def remove(self, path: str) -> None:
        """Delete a file."""
        (self.root / path).unlink()

    def zone(self, template: str = DEFAULT_TEMPLATE) -> Zone:
        """Return the zone: the folder itself, or the server that serves the folder."""
        return open_zone(self.location or self.root, template=template, options=self.options)


@dataclass(frozen=True)
class S3Partner:
    """Delivers into a bucket, under the prefix `from/partner`."""

    endpoint: str
    bucket: str

    def put(self, path: str, content: bytes) -> None:
        """Deliver an object."""
        self.store().put(path, content)

    def remove(self, path: str) -> None:
        """Delete an object."""
        self.store().delete(path)

    def zone(self, template: str = DEFAULT_TEMPLATE) -> Zone:
        """Return the bucket as a zone."""
        options = ZoneOptions(
            object_store=ObjectStoreOptions(endpoint=self.endpoint, region="us-east-1"), retry=QUICK
        )
        return open_zone(f"s3://{self.bucket}/from/partner", template=template, options=options)

    def store(self) -> S3Store:
        """Return the partner's own access to the bucket."""
        return S3Store(
            self.bucket,
            prefix="from/partner",
            endpoint=self.endpoint,
            region="us-east-1",
            client_options={"allow_http": True},
        )


def sftp_partner(server: SftpServer) -> FolderPartner:
    """Return a partner whose folder is served by an SFTP server."""
    return FolderPartner(server.root, server.location(), ZoneOptions(sftp=server.options, retry=QUICK))


def pulled(partner: Partner, archive: Path, rules: PullRules | None = None) -> Pull:
    """Pull the dump that the partner has delivered."""
    pull = pull_dump(partner.zone(), ENTITY, DAY, archive, rules)
    assert pull is not None
    return pull


def contents(pull: Pull) -> dict[str, bytes]:
    """Return the contents of the archived files by path, in delivery order."""
    return {file.path: (pull.directory / file.path).read_bytes() for file in pull.files}


def manifest(**files: bytes) -> bytes:
    """Return a manifest of CSV files. Arguments are named like the files, without the extension."""
    return json.dumps(
        {
            "files": [
                {
                    "path": f"{name}.csv",
                    "bytes": len(content),
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "records": content.count(b"\n"),
                }
                for name, content in files.items()
            ]
        }
    ).encode()
