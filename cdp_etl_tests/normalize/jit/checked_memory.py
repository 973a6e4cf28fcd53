"""Plugin for pytest that runs the kernels in pure Python, with every access to memory checked.

    NUMBA_DISABLE_JIT=1 python -m pytest -p cdp_etl_tests.normalize.jit.checked_memory ...

An access must lie within the buffer whose address it uses. A buffer is known from the call of `address_of` to the
end of the next kernel, as README.md of `cdp_etl.normalize.jit` demands. `test_bounds.py` runs the plugin.
"""

import ctypes
import functools
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import Phase, settings

from cdp_etl.normalize.jit import canonical_json, payload_entries, raw_memory, records

_WORD = 8


class OutOfBoundsError(Exception):
    """An access to memory that README.md of `cdp_etl.normalize.jit` forbids."""


class Buffer:
    """Memory of one array; it does not keep the array alive."""

    def __init__(self, array: npt.NDArray[np.generic]) -> None:
        """Describe the memory of an array without a reference to it."""
        assert array.flags.c_contiguous
        self.address: int = array.ctypes.data
        self.size = array.nbytes
        self.is_writable = bool(array.flags.writeable)
        while isinstance(array.base, np.ndarray):
            array = array.base
        self._owner = weakref.ref(array) if array.base is None else lambda: True

    def view(self, address: int) -> memoryview:
        """Return the bytes from an address within the buffer to its end."""
        if self._owner() is None:
            raise OutOfBoundsError("the array was deleted before the kernel used its address")
        count = self.address + self.size - address
        view = memoryview((ctypes.c_ubyte * count).from_address(address)).cast("B")
        return view if self.is_writable else view.toreadonly()


class CheckedMemory(threading.local):
    """The functions of `raw_memory`, with checks; each thread has its own buffers."""

    def __init__(self) -> None:
        """Know no buffer."""
        self.buffers: list[Buffer] = []
        self.views: dict[int, tuple[memoryview, memoryview]] = {}

    def address_of(self, array: npt.NDArray[np.generic]) -> int:
        """Return the address of an array, and allow access to it until the next kernel returns."""
        self.buffers.append(Buffer(array))
        return self.buffers[-1].address

    def forget(self) -> None:
        """Forbid access to all buffers."""
        self.buffers.clear()
        self.views.clear()

    def load_u8(self, address: int, index: int) -> int:
        """Load a byte."""
        view, _ = self.views.get(address) or self._views(address)
        if not 0 <= index < len(view):
            raise OutOfBoundsError(f"load of byte {index} of {len(view)}")
        return view[index]

    def load_i64(self, address: int, index: int) -> int:
        """Load a 64-bit number."""
        _, words = self.views.get(address) or self._views(address)
        if not 0 <= index < len(words):
            raise OutOfBoundsError(f"load of word {index} of {len(words)}")
        return words[index]

    def store_u8(self, address: int, index: int, value: int) -> None:
        """Store the lowest 8 bits of a number."""
        view, _ = self.views.get(address) or self._views(address)
        if view.readonly or not 0 <= index < len(view):
            raise OutOfBoundsError(f"store to byte {index} of {len(view)}, read-only: {view.readonly}")
        view[index] = int(value) & 0xFF

    def store_i64(self, address: int, index: int, value: int) -> None:
        """Store a 64-bit number; the value wraps as in machine code."""
        _, words = self.views.get(address) or self._views(address)
        if words.readonly or not 0 <= index < len(words):
            raise OutOfBoundsError(f"store to word {index} of {len(words)}, read-only: {words.readonly}")
        words[index] = (int(value) + 2**63) % 2**64 - 2**63

    def store_f64(self, address: int, index: int, value: float) -> None:
        """Store a double."""
        view, words = self.views.get(address) or self._views(address)
        if words.readonly or not 0 <= index < len(words):
            raise OutOfBoundsError(f"store to double {index} of {len(words)}, read-only: {words.readonly}")
        view[: len(words) * _WORD].cast("d")[index] = float(value)

    def _views(self, address: int) -> tuple[memoryview, memoryview]:
        """Return the memory from an address to the end of its buffer: as bytes, and as words if it is aligned."""
        # An empty buffer may have any address, also one within another buffer.
        holders = [buffer for buffer in self.buffers if buffer.address <= address < buffer.address + buffer.size]
        if not holders:
            raise OutOfBoundsError("an address of no buffer, or of an empty one")
        # `offsets[1:]` overlaps `offsets`: the array that begins at the address is meant.
        buffer = next((buffer for buffer in holders if buffer.address == address), holders[0])
        view = buffer.view(address)
        words = view[: len(view) // _WORD * _WORD if address % _WORD == 0 else 0].cast("q")
        self.views[address] = view, words
        return view, words


MEMORY = CheckedMemory()
CALLS: dict[str, int] = {}
"""Number of calls of each kernel."""


def checked(kernel: Callable[..., int]) -> Callable[..., int]:
    """Wrap a kernel: count its calls, and forget its buffers when it returns."""
    CALLS[kernel.__name__] = 0

    @functools.wraps(kernel)
    def run(*arguments: Any) -> int:
        CALLS[kernel.__name__] += 1
        try:
            return kernel(*arguments)
        finally:
            MEMORY.forget()

    return run


def install() -> None:
    """Replace the functions of `raw_memory` and the kernels in all modules."""
    if os.environ.get("NUMBA_DISABLE_JIT") != "1":
        raise pytest.UsageError("NUMBA_DISABLE_JIT=1 must be set before numba is imported")
    names = ("address_of", "load_u8", "load_i64", "store_u8", "store_i64", "store_f64")
    replacements = {id(getattr(raw_memory, name)): getattr(MEMORY, name) for name in names}
    for module in (canonical_json, payload_entries, records):
        for function in vars(module).values():
            if hasattr(function, "_cache"):  # set by `compile.kernel`
                replacements.setdefault(id(function), checked(function))
    for module in [module for name, module in sys.modules.items() if name.startswith("cdp_etl")]:
        for name, value in list(vars(module).items()):
            if id(value) in replacements:
                setattr(module, name, replacements[id(value)])


def pytest_configure() -> None:
    """Install the checks before tests are imported.

    Examples are not shrunk, because that takes minutes in pure Python.
    """
    settings.register_profile("checked", phases=[Phase.explicit, Phase.generate])
    settings.load_profile("checked")
    install()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report how often each kernel ran."""
    for name, count in CALLS.items():
        terminalreporter.write_line(f"checked kernel {name}: {count}")
