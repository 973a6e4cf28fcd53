"""What goes on of an error: our sentences, and of others their kind and place, never their text."""

import ast
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

import cdp_etl.defs
from cdp_etl.defs.alerting.run_findings import failure_sentence
from cdp_etl.defs.error_boundary import UnforeseenError, in_step, in_tick
from cdp_etl.errors import CdpEtlError

CANARY = "Nguyen Van Canary"
DEFS = Path(cdp_etl.defs.__path__[0])
WRAPPED = {
    "schedule": "in_tick",
    "sensor": "in_tick",
    "op": "in_step",
    "multi_asset": "in_step",
    "multi_asset_check": "in_step",
}


def _fail() -> None:
    int(CANARY)


def _fail_with_ours() -> None:
    try:
        int(CANARY)
    except ValueError as error:
        raise CdpEtlError("The mart was undone.") from error


@dg.op(name="computing")
@in_step
def _computing() -> None:
    _fail()


@dg.op(name="generating", out=dg.Out(is_required=False))
@in_step
def _generating() -> Iterator[dg.Output[None]]:
    _fail()
    yield dg.Output(None)


@dg.op(name="ours")
@in_step
def _ours() -> None:
    _fail_with_ours()


def ended(op: dg.OpDefinition, folder: Path) -> tuple[str, str]:
    """Run an op on an instance with files; give how its failure is told, and all that the instance has kept."""

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
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return failure_sentence(event), kept.decode(errors="replace")


@pytest.mark.parametrize("op", [_computing, _generating], ids=lambda op: op.name)
def test_an_error_nobody_foresaw_reaches_the_instance_by_kind_and_place_alone(
    op: dg.OpDefinition, tmp_path: Path
) -> None:
    sentence, kept = ended(op, tmp_path)

    assert sentence.startswith("ValueError, which cdp_etl did not foresee, at ")
    assert "test_steps.py" in sentence
    assert "_fail" in sentence
    assert CANARY not in kept


def test_an_error_of_ours_is_told_by_its_sentence_without_what_it_arose_from(tmp_path: Path) -> None:
    sentence, kept = ended(_ours, tmp_path)

    assert sentence == "The mart was undone."
    assert CANARY not in kept


def test_a_tick_fails_without_the_text_of_an_error() -> None:
    with pytest.raises(UnforeseenError, match=r"^ValueError, which") as caught:
        in_tick(_fail)()

    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__


def decorators(function: ast.FunctionDef) -> list[str]:
    """Name what stands above a function, without Dagster's prefix and without arguments."""
    called = [node.func if isinstance(node, ast.Call) else node for node in function.decorator_list]
    return [ast.unparse(node).removeprefix("dg.") for node in called]


def test_every_step_and_every_tick_is_wrapped() -> None:
    trees = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(DEFS.glob("*.py"))}
    found = {
        f"{module}: {node.name}": decorators(node)
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and WRAPPED.keys() & set(decorators(node))
    }

    assert len(found) > 10
    assert {name for name, above in found.items() if above[1:] != [WRAPPED[above[0]]]} == set()
