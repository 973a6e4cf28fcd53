"""Each kernel is compiled by one process of a test run; the others load its machine code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from numba.core.dispatcher import Dispatcher


@pytest.fixture(scope="session", autouse=True)
def _one_process_compiles(shared_folder: Path) -> Iterator[None]:
    """Lock the compiler over processes: after a change of the kernels, each would compile all of them."""
    lock = FileLock(shared_folder / "compiler.lock")
    compile_or_load = Dispatcher.compile

    def compile_alone(dispatcher: Any, signature: Any) -> Any:
        with lock:
            return compile_or_load(dispatcher, signature)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dispatcher, "compile", compile_alone)
        yield
