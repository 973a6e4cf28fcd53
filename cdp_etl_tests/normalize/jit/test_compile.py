"""Compiled functions work without a folder for their machine code."""

import logging

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


def _double(number: int) -> int:
    return 2 * number
