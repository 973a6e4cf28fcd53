"""Machine code of compiled functions: its cache, and the case without a folder for it."""

import logging
import subprocess
import sys

import pytest

from cdp_etl.normalize.jit import compile as compiling


def test_without_a_cache_folder_a_kernel_is_compiled_and_a_warning_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The case of a container without a home folder, whose packages are read-only."""
    # numba would not even be imported there; so only its list of folders is emptied.
    monkeypatch.setattr(compiling._Cache._impl_class, "_locator_classes", [])  # noqa: SLF001 - there is no other way

    with caplog.at_level(logging.WARNING):
        double = compiling.kernel(_double)

    assert double(21) == 42
    assert "NUMBA_CACHE_DIR" in caplog.text


LOADED = """
import sys
import numpy as np
from cdp_etl.normalize.jit.payload_entries import find_entries
from cdp_etl.normalize.jit.raw_memory import address_of

data, spans = np.frombuffer(b'{"entries":[{},{}]}', np.uint8), np.empty((9, 2), np.int64)
arguments = (0, len(data), address_of(spans))
assert find_entries(address_of(data), *arguments) == 2
imported = {"numba.np.arraymath", "scipy.linalg"} & set(sys.modules)
print(sum(find_entries.stats.cache_hits.values()), *sorted(imported))
import numba
assert numba.njit(lambda values: values.sum())(np.arange(4)) == 6
"""


def test_loading_machine_code_imports_nothing_that_only_compiling_needs() -> None:
    """It would cost every process 0.8 CPU seconds. What is compiled after that is compiled as always."""
    runs = [
        subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True).stdout
        for _ in range(2)  # the first one compiles, if nothing did before
    ]

    assert runs[1] == "1\n"


def _double(number: int) -> int:
    return 2 * number
