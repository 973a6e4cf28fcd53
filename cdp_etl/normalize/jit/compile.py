"""Decorators of compiled functions, and the cache of their machine code.

numba compiles a kernel at its first call, and stores the machine code in `__pycache__`, or in the user's cache
folder if that is read-only. Later processes load it. If neither folder is writable, each process compiles for
itself and logs a warning.
"""

import logging
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys

from cdp_etl.contract import parsers
from cdp_etl.normalize import nfc

_Function = TypeVar("_Function", bound=Callable[..., Any])

# `nogil`: compiled code does not hold the interpreter's lock, so batches run in parallel.
compiled = cast("Callable[[_Function], _Function]", numba.njit(nogil=True))
"""Decorator of a function that only compiled functions call; it becomes part of their machine code."""


class _Cache(FunctionCache):
    """Cache whose key includes all sources of the machine code; numba's own key has one file only."""

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        key: tuple[Any, ...] = super()._index_key(sig, codegen)  # type: ignore[no-untyped-call] # numba types its decorators only
        return (*key, _source_hash())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load machine code. numba's own method first imports all that it can compile, for 0.8 CPU seconds.

        Compiling imports it too, so a signature that is not in the cache is compiled as always.
        """
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call] # numba types its decorators only


@lru_cache(maxsize=1)
def _source_hash() -> str:
    """Return a hash of all compiled sources: this package, and the two modules whose constants it compiles in."""
    files = [*sorted(Path(__file__).parent.glob("*.py")), Path(parsers.__file__), Path(nfc.__file__)]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def kernel(function: _Function) -> _Function:
    """Compile a function that Python calls, with all functions that it calls, and cache the machine code."""
    dispatcher: Any = numba.njit(nogil=True)(function)
    # The attribute that `cache=True` sets; the version of numba is pinned.
    try:
        dispatcher._cache = _Cache(function)  # type: ignore[no-untyped-call] # noqa: SLF001 - as above
    except RuntimeError:  # raised by numba if no cache folder is writable
        logging.getLogger(__name__).warning(
            "Compiled code of %s cannot be cached, so each process compiles it. "
            "Set NUMBA_CACHE_DIR to a writable folder.",
            function.__name__,
        )
    return cast("_Function", dispatcher)
