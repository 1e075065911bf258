"""CSV that spreadsheets open: texts which they would run as formulas stay texts."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

FORMULA = r"^[=+\-@\t\r']"
"""How a text begins that spreadsheets take for a formula (OWASP, CSV Injection), or as escaped."""


def no_formulas(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Put an apostrophe before texts that spreadsheets would run, and before those that have one.

    Without a leading apostrophe each text is again what it was.
    """
    risky = pc.fill_null(pc.match_substring_regex(texts, FORMULA), fill_value=False)
    return pc.if_else(risky, pc.binary_join_element_wise("'", texts, ""), texts)


def write_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV, numbers to their last bit, null as nothing; see `no_formulas`."""
    for position, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(position, field.name, no_formulas(table[field.name]))
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="needed"))
