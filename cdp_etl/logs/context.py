"""Context fields of log lines: run, job, entity, dump date. They apply to a block and to everything it calls."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_fields: ContextVar[Mapping[str, str]] = ContextVar("cdp_etl_log_fields", default={})  # noqa: B039 - never changed


@contextmanager
def log_context(**fields: str | None) -> Iterator[None]:
    """Add fields to every line that is logged during the block. Fields that are None are omitted."""
    known = {name: value for name, value in fields.items() if value is not None}
    token = _fields.set({**_fields.get(), **known})
    try:
        yield
    finally:
        _fields.reset(token)


def current_fields() -> Mapping[str, str]:
    """Return the fields that apply at this point."""
    return _fields.get()
