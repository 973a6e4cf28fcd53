"""Raw memory access for compiled code: loads and stores by address.

numba counts references for each array argument and wraps negative indexes; that cost as much as all other work of
the scan. These functions check nothing. README.md says why each address is valid.
"""

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped] # it ships no types
from numba import types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

_U8, _I64, _F64 = ir.IntType(8), ir.IntType(64), ir.DoubleType()


def address_of(array: npt.NDArray[np.generic]) -> int:
    """Return the address of an array's memory; the caller keeps the array while it uses the address.

    All addresses for kernels come from this function, so that the test with checked bounds knows every buffer.
    """
    address: int = array.ctypes.data
    return address


def _pointer(builder: Any, element: Any, address: Any, index: Any) -> Any:
    return builder.gep(builder.inttoptr(address, element.as_pointer()), [index], source_etype=element)


def _load(element: Any, result: Any) -> Any:
    def typing(_context: Any, _address: Any, _index: Any) -> Any:
        def codegen(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
            loaded = builder.load(_pointer(builder, element, *arguments), typ=element)
            return builder.zext(loaded, _I64) if element is _U8 else loaded

        return result(types.int64, types.int64), codegen

    return intrinsic(typing)


def _store(element: Any, argument: Any) -> Any:
    def typing(_context: Any, _address: Any, _index: Any, _value: Any) -> Any:
        def codegen(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
            address, index, value = arguments
            builder.store(
                builder.trunc(value, element) if element is _U8 else value,
                _pointer(builder, element, address, index),
            )
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, argument), codegen

    return intrinsic(typing)


load_u8 = cast("Callable[[int, int], int]", _load(_U8, types.int64))
"""Return the byte at an index of the bytes at an address."""
load_i64 = cast("Callable[[int, int], int]", _load(_I64, types.int64))
"""Return the number at an index of the 64-bit numbers at an address."""
store_u8 = cast("Callable[[int, int, int], None]", _store(_U8, types.int64))
"""Store the lowest 8 bits of a number at an index of the bytes at an address."""
store_i64 = cast("Callable[[int, int, int], None]", _store(_I64, types.int64))
"""Store a number at an index of the 64-bit numbers at an address."""
store_f64 = cast("Callable[[int, int, float], None]", _store(_F64, types.float64))
"""Store a number at an index of the doubles at an address."""
