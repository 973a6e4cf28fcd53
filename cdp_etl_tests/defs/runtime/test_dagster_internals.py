"""Private names of Dagster: one module imports them, and they are what this package expects."""

import ast
import inspect
from pathlib import Path

import pytest

import cdp_etl
from cdp_etl.defs.runtime import dagster_internals

PACKAGE = Path(cdp_etl.__path__[0])


def private_imports(path: Path) -> list[str]:
    """Return the private modules of Dagster that a module imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    modules += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return [
        module
        for module in modules
        if module.startswith("dagster") and any(part.startswith("_") for part in module.split("."))
    ]


def test_only_one_module_imports_private_names_of_dagster() -> None:
    importing = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if private_imports(path)}

    assert importing == {"defs/runtime/dagster_internals.py"}


@pytest.mark.parametrize("name", dagster_internals.__all__)
def test_each_name_exists_in_the_pinned_release(name: str) -> None:
    assert getattr(dagster_internals, name) is not None


def test_the_replaced_functions_have_the_expected_parameters() -> None:
    """`loggers.py` replaces both by functions with the same parameters."""
    system_loggers = dagster_internals.context_creation_job.default_system_loggers  # type: ignore[attr-defined]
    console_logger = dagster_internals.instigation_logger.create_console_logger  # type: ignore[attr-defined]

    assert list(inspect.signature(system_loggers).parameters) == ["instance"]
    assert list(inspect.signature(console_logger).parameters)[:2] == ["name", "level"]


def test_constants_have_the_values_that_stored_runs_and_events_have() -> None:
    assert dagster_internals.IMPLICIT_ASSET_JOB_NAME == "__ASSET_JOB"
    assert dagster_internals.WILL_RETRY_TAG == "dagster/will_retry"
    assert dagster_internals.GRPC_INFO_TAG == ".dagster/grpc_info"
