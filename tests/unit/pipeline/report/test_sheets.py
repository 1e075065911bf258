import pytest

from gazescribe.pipeline.report.sheets import number, read_sheet, sheet, shorten, with_intervals


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "–", id="unknown"),
        pytest.param(12345, "12,345", id="whole"),
        pytest.param(0.0, "0", id="zero"),
        pytest.param(0.12345, "0.123", id="share"),
        pytest.param(-0.5, "-0.500", id="negative"),
        pytest.param(0.00012, "1.2e-04", id="small"),
        pytest.param(12345.6, "12,346", id="large"),
    ],
)
def test_numbers_for_reading(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        pytest.param("0.485256", "0.485", id="number"),
        pytest.param("1e-9", "1e-9", id="without a point"),
        pytest.param("17", "17", id="whole"),
        pytest.param("", "–", id="empty"),
        pytest.param(None, "–", id="absent"),
        pytest.param("2.5s rule", "2.5s rule", id="text"),
        pytest.param("nan", "nan", id="no digits"),
    ],
)
def test_cells_are_shortened(cell, text):
    assert shorten(cell) == text


def test_intervals_stand_behind_their_value():
    rows = [
        {"f1": "0.75", "low": "0.5", "high": "0.9"},
        {"f1": "0.75", "low": "", "high": ""},
    ]
    assert list(with_intervals(rows, "f1", "low", "high")) == ["0.750 (0.500 to 0.900)", "0.750"]


def test_columns_of_numbers_are_told_from_words():
    table = sheet("t", ["a_b", "c", "d"], [["x", "1", "0.1 (0.0 to 0.2)"], ["2", "", "–"]])
    assert table.columns == ["a b", "c", "d"]
    assert table.numeric == [False, True, True]
    assert table.rows == [["x", "1", "0.1 (0.0 to 0.2)"], ["2", "–", "–"]]


def test_a_long_file_is_cut_and_says_so(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("n,x\n" + "".join(f"{n},0.25\n" for n in range(100)))
    table = read_sheet(path, "Long", shown=10)
    assert len(table.rows) == 10
    assert (table.n_more, table.file, table.title) == (90, "long.csv", "Long")
    assert table.rows[9] == ["9", "0.250"]
