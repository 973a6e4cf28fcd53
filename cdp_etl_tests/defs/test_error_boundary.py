"""Errors of ops and ticks: our own messages are kept, unexpected errors are reduced to type and location."""

import ast
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

import cdp_etl.defs
from cdp_etl.defs.alerting.run_findings import failure_sentence
from cdp_etl.defs.error_boundary import UnexpectedError, op_boundary, tick_boundary
from cdp_etl.errors import CdpEtlError

CANARY = "Nguyen Van Canary"
DEFS = Path(cdp_etl.defs.__path__[0])
WRAPPED = {
    "schedule": "tick_boundary",
    "sensor": "tick_boundary",
    "op": "op_boundary",
    "multi_asset": "op_boundary",
    "multi_asset_check": "op_boundary",
}


def _fail() -> None:
    int(CANARY)


def _fail_with_ours() -> None:
    try:
        int(CANARY)
    except ValueError as error:
        raise CdpEtlError("The mart was undone.") from error


@dg.op(name="computing")
@op_boundary
def _computing() -> None:
    _fail()


@dg.op(name="generating", out=dg.Out(is_required=False))
@op_boundary
def _generating() -> Iterator[dg.Output[None]]:
    _fail()
    yield dg.Output(None)


@dg.op(name="ours")
@op_boundary
def _ours() -> None:
    _fail_with_ours()


def run_failing(op: dg.OpDefinition, folder: Path) -> tuple[str, str]:
    """Run an op on an instance with files. Return the failure sentence and everything the instance stored."""

    @dg.job(name="one_op")
    def job() -> None:
        op()

    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    (event,) = result.filter_events(lambda event: event.is_step_failure)
    stored = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return failure_sentence(event), stored.decode(errors="replace")


@pytest.mark.parametrize("op", [_computing, _generating], ids=lambda op: op.name)
def test_an_unexpected_error_is_stored_with_type_and_location_only(op: dg.OpDefinition, tmp_path: Path) -> None:
    sentence, stored = run_failing(op, tmp_path)

    assert sentence.startswith("Unexpected ValueError (bug?) at ")
    assert "test_error_boundary.py" in sentence
    assert "_fail" in sentence
    assert CANARY not in stored


def test_an_error_of_ours_is_stored_with_its_message_and_without_its_cause(tmp_path: Path) -> None:
    sentence, stored = run_failing(_ours, tmp_path)

    assert sentence == "The mart was undone."
    assert CANARY not in stored


def test_a_tick_fails_without_the_text_of_an_error() -> None:
    with pytest.raises(UnexpectedError, match=r"^Unexpected ValueError") as caught:
        tick_boundary(_fail)()

    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__


def decorators(function: ast.FunctionDef) -> list[str]:
    """Return the names of a function's decorators, without Dagster's prefix and without arguments."""
    called = [node.func if isinstance(node, ast.Call) else node for node in function.decorator_list]
    return [ast.unparse(node).removeprefix("dg.") for node in called]


def test_every_op_and_every_tick_is_wrapped() -> None:
    trees = {
        str(path.relative_to(DEFS)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(DEFS.rglob("*.py"))
    }
    found = {
        f"{module}: {node.name}": decorators(node)
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and WRAPPED.keys() & set(decorators(node))
    }

    assert len(found) > 10
    assert {name for name, above in found.items() if above[1:] != [WRAPPED[above[0]]]} == set()
