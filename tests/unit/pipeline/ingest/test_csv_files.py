import gzip

import numpy as np
import pytest

from gazescribe.pipeline.ingest.csv_files import (
    boolean,
    header_fault,
    number_columns,
    numbers,
    read_columns,
    usable_rows,
)
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.manifests import Column, SourceFile

FILE = SourceFile(
    name="table",
    pattern="t.csv",
    required=True,
    loses="all",
    columns=[Column(name="a", type="int"), Column(name="b", type="str", required=False)],
)


def read(folder, text, labels=()):
    (folder / "t.csv").write_bytes(text)
    found = Findings("t.csv", "P1", [])
    return read_columns(folder, FILE, found, labels=labels, loses="gaze"), found.faults


def test_columns_by_name(tmp_path):
    columns, faults = read(tmp_path, b'b,a\r\n",",1\r\n\r\n"x ""y""\nz",2\r\n')
    assert columns == {"a": ("1", "2"), "b": (",", 'x "y"\nz')}
    assert faults == []


def test_a_header_alone_gives_empty_columns(tmp_path):
    assert read(tmp_path, b"a,b\n") == ({"a": (), "b": ()}, [])


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        pytest.param(b"", "table_empty", "the file is empty", id="empty"),
        pytest.param(b"a,L\n1\n", "table_ragged", "row 1 has 1 cells, not 2", id="ragged"),
        pytest.param(b"a,L,a\n", "table_column_twice", "the column a stands", id="twice"),
        pytest.param(b"a,L\n1,\0\n", "table_nul", "row 1 holds the character NUL", id="nul"),
        pytest.param(b"a,L\n\xff,1\n", "table_unreadable", "save it as UTF-8", id="bytes"),
        pytest.param(
            b"\xef\xbb\xbfA,b\n",
            "table_no_column",
            "there is no column a; the nearest is A, no column L (there are: A, b)",
            id="case",
        ),
    ],
)
def test_files_that_cannot_be_used(tmp_path, text, code, message):
    columns, (fault,) = read(tmp_path, text, labels=["L"])
    assert columns is None
    assert (fault.severity, fault.code, fault.loses, fault.item) == ("loss", code, "gaze", "P1")
    assert message in str(fault)


def test_an_absent_file(tmp_path):
    found = Findings("t.csv", None, [])
    assert read_columns(tmp_path, FILE, found, severity="error") is None
    assert [(fault.severity, fault.code) for fault in found.faults] == [("error", "table_missing")]


def test_an_unknown_column_is_a_warning(tmp_path):
    columns, (fault,) = read(tmp_path, b"a,c\n1,2\n")
    assert columns == {"a": ("1",), "c": ("2",)}
    assert (fault.severity, fault.code) == ("warning", "table_new_column")


def test_numbers_with_blanks_and_nonsense():
    values, bad = numbers(["1", " 2.5 ", "", "x", "inf", "nan", "-3e2"])
    np.testing.assert_array_equal(values, [1, 2.5, np.nan, np.nan, np.nan, np.nan, -300])
    assert bad.tolist() == [False, False, False, True, True, True, False]


def test_number_columns_are_renamed_and_absent_ones_unknown():
    values, bad = number_columns({"a": ("1", "2"), "b": ("", "x")}, {"one": "a", "two": "c"})
    assert values["one"].tolist() == [1.0, 2.0]
    assert np.isnan(values["two"]).all()
    assert not bad["two"].any()


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        pytest.param(["True", "true", "TRUE", "1", "1.0", " true "], True, id="true"),
        pytest.param(["False", "false", "0", "0.0"], False, id="false"),
        pytest.param(["", "yes", "2", "T"], None, id="neither"),
    ],
)
def test_booleans(cells, value):
    assert {boolean(cell) for cell in cells} == {value}


def test_a_row_wrong_in_two_ways_counts_for_the_first_alone():
    findings = Findings("a.csv", "R1", [])
    blank, late = np.array([True, False, False, False]), np.array([True, True, False, True])
    reasons = {"blank": ("are blank", blank), "late": ("are late", late)}
    assert usable_rows(reasons, findings, loses="words").tolist() == [False, False, True, False]
    assert [(fault.code, fault.n, fault.row) for fault in findings.faults] == [
        ("blank", 1, 1),
        ("late", 2, 2),
    ]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        pytest.param(b"a\n1\n2\n1\n1\n", "table_row_twice", "2 of 4 rows are the same", id="twice"),
        pytest.param(b"a\n1\n2", "table_cut", "no line end: the file may be cut off", id="cut"),
    ],
)
def test_unusual_files_are_kept_with_a_warning(tmp_path, text, code, message):
    columns, (fault,) = read(tmp_path, text)
    assert columns["a"][:2] == ("1", "2")
    assert (fault.severity, fault.code) == ("warning", code)
    assert message in str(fault)


def test_a_gzipped_file_needs_no_line_end(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"a\n1"))
    findings = Findings("t.csv", None, [])
    assert read_columns(tmp_path, FILE, findings) == {"a": ("1",)}
    assert findings.faults == []


@pytest.mark.parametrize(
    ("header", "fault"),
    [
        pytest.param("a,b", None, id="both"),
        pytest.param("a,c", "no_column", id="absent"),
        pytest.param("a,b,a", "column_twice", id="twice"),
        pytest.param("a,b,c,c", None, id="twice-and-not-needed"),
    ],
)
def test_headers_of_large_files(tmp_path, header, fault):
    path = tmp_path / "t.csv"
    path.write_text(f"{header}\n")
    found = header_fault(path, iter(["a", "b"]))
    assert (found and found[0]) == fault
