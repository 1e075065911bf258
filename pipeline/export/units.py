"""Units of what is exported: every column has one, and times are written as a person would."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

NONE = "none"
"""Of texts, ids, numbers in an order, and yes or no."""
DIMENSIONLESS = "1"
MEASURED = {  # columns whose unit the tables of the pipeline do not say
    "pupil_area_norm": DIMENSIONLESS,
    "peak": "s/px² where amplitude is mass, s where it is peak",
    "scale": "model px/px",
    "map": DIMENSIONLESS,
}
COUNTED = "count"
TIME_DIGITS = 6  # microseconds, far below what any eye tracker resolves


def with_units(schema: pa.Schema) -> pa.Schema:
    """Give every column its unit, as field metadata."""
    fields = []
    for field in schema:
        words = dict(field.metadata or {})
        default = COUNTED if field.name.startswith("n_") else MEASURED.get(field.name, NONE)
        words.setdefault(b"unit", default.encode())
        fields.append(field.with_metadata(words))
    return pa.schema(fields, metadata=schema.metadata)


def unit_of(field: pa.Field) -> str:
    """Give the unit of a column, as `with_units` wrote it."""
    unit: bytes = (field.metadata or {}).get(b"unit", b"")
    return unit.decode()


def round_times(table: pa.Table) -> pa.Table:
    """Round the columns in seconds to microseconds, for forms in which numbers are text.

    A difference of times such as 3.1399999999999997 is 3.14 then.
    """
    for position, field in enumerate(table.schema):
        if unit_of(field) == "s" and pa.types.is_floating(field.type):
            rounded = pc.round(table[field.name], ndigits=TIME_DIGITS)
            table = table.set_column(position, field, rounded)
    return table


def round_time(value_s: Any) -> Any:
    """Round times, one or an array of them, to microseconds."""
    return round(value_s, TIME_DIGITS) if isinstance(value_s, float) else value_s.round(TIME_DIGITS)
