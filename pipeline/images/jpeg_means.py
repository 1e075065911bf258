"""Means of quarters or sixteenths of the blocks of a JPEG file, from their coefficients.

In whole numbers and with the rounding of libjpeg's `jidctred.c`, so that they are the same to the
bit. Blocks come eight at a time, and one instruction works on eight: what does, is written for the
compiler in its own terms, since loops of eight are not made so by itself. Each block's own mean,
which a file has as difference from the block before, is added last: it is not yet known where a
lane began in the middle of a file.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from gazescribe.pipeline.images.jpeg_compiled import compiled, generated, inlined, item, read, write

BLOCK = 64
"""Coefficients of a block."""
EIGHT = ir.VectorType(ir.IntType(32), 8)
EIGHT_BYTES = ir.VectorType(ir.IntType(8), 8)
ZIGZAG = sorted(
    ((row, column) for row in range(8) for column in range(8)),
    key=lambda cell: (sum(cell), cell[1 - sum(cell) % 2]),
)
"""Row and column of each coefficient of a file."""
MOST = 1408
"""Largest coefficient, times its divisor, with which no sum leaves 32 bits. Pixels give 1,152."""


BIT, PLACE, N_LARGE, DONE, IS_DAMAGED = range(5)


class Lane(NamedTuple):
    """Where a lane is, the coefficients of the blocks that it read last, and what came of all.

    `state` has the next bit, the place of the next coefficient, how many `large` there are (place
    and value of coefficients that are no bytes), how many blocks are done, whether there is damage.
    """

    state: NDArray[np.int64]
    coefficients: NDArray[np.uint8]
    large: NDArray[np.int64]
    turned: NDArray[np.int8]
    wide: NDArray[np.int32]
    means: NDArray[np.int32]
    differences: NDArray[np.int32]


class Eight:
    """Eight numbers of 32 bits, as the compiler has them, to write formulas with."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    @classmethod
    def all(cls, builder: Any, value: Any) -> "Eight":
        """Eight times the same number."""
        eight = ir.Constant(EIGHT, ir.Undefined)
        for place in range(8):
            eight = builder.insert_element(eight, value, ir.Constant(ir.IntType(32), place))
        return cls(builder, eight)

    def _with(self, operation: str, other: "Eight | int") -> "Eight":
        value = other.value if isinstance(other, Eight) else ir.Constant(EIGHT, [other] * 8)
        return Eight(self.builder, getattr(self.builder, operation)(self.value, value))

    def __add__(self, other: "Eight | int") -> "Eight":
        return self._with("add", other)

    def __sub__(self, other: "Eight") -> "Eight":
        return self._with("sub", other)

    def __mul__(self, other: "Eight | int") -> "Eight":
        return self._with("mul", other)

    def __lshift__(self, n_bits: int) -> "Eight":
        return self._with("shl", n_bits)

    def __rshift__(self, n_bits: int) -> "Eight":
        return self._with("ashr", n_bits)


def two(c: dict[int, Any]) -> list[Any]:
    """Two means of eight values, times 2 ** 15, from their cosine transform."""
    even = c[0] << 15
    odd = c[1] * 29692 + c[3] * -10426 + c[5] * 6967 + c[7] * -5906
    return [even + odd, even - odd]


def four(c: dict[int, Any]) -> list[Any]:
    """Four means of eight values, times 2 ** 14, from their cosine transform."""
    even, inner = c[0] << 14, c[2] * 15137 + c[6] * -6270
    outer = c[1] * 20995 + c[3] * 7373 + c[5] * -4926 + c[7] * -4176
    middle = c[1] * 8697 + c[3] * -17799 + c[5] * 11893 + c[7] * -1730
    return [
        even + inner + outer,
        even - inner + middle,
        even - inner - middle,
        even + inner - outer,
    ]


def means_of(coefficients: dict[tuple[int, int], Any], side: int) -> list[Any]:
    """Means of a block, row by row, times 2 ** 17 or 2 ** 16, from what counts for them."""
    transform, n_bits = (two, 13) if side == 2 else (four, 12)
    rows: list[dict[int, Any]] = [{} for _ in range(side)]
    for column in rows_read(side):
        of_column = {row: coefficients[row, column] for row in rows_read(side)}
        for row, value in zip(rows, transform(of_column), strict=True):
            row[column] = (value + (1 << n_bits - 1)) >> n_bits
    return [mean for row in rows for mean in transform(row)]


def rows_read(side: int) -> tuple[int, ...]:
    """Rows of coefficients, and columns, that count for so many means along a side."""
    return (0, 1, 3, 5, 7) if side == 2 else (0, 1, 2, 3, 5, 6, 7)


def _transform(side: int) -> Any:
    """Make a function that writes the means of eight blocks."""

    @generated
    def transform(
        _: Any,
        coefficients: Any,
        first: Any,
        divisors: Any,
        first_divisor: Any,
        means: Any,
        column: Any,
        n_columns: Any,
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            source = item(context, builder, signature, values, 0)
            of_divisors = item(context, builder, signature, values, 2)
            target = item(context, builder, signature, values, 4)
            needed: dict[tuple[int, int], Any] = {}
            for number, cell in enumerate(ZIGZAG):
                if not {*cell} <= {*rows_read(side)}:
                    continue
                place = number % 8 * 8 + number // 8
                address = builder.gep(source, [ir.Constant(ir.IntType(64), place * 8)])
                if coefficients.dtype == types.int8:
                    value = builder.sext(read(builder, address, EIGHT_BYTES), EIGHT)
                else:
                    value = read(builder, address, EIGHT)
                address = builder.gep(of_divisors, [ir.Constant(ir.IntType(64), number)])
                divisor = read(builder, address, ir.IntType(32))
                eight = ir.Constant(EIGHT, ir.Undefined)
                for lane in range(8):
                    eight = builder.insert_element(
                        eight, divisor, ir.Constant(ir.IntType(32), lane)
                    )
                needed[cell] = Eight(builder, value) * Eight(builder, eight)
            needed[0, 0] = Eight(builder, ir.Constant(EIGHT, [0] * 8))  # added last
            for mean in means_of(needed, side):
                write(builder, target, mean.value)
                target = builder.gep(target, [values[6]])
            return context.get_dummy_value()

        arguments = (coefficients, first, divisors, first_divisor, means, column, n_columns)
        return types.void(*arguments), generate

    return transform


quarters, sixteenths = _transform(2), _transform(4)


@generated
def turn(_: Any, blocks: Any, first: Any, turned: Any, first_turned: Any) -> Any:
    """Bring together, as eight bytes, what eight blocks have in the same place.

    Coefficient 8 m + n comes to place 8 n + m.
    """

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.VectorType(ir.IntType(64), 8)
        source = item(context, builder, signature, values, 0)
        target = item(context, builder, signature, values, 2)
        places = [ir.Constant(ir.IntType(64), BLOCK * number) for number in range(8)]
        rows = [read(builder, builder.gep(source, [place]), kind) for place in places]
        for step, mask in ((1, 0x00FF00FF00FF00FF), (2, 0x0000FFFF0000FFFF), (4, 0xFFFFFFFF)):
            lower = ir.Constant(kind, [mask] * 8)
            n_bits = ir.Constant(kind, [8 * step] * 8)
            for number in range(8):
                if number & step:
                    continue
                a, b = rows[number], rows[number + step]
                upper = builder.shl(builder.and_(b, lower), n_bits)
                rows[number] = builder.or_(builder.and_(a, lower), upper)
                below = builder.and_(builder.lshr(a, n_bits), lower)
                rows[number + step] = builder.or_(below, builder.and_(b, builder.not_(lower)))
        for place, row in zip(places, rows, strict=True):
            write(builder, builder.gep(target, [place]), row)
        return context.get_dummy_value()

    return types.void(blocks, first, turned, first_turned), generate


@compiled
def means_of_blocks(lane: Lane, n_blocks: int, divisors: NDArray[np.int32], side: int) -> None:
    """Write the means of a lane's first blocks, and how each block's own differs from the last.

    Eight blocks are written at a time, those after the last with no meaning.
    """
    turned, wide, large = lane.turned, lane.wide, lane.large
    n_columns = lane.means.shape[1]
    number = 0
    for block in range(0, n_blocks, 8):
        turn(lane.coefficients, block * BLOCK, turned, 0)
        column = lane.state[DONE] + block
        first = number
        while number < lane.state[N_LARGE] and large[number, 0] < (block + 8) * BLOCK:
            number += 1
        if first < number:
            _widen(turned, wide, large, first, number, block)
            _write(wide, divisors, side, lane, column, n_columns)
        else:
            _write(turned, divisors, side, lane, column, n_columns)


@inlined
def _widen(
    turned: NDArray[np.int8],
    wide: NDArray[np.int32],
    large: NDArray[np.int64],
    first: int,
    last: int,
    block: int,
) -> None:
    """Put coefficients that are no bytes among those that are."""
    for place in range(8 * BLOCK):
        wide[place] = turned[place]
    for number in range(first, last):
        of_eight = large[number, 0] // BLOCK - block
        coefficient = large[number, 0] % BLOCK
        wide[8 * (coefficient % 8 * 8 + coefficient // 8) + of_eight] = large[number, 1]


@inlined
def _write(
    coefficients: NDArray[Any],
    divisors: NDArray[np.int32],
    side: int,
    lane: Lane,
    column: int,
    n_columns: int,
) -> None:
    for of_eight in range(8):
        lane.differences[column + of_eight] = coefficients[of_eight]
    if side == 2:
        quarters(coefficients, 0, divisors, 0, lane.means, column, n_columns)
    elif side == 4:
        sixteenths(coefficients, 0, divisors, 0, lane.means, column, n_columns)


@compiled
def place_means(
    means: NDArray[np.int32],
    differences: NDArray[np.int32],
    divisor: int,
    side: int,
    block_means: NDArray[np.int32],
    picture: NDArray[np.uint8],
) -> bool:
    """Add the means of blocks, and write a picture; False where they leave what pixels can have.

    `picture` has whole blocks; `block_means` has room for those of a row.
    """
    n_columns = len(block_means)
    up, down = (0, 3) if side == 1 else (17, 20) if side == 2 else (16, 19)
    block_mean = np.int64(0)
    is_right = True
    for row in range(len(picture) // side):
        first = row * n_columns
        for column in range(n_columns):
            block_mean += differences[first + column] * divisor
            is_right &= abs(block_mean) <= MOST
            block_means[column] = block_mean << up
        for y in range(side):
            line = picture[side * row + y]
            if side == 1:
                is_right &= _place(means, 0, first, block_means, down, 1, line)
            elif side == 2:
                is_right &= _place(means, 2 * y, first, block_means, down, 2, line)
            else:
                is_right &= _place(means, 4 * y, first, block_means, down, 4, line)
    return is_right


@inlined
def _place(
    means: NDArray[np.int32],
    plane: int,
    first: int,
    block_means: NDArray[np.int32],
    down: int,
    side: int,
    line: NDArray[np.uint8],
) -> bool:
    beyond: Any = np.int32(0)
    half = np.int32(1 << (down - 1))
    for column in range(len(block_means)):
        for x in range(side):
            of_block = means[plane + x, np.uint64(first + column)] if side > 1 else np.int32(0)
            grey: Any = np.int32(of_block + block_means[column] + half) >> down
            beyond |= np.int32(grey + 512) >> 10
            line[np.uint64(side * column + x)] = min(max(grey + 128, 0), 255)
    return bool(beyond == 0)
