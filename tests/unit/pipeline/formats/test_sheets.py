import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.sheets import mean, number, open_sheet


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('# made by\nTime [ms];"Point X (px)"\n1;2,5\n', [["1", "2,5"]]),
        ('Time\tText\n1\tsay "hello\n2\t"quoted"\n', [["1", 'say "hello'], ["2", "quoted"]]),
        ('Time,Pair,\n1,"(0.5, 0.6)",\n\n', [["1", "(0.5, 0.6)", ""]]),
        ("Time,X\n1\n", [["1", ""]]),
    ],
)
def test_tables_as_recorders_write_them(tmp_path, text, rows):
    path = tmp_path / "a.csv"
    path.write_text(text)
    sheet = open_sheet(path, ("time",), "a table")
    assert [row.cells for row in sheet.rows] == rows


def test_columns_are_found_by_name_and_unit(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("TIME_Stamp [μs],Gaze Point X (MCS norm),Gaze point x [DACS px]\n")
    sheet = open_sheet(path, ("timestamp",), "a table")
    assert sheet.find(("gazepointx",)) == 1
    assert sheet.find(("gazepointx",), ("dacspx",)) == 2
    assert sheet.find(("gazepointx",), ("mm",)) is None
    assert sheet.unit(0) == "μs"


def test_numbers():
    assert [number(text) for text in ("1.5", "1,5", "1.024,5", "1,024.5", "")] == [
        *("1.5", "1.5", "1024.5", "1024.5", "")
    ]
    assert mean("1", "", "2") == 1.5
    assert mean("", "") == ""


def test_decimal_commas_between_commas_are_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Time,X\n1,5,2,5\n")
    with pytest.raises(ManifestError, match="Commas seem to be both"):
        list(open_sheet(path, ("time",), "a table").rows)
