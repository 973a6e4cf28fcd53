"""Functions that are compiled: what becomes of them where nothing can be kept on disk."""

import logging

import pytest

from cdp_etl.normalize.jit import compile as compiling


def test_without_a_folder_to_keep_it_in_a_function_is_compiled_for_this_process_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a container without a home, whose packages are read-only; numba itself would not even be imported."""
    monkeypatch.setattr(compiling._Cache._impl_class, "_locator_classes", [])  # noqa: SLF001 - there is no other way

    with caplog.at_level(logging.WARNING):
        double = compiling.entry(_double)

    assert double(21) == 42
    assert "NUMBA_CACHE_DIR" in caplog.text


def _double(number: int) -> int:
    return 2 * number
