"""A landing zone from one setting: `/data/landing`, `s3://bucket/prefix`, `sftp://user@host:port/prefix`.

Put here how a location becomes a `Zone`. Settings are read elsewhere and come in as values; a zone is only a
description, and connects when it is used.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from obstore.store import from_url

from cdp_etl.landing.errors import ZoneConfigError
from cdp_etl.landing.zones.aws_credentials import AwsCredentials
from cdp_etl.landing.zones.object_store import connect_folder, connect_store
from cdp_etl.landing.zones.path_template import DEFAULT_TEMPLATE, PathTemplate, parse_template
from cdp_etl.landing.zones.protocol import Session
from cdp_etl.landing.zones.retry import RetryPolicy
from cdp_etl.landing.zones.sftp import connect_sftp
from cdp_etl.landing.zones.sftp_login import SftpOptions, parse_address

if TYPE_CHECKING:  # obstore has these names for type checkers alone
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

Connect = Callable[[], AbstractAsyncContextManager[Session]]

_OBJECT_STORES = ("s3", "gs", "az")
_ONCE = RetryPolicy(attempts=1)  # a folder that is not there will not appear within seconds


@dataclass(frozen=True)
class ObjectStoreOptions:
    """What an object store needs beside its location and the standard credential chain of its provider.

    `endpoint` is a whole URL of an S3-compatible or Azure-compatible server, `region` an AWS region.
    `anonymous` reads a public bucket without credentials. `aws` says where AWS's chain begins.
    """

    endpoint: str | None = None
    region: str | None = None
    anonymous: bool = False
    aws: AwsCredentials = field(default_factory=AwsCredentials)


@dataclass(frozen=True)
class ZoneOptions:
    """How a zone is reached; each kind of zone looks at what concerns it.

    `parallel_files` are pulled at a time. `retry` is for what may pass; a folder is not tried again.
    """

    object_store: ObjectStoreOptions = field(default_factory=ObjectStoreOptions)
    sftp: SftpOptions = field(default_factory=SftpOptions)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    parallel_files: int = 8


@dataclass(frozen=True)
class Zone:
    """Where dumps come from; made by `open_zone`.

    `label` is the location as it may be shown: it never holds a credential. `parallel_files` are pulled at a
    time.
    """

    label: str
    template: PathTemplate
    retry: RetryPolicy
    parallel_files: int
    connect: Connect = field(repr=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Connect, trying again what may pass, and disconnect at the end."""
        async with AsyncExitStack() as stack:
            async for attempt in self.retry.retrying():
                with attempt:
                    session = await stack.enter_async_context(self.connect())
            yield session


def open_zone(
    location: str | Path, *, template: str = DEFAULT_TEMPLATE, options: ZoneOptions | None = None
) -> Zone:
    """Describe a zone by its location; nothing is connected yet.

    Raises:
        ZoneConfigError: an unknown kind of location, a credential in it, or a template that is not valid.
    """
    chosen = options or ZoneOptions()
    label, connect, retry = _describe(str(location), chosen)
    return Zone(label, parse_template(template), retry, chosen.parallel_files, connect)


def _describe(location: str, options: ZoneOptions) -> tuple[str, Connect, RetryPolicy]:
    if "://" not in location:
        return location, partial(connect_folder, Path(location), location), _ONCE
    url = _without_secrets(location)
    label = f"{url.scheme}://{url.netloc}{url.path}"
    if url.scheme == "file":
        return label, partial(connect_folder, Path(unquote(url.path)), label), _ONCE
    if url.scheme == "sftp":
        return label, partial(connect_sftp, parse_address(url, label), options.sftp), options.retry
    if url.scheme in _OBJECT_STORES:
        open_store = partial(_open_store, label, url.scheme, options.object_store)
        return label, partial(connect_store, open_store, label), options.retry
    raise ZoneConfigError(
        f"landing zone {label}: expected a folder, s3://, gs://, az:// or sftp://, not {url.scheme}://"
    )


def _without_secrets(location: str) -> SplitResult:
    url = urlsplit(location)
    if url.password is not None or url.query or url.fragment:
        raise ZoneConfigError(
            f"landing zone {url.scheme}://{url.hostname}: the location may hold no password, query or fragment; "
            "credentials come from the environment or from files named there"
        )
    return url


def _open_store(label: str, scheme: str, options: ObjectStoreOptions) -> "ObjectStore":
    config: dict[str, Any] = {}
    found = options.aws.find(label) if scheme == "s3" and not options.anonymous else None
    if options.endpoint:
        config["endpoint"] = options.endpoint
    if scheme == "s3" and (region := options.region or (found and found.region)):
        config["region"] = region
    if options.anonymous:
        config["skip_signature"] = True
    client: ClientConfig = {
        "allow_http": bool(options.endpoint and options.endpoint.startswith("http://")),
        "connect_timeout": timedelta(seconds=10),
        "read_timeout": timedelta(seconds=60),  # between two pieces: a stalled transfer
        "timeout": timedelta(hours=12),  # for one whole file; obstore's own 30 s would cut large ones
    }
    retry: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=30)}
    build: Callable[..., ObjectStore] = from_url
    return build(label, config=config, client_options=client, retry_config=retry, credential_provider=found)
