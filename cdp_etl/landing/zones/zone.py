"""Landing zone, opened from a location: `/data/landing`, `s3://bucket/prefix`, `sftp://user@host:port/prefix`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from obstore.store import from_url

from cdp_etl.landing.errors import ZoneConfigError
from cdp_etl.landing.zones.aws_credentials import AwsCredentials
from cdp_etl.landing.zones.limits import ZoneLimits
from cdp_etl.landing.zones.object_store import connect_folder, connect_store
from cdp_etl.landing.zones.path_template import DEFAULT_TEMPLATE, PathTemplate, parse_template
from cdp_etl.landing.zones.protocol import Connect, Session
from cdp_etl.landing.zones.retry import RetryPolicy
from cdp_etl.landing.zones.sftp_address import SftpOptions, parse_address
from cdp_etl.url_secrets import without_url_secrets

if TYPE_CHECKING:  # obstore has these names for type checkers alone
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_OBJECT_STORES = ("s3", "gs", "az")
_NO_RETRY = RetryPolicy(attempts=1)  # a missing folder does not appear within seconds


@dataclass(frozen=True)
class ObjectStoreOptions:
    """Options of object stores.

    Attributes:
        endpoint: URL of an S3-compatible or Azure-compatible server.
        region: AWS region.
        anonymous: Read a public bucket without credentials.
        aws: Start of AWS's credential chain.
    """

    endpoint: str | None = None
    region: str | None = None
    anonymous: bool = False
    aws: AwsCredentials = field(default_factory=AwsCredentials)


@dataclass(frozen=True)
class ZoneOptions:
    """Connection options of all kinds of zones.

    Attributes:
        object_store: Options of object stores.
        sftp: Options of SFTP servers.
        retry: Retries of transient faults; not used for folders.
        parallel_files: Number of files that are pulled at the same time.
        limits: Limits on the answers of the server.
    """

    object_store: ObjectStoreOptions = field(default_factory=ObjectStoreOptions)
    sftp: SftpOptions = field(default_factory=SftpOptions)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    parallel_files: int = 8
    limits: ZoneLimits = field(default_factory=ZoneLimits)


@dataclass(frozen=True)
class Zone:
    """A source of dumps; `open_zone` creates it. It connects when a session is opened.

    Attributes:
        label: The location for messages. Never contains a credential.
        template: Location of a dump in the zone.
        retry: Retries of transient faults.
        parallel_files: Number of files that are pulled at the same time.
        limits: Limits on the answers of the server.
        connect: Opens a session.
    """

    label: str
    template: PathTemplate
    retry: RetryPolicy
    parallel_files: int
    limits: ZoneLimits
    connect: Connect = field(repr=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Open a session, retry transient faults, and close the session at the end."""
        async with AsyncExitStack() as stack:
            async for attempt in self.retry.retrying():
                with attempt:
                    session = await stack.enter_async_context(self.connect())
            yield session


def open_zone(
    location: str | Path, *, template: str = DEFAULT_TEMPLATE, options: ZoneOptions | None = None
) -> Zone:
    """Return the zone at a location, without connecting.

    Raises:
        ZoneConfigError: If the kind of location is unknown, the location contains a credential, or the template is
            invalid.
    """
    used = options or ZoneOptions()
    label, connect, retry = _parse_location(str(location), used)
    return Zone(label, parse_template(template), retry, used.parallel_files, used.limits, connect)


def _parse_location(location: str, options: ZoneOptions) -> tuple[str, Connect, RetryPolicy]:
    if "://" not in location:
        return location, partial(connect_folder, Path(location), location, options.limits), _NO_RETRY
    url = _split_without_secrets(location)
    label = f"{url.scheme}://{url.netloc}{url.path}"
    if url.scheme == "file":
        return label, partial(connect_folder, Path(unquote(url.path)), label, options.limits), _NO_RETRY
    if url.scheme == "sftp":
        from cdp_etl.landing.zones.sftp import connect_sftp  # noqa: PLC0415 - imports asyncssh: 0.2 CPU seconds

        address = parse_address(url, label)
        return label, partial(connect_sftp, address, options.sftp, options.limits), options.retry
    if url.scheme in _OBJECT_STORES:
        open_store = partial(_open_store, label, url.scheme, options.object_store, options.limits)
        return label, partial(connect_store, open_store, label, options.limits), options.retry
    raise ZoneConfigError(
        f"landing zone {label}: expected a folder, s3://, gs://, az:// or sftp://, not {url.scheme}://"
    )


def _split_without_secrets(location: str) -> SplitResult:
    try:
        url = urlsplit(location)
        _ = url.port
    except ValueError:
        raise ZoneConfigError(f"landing zone {without_url_secrets(location)}: not a valid URL") from None
    if url.password is not None or url.query or url.fragment:
        raise ZoneConfigError(
            f"landing zone {url.scheme}://{url.hostname}: a location cannot contain a password, query or "
            "fragment; set credentials by environment variables or files"
        )
    return url


def _open_store(label: str, scheme: str, options: ObjectStoreOptions, limits: ZoneLimits) -> "ObjectStore":
    config: dict[str, Any] = {}
    provider = options.aws.resolve(label) if scheme == "s3" and not options.anonymous else None
    if options.endpoint:
        config["endpoint"] = options.endpoint
    if scheme == "s3" and (region := options.region or (provider and provider.region)):
        config["region"] = region
    if options.anonymous:
        config["skip_signature"] = True
    client: ClientConfig = {
        "allow_http": bool(options.endpoint and options.endpoint.startswith("http://")),
        "connect_timeout": timedelta(seconds=limits.connect_seconds),
        "read_timeout": timedelta(seconds=limits.stall_seconds),  # between two chunks
        "timeout": timedelta(hours=12),  # for a whole file; obstore's default of 30 s would abort large files
    }
    retry: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=30)}
    build: Callable[..., ObjectStore] = from_url
    return build(label, config=config, client_options=client, retry_config=retry, credential_provider=provider)
