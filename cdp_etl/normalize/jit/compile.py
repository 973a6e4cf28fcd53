"""How functions of this package are compiled.

Put here the two decorators. numba compiles an entry when it is first called, and keeps the machine code beside the
source, or in the user's cache folder where that is read-only; later processes load it. Where neither can be
written to, each process compiles for itself, and says so.
"""

import logging
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache

from cdp_etl.contract import parsers
from cdp_etl.normalize import nfc

_Function = TypeVar("_Function", bound=Callable[..., Any])

# While compiled code runs, other threads do: it holds no lock of the interpreter.
compiled = cast("Callable[[_Function], _Function]", numba.njit(nogil=True))
"""Of a function that only compiled ones call; it becomes part of their code."""


class _Cache(FunctionCache):
    """Machine code that is loaded only where nothing it was made of has changed; numba looks at one file alone."""

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        key: tuple[Any, ...] = super()._index_key(sig, codegen)  # type: ignore[no-untyped-call] # numba types its decorators only
        return (*key, _sources())


@lru_cache(maxsize=1)
def _sources() -> str:
    """Give a hash of all that is compiled: this package, and the two modules whose constants it takes."""
    files = [*sorted(Path(__file__).parent.glob("*.py")), Path(parsers.__file__), Path(nfc.__file__)]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def entry(function: _Function) -> _Function:
    """Compile a function that is called from outside, with what it calls, and keep the machine code."""
    dispatcher: Any = numba.njit(nogil=True)(function)
    # Where `cache=True` puts its own; the version of numba is pinned.
    try:
        dispatcher._cache = _Cache(function)  # type: ignore[no-untyped-call] # noqa: SLF001 - as above
    except RuntimeError:  # numba's way to say that it finds no folder it can write to
        logging.getLogger(__name__).warning(
            "Compiled code of %s cannot be kept: give NUMBA_CACHE_DIR a folder that can be written to.",
            function.__name__,
        )
    return cast("_Function", dispatcher)
