import re

import pyarrow as pa
import pytest

from gazescribe.pipeline.core.columns import SCHEMA_VERSION
from gazescribe.pipeline.core.schemas import TABLES

UNITS = {  # spec: suffixes of names (docs/format.md)
    r"_s$": ("s",),
    r"_px$": ("px", "model px"),
    r"^px_per_deg_": ("px/deg",),
    r"^char_": ("character",),
    r"_deg$": ("deg",),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_tables(table):
    assert TABLES[table.name] is table
    assert len(set(table.columns)) == len(table.columns)
    assert set(table.key) <= set(table.columns)
    assert table.schema.metadata == {
        b"table": table.name.encode(),
        b"schema_version": SCHEMA_VERSION.encode(),
        b"description": table.description.encode(),
    }


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_units_are_those_that_names_end_with(table):
    for field in table.schema:
        unit = field.metadata.get(b"unit", b"").decode()
        for pattern, units in UNITS.items():
            if re.search(pattern, field.name):
                assert unit in units, field
        assert field.metadata[b"description"].strip(), field
        if field.name.endswith("_s"):
            assert field.type == pa.float64(), field


def test_what_identifies_a_row_is_never_null():
    """But for readings of classification, which only one of its two data sets has."""
    nullable = {
        (table.name, name)
        for table in TABLES.values()
        for name in table.key
        if table.schema.field(name).nullable
    }
    assert nullable == {("mil_classification", "reading_id")}


def test_tables_of_one_file_belong_to_different_systems():
    """A folder holds one of them, so that the name of a file is never taken twice."""
    files = {}
    for table in TABLES.values():
        files.setdefault(table.file or table.name, []).append(table.name.split("_")[0])
    shared = {file: systems for file, systems in files.items() if len(systems) > 1}
    assert shared == {"classification": ["mil", "cooperative"]}
