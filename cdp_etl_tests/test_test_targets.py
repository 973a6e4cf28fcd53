"""The targets that run the tests: each test belongs to one of them, and `ci` tries no fewer examples than ever."""

import ast
import re
from collections import defaultdict
from itertools import product
from pathlib import Path

import pytest

from cdp_etl_tests.examples import CI_EXAMPLES, CI_STEPS, example_count

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "cdp_etl_tests"
CI = (ROOT / ".ci/run").read_text(encoding="utf-8")

MIN_CI_EXAMPLES = {
    "warehouse/load/test_load_order.py": [8, 12],
    "defs/test_any_order.py": [3],
    "marts/checks/test_value_check.py": [50],
    "marts/models/test_customer_identity.py": [15],
    "marts/models/test_customer_product.py": [5],
    "marts/snapshot/test_pseudonyms.py": [60],
    "marts/test_consent_of_histories.py": [12, 40],
    "marts/test_event_types.py": [50],
    "marts/test_incremental_equals_full.py": [10],
    "normalize/fast_path/test_paths_agree.py": [25],
    "normalize/readers/test_folder_values.py": [20],
    "normalize/test_conservation.py": [25],
    "normalize/test_contact_shape.py": [200],
}
"""Smallest numbers of examples in `ci` of properties that have their own number. Raise them, never lower them."""


def _marker_expressions() -> dict[str, str]:
    """Return the marker expression of each target that runs tests."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    of_make = re.findall(r'^(test[a-z-]*):.*\n\t.*pytest -m "?([a-z ]+)"? (?:-n|cdp)', makefile, re.MULTILINE)
    script = (ROOT / ".ci/test-system").read_text(encoding="utf-8")
    return dict(of_make) | {"test-system": re.findall(r'^"\$PYTEST" -m (\w+)', script, re.MULTILINE)[0]}


def test_each_test_belongs_to_one_target() -> None:
    expressions = _marker_expressions()

    assert expressions.keys() == {"test", "test-full", "test-system", "test-spark"}
    for full, system, spark in {(*marks, False) for marks in product((False, True), repeat=2)} | {
        (False, False, True)
    }:
        targets = [
            target
            for target, expression in expressions.items()
            if eval(expression, {}, {"full": full, "system": system, "spark": spark})  # noqa: S307 - an expression of the Makefile
        ]
        assert len(targets) == 1, (full, system, spark, targets)


def test_continuous_integration_runs_every_target_with_the_examples_of_ci() -> None:
    profile, *made = re.findall(r"HYPOTHESIS_PROFILE=ci$|\bmake ([^|>]+?)(?: 2>&1)? \|", CI, re.MULTILINE)

    assert not profile, "the profile is set before the first test"
    # Spark takes minutes to start and to compile. What needs no Java is in `test`.
    targets = _marker_expressions().keys() - {"test-spark"}
    assert {*targets, "check", "docs"} <= set(" ".join(made).split())


@pytest.mark.parametrize("count", [3, 8, 25, 100])
def test_ci_tries_the_examples_that_a_test_asks_for_and_dev_fewer(count: int) -> None:
    assert example_count(count, "ci") == count
    assert 2 <= example_count(count, "dev") < count


def test_ci_tries_no_fewer_examples_than_ever() -> None:
    counts = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name("examples"), args=[ast.Constant(int(count))]):
                    counts[str(path.relative_to(TESTS))].append(count)

    assert (CI_EXAMPLES, CI_STEPS) >= (100, 12)
    assert counts.keys() == MIN_CI_EXAMPLES.keys()
    for file, minimum in MIN_CI_EXAMPLES.items():
        assert len(counts[file]) == len(minimum), file
        assert all(count >= least for count, least in zip(sorted(counts[file]), minimum, strict=True)), file


def test_only_the_profiles_set_numbers_of_examples() -> None:
    elsewhere = [
        str(path.relative_to(TESTS))
        for path in sorted(TESTS.rglob("*.py"))
        if re.search(r"\b(max_exam" r"ples|stateful_step_" r"count)=", path.read_text(encoding="utf-8"))
    ]

    assert elsewhere == ["examples.py"]
