import numpy as np
import pytest

from gazescribe.pipeline.ingest.by_manifest.cell_texts import is_value, parse_numbers, texts_of
from gazescribe.pipeline.sources.cells import NumberCell, TimeCell


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1.5", ".", 1.5),
        ("1,5", ",", 1.5),
        ("1.024,5", ",", 1024.5),
        ("1.024", ",", 1024),
        ("12.345.678,25", ",", 12345678.25),
        ("1 024,5", ",", 1024.5),
        ("1\u202f024", ",", 1024),
        ("1,024.5", ".", 1024.5),
        ("1,024,000", ".", 1024000),
        ("1'024.5", ".", 1024.5),
        ("\u22123.5", ".", -3.5),
        ("n/a", ".", np.nan),
        ("-", ".", np.nan),
        # A point that sets no thousands apart, a comma that may be either, words
        ("0.567", ",", np.inf),
        ("1.5", ",", np.inf),
        ("1,024", ".", np.inf),
        ("1.02.500", ",", np.inf),
        ("left", ".", np.inf),
    ],
)
def test_numbers(text, decimal, number):
    np.testing.assert_equal(parse_numbers([text], NumberCell(column="a"), decimal), [number])


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("1.3s", "s", 1.3),
        ("350 ms", "s", 0.35),
        ("350 ms", "ms", 350),
        ("1.5 s", "us", 1_500_000),
        ("250µs", "ms", 0.25),
        ("01:02.5", "s", 62.5),
        ("00:01:02.5", "ms", 62_500),
        ("00:01:02:500", "s", 62.5),
        ("00:00:01", "ticks", 10_000_000),
        ("1970-01-01 00:01:02.5", "s", 62.5),
        ("1970-01-01T01:00:01+01:00", "ms", 1000),
        ("20240501", "s", 20240501),
        ("5 parsecs", "s", np.inf),
    ],
)
def test_times(text, unit, number):
    values = parse_numbers([text], TimeCell(column="a", unit=unit), ".")
    np.testing.assert_allclose(values, [number])


@pytest.mark.parametrize(
    "text",
    [
        "(1.5, 2.5)",
        "[1.5 2.5]",
        "[1.5, 2.5]",
        "1.5;2.5",
        "1.5 | 2.5",
        "(np.float64(1.5), np.float64(2.5))",
        "array([1.5, 2.5])",
        "{'x': 1.5, 'y': 2.5}",
        "Point(x=1.5, y=2.5)",
    ],
)
def test_entries_of_lists_written_as_text(text):
    assert [texts_of([text], item) for item in (0, 1, 2)] == [["1.5"], ["2.5"], [""]]


@pytest.mark.parametrize("text", ["(1,5; 2,5)", "1,5 / 2,5", "[1,5, 2,5]", "1,5 2,5"])
def test_entries_with_a_decimal_comma(text):
    assert [texts_of([text], item, ",") for item in (0, 1)] == [["1,5"], ["2,5"]]


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("True", True, True),
        ("yes", True, True),
        ("Off", False, True),
        ("maybe", False, False),
        ("1.0", 1, True),
        ("1", "1.0", False),
    ],
)
def test_values_of_a_manifest(text, value, expected):
    assert is_value(text, value) is expected
