"""Wrappers of every op and tick: they redact unexpected errors and set the fields of log lines.

Dagster stores errors and shows them in its UI. Messages of `CdpEtlError` never contain record values, but DuckDB,
pydantic and polars quote the value that they reject. Errors of the disk and of database files become sentences;
other unexpected exceptions are re-raised with type and location only.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

import dagster as dg

from cdp_etl.defs.environment_errors import as_environment_error
from cdp_etl.defs.storage_connections import reuse_connections
from cdp_etl.errors import CdpEtlError
from cdp_etl.logs import log_context
from cdp_etl.logs.json_lines import traceback_locations

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_MAX_LOCATIONS = 12


class UnexpectedError(CdpEtlError):
    """An unexpected exception (a bug): its type and location, without its text."""

    def __init__(self, kind: type[BaseException], trace: TracebackType | None) -> None:
        location = " > ".join(traceback_locations(trace)[-_MAX_LOCATIONS:])
        super().__init__(
            f"Unexpected {kind.__name__} (bug?) at {location}. Its text is omitted because it may contain record"
            " values."
        )


class redact_unexpected:  # noqa: N801 - a context manager, named as it reads in `with`
    """Context manager that replaces unexpected exceptions by `UnexpectedError`, without their causes."""

    def __enter__(self) -> None:
        """Enter the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Re-raise an error with a known sentence without its cause, and any other one as `UnexpectedError`."""
        if kind is None or not isinstance(error, Exception) or isinstance(error, dg.Failure | dg.RetryRequested):
            return
        if isinstance(error, CdpEtlError):
            raise error from None
        known = as_environment_error(error)
        if known is not None:
            raise known from None
        raise UnexpectedError(kind, trace) from None


class _as_dagster_failure:  # noqa: N801 - as above
    """Context manager that raises a `CdpEtlError` as a Dagster failure, which the UI and alerts describe."""

    def __enter__(self) -> None:
        """Enter the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise `dagster.Failure` instead of a `CdpEtlError`."""
        if isinstance(error, CdpEtlError):
            raise dg.Failure(description=str(error)) from None


def op_boundary(compute: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Wrap the function of an op or asset. Apply it below Dagster's decorator."""
    if inspect.isgeneratorfunction(compute):
        return cast("Callable[_Parameters, _Result]", _generator_boundary(compute))

    @functools.wraps(compute)
    def wrapped(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        with _op_context():
            return compute(*args, **kwargs)

    return wrapped


def _generator_boundary(compute: Callable[_Parameters, Iterator[Any]]) -> Callable[_Parameters, Iterator[Any]]:
    @functools.wraps(compute)
    def wrapped(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> Iterator[Any]:
        with _op_context():
            yield from compute(*args, **kwargs)

    return wrapped


def tick_boundary(evaluate: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Wrap the function of a sensor or schedule. Apply it below Dagster's decorator."""

    @functools.wraps(evaluate)
    def wrapped(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        with redact_unexpected():
            return evaluate(*args, **kwargs)

    return wrapped


def _op_context() -> ExitStack:
    """Return the entered contexts of an op: log fields, then failures, then redaction as the innermost."""
    context = dg.OpExecutionContext.get()
    reuse_connections(context.instance)
    run = context.run
    with ExitStack() as stack:
        stack.enter_context(log_context(run_id=run.run_id, job=run.job_name))
        stack.enter_context(_as_dagster_failure())
        stack.enter_context(redact_unexpected())
        return stack.pop_all()
