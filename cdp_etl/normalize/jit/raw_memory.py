"""Memory read and written by address: what compiled code does with the arrays that it is given.

An array handed from function to function is counted each time, and each index looked at for being negative; that
cost as much as all the reading. Put here single loads and stores. Whoever calls them answers for the bounds: the
caller of `records.scan_records` keeps the arrays, and each function is given where what it may read ends.
"""

from typing import TYPE_CHECKING, Any, cast

from llvmlite import ir  # type: ignore[import-untyped] # it ships no types
from numba import types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

_BYTE, _WORD, _DOUBLE = ir.IntType(8), ir.IntType(64), ir.DoubleType()


def _place(builder: Any, kind: Any, address: Any, at: Any) -> Any:
    return builder.gep(builder.inttoptr(address, kind.as_pointer()), [at], source_etype=kind)


def _loads(kind: Any, given: Any) -> Any:
    def typed(_context: Any, _address: Any, _at: Any) -> Any:
        def made(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
            loaded = builder.load(_place(builder, kind, *arguments), typ=kind)
            return builder.zext(loaded, _WORD) if kind is _BYTE else loaded

        return given(types.int64, types.int64), made

    return intrinsic(typed)


def _stores(kind: Any, taken: Any) -> Any:
    def typed(_context: Any, _address: Any, _at: Any, _value: Any) -> Any:
        def made(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
            address, at, value = arguments
            builder.store(
                builder.trunc(value, kind) if kind is _BYTE else value, _place(builder, kind, address, at)
            )
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, taken), made

    return intrinsic(typed)


byte_at = cast("Callable[[int, int], int]", _loads(_BYTE, types.int64))
"""Give the byte so many places from an address."""
word_at = cast("Callable[[int, int], int]", _loads(_WORD, types.int64))
"""Give the 64-bit number so many places from an address."""
put_byte = cast("Callable[[int, int, int], None]", _stores(_BYTE, types.int64))
"""Store the lowest 8 bits of a number so many bytes from an address."""
put_word = cast("Callable[[int, int, int], None]", _stores(_WORD, types.int64))
"""Store a 64-bit number so many of them from an address."""
put_decimal = cast("Callable[[int, int, float], None]", _stores(_DOUBLE, types.float64))
"""Store a number in floating point so many of them from an address."""
