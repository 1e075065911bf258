"""Functions that numba compiles, and eight bytes of an array read and written at once.

numba checks no index: each function says why its indices lie within its arrays.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

Function = TypeVar("Function", bound=Callable[..., Any])


generated: Callable[[Callable[..., Any]], Callable[..., Any]] = intrinsic
"""Have numba call a function for what it stands for, in the terms of the compiler."""


def compiled(function: Function) -> Function:
    """Have a function compiled when it is first called.

    It may make no arrays: those it is called with are not counted, which would take longer than to
    read a symbol.
    """
    faster: Function = numba.njit(nogil=True, _nrt=False)(function)
    return faster


def inlined(function: Function) -> Function:
    """Have a function compiled as part of those that call it, whatever its length."""
    part: Function = numba.njit(forceinline=True, _nrt=False)(function)
    return part


def kept(function: Function) -> Function:
    """Have a function, which may make arrays, compiled and kept for other processes."""
    try:
        faster: Function = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # there is no folder to keep it in
        faster = numba.njit(nogil=True)(function)
    return faster


@generated
def load(_: Any, array: Any, first: Any) -> Any:
    """Read eight bytes of an array of bytes as one number, the first byte in the lowest place."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return read(builder, item(context, builder, signature, values, 0), ir.IntType(64))

    return types.uint64(array, first), generate


@generated
def swapped(_: Any, number: Any) -> Any:
    """Put the lowest byte of eight into the highest place, and so on."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ARG001 numba calls it
        return builder.bswap(values[0])

    return types.uint64(number), generate


@generated
def store(_: Any, array: Any, first: Any, number: Any) -> Any:
    """Write eight bytes into an array of bytes, the lowest of the number first."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        write(builder, item(context, builder, signature, values, 0), values[2])
        return context.get_dummy_value()

    return types.void(array, first, number), generate


def item(context: Any, builder: Any, signature: Any, values: Any, number: int) -> Any:
    """Point to an item of an array: they are an argument of a function and the next."""
    array = make_array(signature.args[number])(context, builder, values[number])
    return builder.gep(array.data, [values[number + 1]])


def read(builder: Any, place: Any, kind: Any) -> Any:
    """Read a value that may begin at any byte."""
    return builder.load(builder.bitcast(place, kind.as_pointer()), align=1)


def write(builder: Any, place: Any, value: Any) -> None:
    """Write a value that may begin at any byte."""
    builder.store(value, builder.bitcast(place, value.type.as_pointer()), align=1)
