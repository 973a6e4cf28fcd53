"""What a line is about: run, job, entity, dump date. It holds for a block, and for all that is called in it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_fields: ContextVar[Mapping[str, str]] = ContextVar("cdp_etl_log_fields", default={})  # noqa: B039 - never changed


@contextmanager
def log_context(**fields: str | None) -> Iterator[None]:
    """Put fields into every line that is written during the block; one that is None is left out."""
    known = {name: value for name, value in fields.items() if value is not None}
    token = _fields.set({**_fields.get(), **known})
    try:
        yield
    finally:
        _fields.reset(token)


def current_fields() -> Mapping[str, str]:
    """Give the fields that hold now."""
    return _fields.get()
