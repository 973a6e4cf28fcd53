"""What holds for every step and every tick: connections, what log lines are about, what may be told of an error.

Errors end in Dagster's storage and in its UI. Ours hold no record's values; what DuckDB, pydantic or polars say of
a value that they do not take does. So of an error that nobody foresaw only its kind and its place go on.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

import dagster as dg

from cdp_etl.defs.storage_connections import keep_connections
from cdp_etl.errors import CdpEtlError
from cdp_etl.logs import log_context
from cdp_etl.logs.json_lines import places

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_MOST_PLACES = 12


class UnforeseenError(CdpEtlError):
    """A fault of the program: kind and places of the error, without its text."""

    def __init__(self, kind: type[BaseException], trace: TracebackType | None) -> None:
        where = " > ".join(places(trace)[-_MOST_PLACES:])
        super().__init__(
            f"{kind.__name__}, which cdp_etl did not foresee, at {where}. Its text is left out: it may hold a"
            " record's values."
        )


class WithoutValues:
    """Lets errors out of a block that hold no record's values, and nothing of those that they arose from."""

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Replace an error that nobody foresaw."""
        if kind is None or not isinstance(error, Exception) or isinstance(error, dg.Failure | dg.RetryRequested):
            return
        if isinstance(error, CdpEtlError):
            raise error from None
        raise UnforeseenError(kind, trace) from None


class _OursAsFailures:
    """Makes a step that ends by one of our errors tell its sentence, in the UI and wherever a failure is told."""

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Replace an error of ours by Dagster's own."""
        if isinstance(error, CdpEtlError):
            raise dg.Failure(description=str(error)) from None


def in_step(compute: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Wrap what a step computes; put it below Dagster's own decorator."""
    if inspect.isgeneratorfunction(compute):
        return cast("Callable[_Parameters, _Result]", _generator_in_step(compute))

    @functools.wraps(compute)
    def computing(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        with _step():
            return compute(*args, **kwargs)

    return computing


def _generator_in_step(compute: Callable[_Parameters, Iterator[Any]]) -> Callable[_Parameters, Iterator[Any]]:
    @functools.wraps(compute)
    def generating(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> Iterator[Any]:
        with _step():
            yield from compute(*args, **kwargs)

    return generating


def in_tick(evaluate: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Wrap what a sensor or a schedule evaluates; put it below Dagster's own decorator."""

    @functools.wraps(evaluate)
    def evaluating(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        with WithoutValues():
            return evaluate(*args, **kwargs)

    return evaluating


def _step() -> ExitStack:
    """Give the block of a step, from the inside out: errors without values, as failures; the lines' fields."""
    context = dg.OpExecutionContext.get()
    keep_connections(context.instance)
    run = context.run
    with ExitStack() as stack:
        stack.enter_context(log_context(run_id=run.run_id, job=run.job_name))
        stack.enter_context(_OursAsFailures())
        stack.enter_context(WithoutValues())
        return stack.pop_all()
