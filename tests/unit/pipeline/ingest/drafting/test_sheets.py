import gzip

import pytest

from gazescribe.pipeline.ingest.drafting.sheets import read_sheet

PLAIN = "trial,x,y\nA,1.5,2\nB,3,4\n"


@pytest.mark.parametrize(
    ("content", "marks"),
    [
        pytest.param(PLAIN.encode(), ("utf-8", ",", "."), id="plain"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN.encode(), ("utf-8", ",", "."), id="byte order mark"),
        pytest.param(PLAIN.encode("utf-16"), ("utf-16", ",", "."), id="utf-16"),
        pytest.param(
            PLAIN.replace(",", ";").replace(".", ",").encode(), ("utf-8", ";", ","), id="german"
        ),
        pytest.param(PLAIN.replace(",", "\t").encode(), ("utf-8", "\t", "."), id="tabs"),
        pytest.param(
            b"Recorder 1.0\nScreen: 10\n\n" + PLAIN.encode(), ("utf-8", ",", "."), id="preamble"
        ),
    ],
)
def test_marks_of_a_table(tmp_path, content, marks):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    sheet = read_sheet(path)
    assert (sheet.encoding, sheet.separator, sheet.decimal) == marks
    assert sheet.header == ["trial", "x", "y"]
    assert sheet.texts("trial") == ["A", "B"]
    assert sheet.numbers("x") == [1.5, 3]


def test_names_of_another_encoding(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("größe,x\nä,1\n".encode("cp1252"))
    assert read_sheet(path).encoding == "cp1252"
    assert read_sheet(path).header == ["größe", "x"]


def test_packed_tables(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(PLAIN.encode()))
    assert read_sheet(path).texts("trial") == ["A", "B"]


@pytest.mark.parametrize("content", ["", "no table", "1,2\n3,4\n", "a,b\n"])
def test_what_is_no_table_with_names(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_text(content)
    assert read_sheet(path) is None
