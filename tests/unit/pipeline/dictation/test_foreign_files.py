import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.dictation.foreign_files import (
    Faults,
    broken_character,
    cell_shown,
    id_text,
    names_shown,
    open_foreign,
)

HEAD = "report_id,text\n"


@pytest.fixture
def read(tmp_path):
    """Write a file and read it: its rows, and its faults."""

    def write_and_read(content, suffix=".csv", **options):
        path = tmp_path / f"reports{suffix}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        faults = Faults()
        file = open_foreign(path, faults, SchemaError, **options)
        return [(place, *row.values()) for place, row in file.rows], faults.lines

    return write_and_read


def test_rows_are_named_by_their_first_line(read):
    rows, faults = read(HEAD + '\nr1,"No effusion.\n\nEdema, mild."\nr2,Clear.\n')
    assert rows == [("line 3", "r1", "No effusion.\n\nEdema, mild."), ("line 6", "r2", "Clear.")]
    assert faults == []


def test_every_row_with_other_cells_than_columns_is_a_fault(read):
    """An unquoted comma cut a report, and what stood behind it was dropped."""
    rows, faults = read(HEAD + "r1,No effusion, edema.\nr2,Clear.\nr3\nr4,A,B,C\n")
    assert rows == [("line 3", "r2", "Clear.")]
    assert faults == [
        "line 2: 3 cells found, 2 expected",
        "line 4: 1 cells found, 2 expected",
        "line 5: 4 cells found, 2 expected",
    ]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        pytest.param(['r1,"A.', "r2,B."], "the quote opened in line 2 is never closed", id="open"),
        pytest.param(['r1,"A." B.'], "line 2: text follows a closing quote", id="text behind"),
        pytest.param(
            ['r1,"A.', 'r2,"B."'],
            "line 3 of the row that begins in line 2: text follows a closing quote",
            id="closed by an opening one",
        ),
        pytest.param(
            ['r1,"A.', 'r2,B."', "r3,C."],
            "line 3 looks like a row, but lies in a quote opened in line 2",
            id="closed a row later",
        ),
        pytest.param(
            ['10,"A.', '11,B."'], "line 3 looks like a row, but lies in a quote", id="numbers"
        ),
        pytest.param(['a,"A.', 'b,B."'], "line 3 looks like a row, but lies in a q", id="letters"),
        pytest.param(
            ['02aa804e-bde0afdd,"A.', '112c0b34-7bc16630,B."'],
            "line 3 looks like a row, but lies in a quote opened in line 2",
            id="hashes",
        ),
    ],
)
def test_a_quote_never_merges_rows(read, lines, fault):
    _, faults = read(HEAD + "\n".join(lines) + "\n")
    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_swallowed_rows_are_seen_wherever_the_id_stands(read):
    _, faults = read('text,report_id\n"A.,r1\nB.",r2\n')
    assert faults == ["line 2 looks like a row, but lies in a quote opened in line 2"]


@pytest.mark.parametrize(
    ("first_id", "line"),
    [
        pytest.param("r1", "No effusion, mild edema.", id="prose"),
        pytest.param("a", "Effusion, small.", id="prose beside words"),
        pytest.param("P1R1", "T8, T9 are fractured.", id="vertebrae"),
        pytest.param("50414267", "2,5 cm nodule.", id="decimal comma"),
        pytest.param("1", "1,5 cm nodule.", id="decimal comma, its number an id"),
    ],
)
def test_reports_of_several_lines_are_read(read, first_id, line):
    rows, faults = read(f'{HEAD}{first_id},"Lungs clear.\n{line}"\n')
    assert faults == []
    assert rows == [("line 2", first_id, f"Lungs clear.\n{line}")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\n\n", "the file is empty", id="blank"),
        pytest.param(b'report_id,"text\n', "no row of column names(?s:.*)never closed", id="quote"),
        pytest.param(b"text,report_id,text\n", "text: more than one column", id="twice"),
        pytest.param(
            HEAD.encode() + b"r1,Caf\xe9 au lait.\n",
            r"the byte at offset 21 \(line 2\) is not utf-8.* --encoding NAME .*cp1252",
            id="Windows",
        ),
        pytest.param(
            (HEAD + "r1,A.\n").encode("utf-16"), "offset 0 .*--encoding utf-16, with", id="UTF-16"
        ),
        pytest.param(
            (HEAD + "r1,A.\n").encode("utf-16-le"),
            "line 1, character 1.*--encoding utf-16-le",
            id="UTF-16 without a mark",
        ),
        pytest.param(HEAD.encode() + b"r1,A\0.\n", "NUL stands in line 2, character 4", id="NUL"),
    ],
)
def test_files_that_are_refused_whole(read, content, message):
    with pytest.raises(SchemaError, match=message):
        read(content)


def test_the_offset_counts_from_the_start_of_a_large_file(read):
    lines = HEAD + "".join(f"r{number},Größe.\n" for number in range(20_000))
    content = lines.encode() + b"rx,\xfc\n"
    with pytest.raises(SchemaError, match=rf"offset {len(content) - 2} \(line 20002\)"):
        read(content)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8", "utf-8-sig"])
def test_an_encoding_that_is_given(read, encoding):
    content = (HEAD + "r1,Größe.\n").encode(encoding)
    assert read(content, encoding=encoding)[0] == [("line 2", "r1", "Größe.")]


def test_a_byte_order_mark_is_no_part_of_a_name(read):
    assert read(b"\xef\xbb\xbf" + HEAD.encode() + b"r1,A.\n")[0] == [("line 2", "r1", "A.")]
    assert read(b'\xef\xbb\xbf{"a": 1}\n', ".jsonl")[0] == [("line 1", 1)]


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        pytest.param("cp-1252x", "there is no text encoding 'cp-1252x'", id="unknown"),
        pytest.param("hex", "there is no text encoding 'hex'", id="no text"),
        pytest.param("utf-16", "this is not utf-16|is not utf-16", id="another"),
        pytest.param("ascii", r"offset 18 \(line 2\) is not ascii", id="too small"),
    ],
)
def test_an_encoding_that_does_not_fit(read, encoding, message):
    with pytest.raises(SchemaError, match=message):
        read(HEAD + "r1,ß.\n", encoding=encoding)


def test_faults_of_jsonl_come_at_once(read):
    lines = ['{"a": 1, "a": 2}', "{", "[1]", "", '{"a": 3}', "[" * 10**5, '{"a": 1' + "0" * 5000]
    rows, faults = read("\n".join(lines), ".jsonl")
    assert rows == [("line 5", 3)]
    assert [fault.partition(" (")[0] for fault in faults] == [
        "line 1: the key a is given twice",
        "line 2, column 2: this is not jsonl",
        "line 3: this is no JSON object",
        "line 6: this is not jsonl",
        "line 7: this is not jsonl",
    ]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_texts_of_parquet(tmp_path, kind):
    table = pa.table({"id": ["r1", "r2"], "text": pa.array(["A.", None], pa.string()).cast(kind)})
    pq.write_table(table, tmp_path / "r.parquet")
    file = open_foreign(tmp_path / "r.parquet", Faults(), SchemaError)
    assert file.columns == ["id", "text"]
    expected = [("row 1", {"id": "r1", "text": "A."}), ("row 2", {"id": "r2", "text": None})]
    assert list(file.rows) == expected


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param({"text": pa.array([b"A"])}, "column text is binary", id="bytes"),
        pytest.param({"text": pa.array(["A"]), "x": pa.array([b"A"])}, None, id="of no interest"),
    ],
)
def test_bytes_are_no_text(tmp_path, columns, message):
    pq.write_table(pa.table(columns), tmp_path / "r.parquet")
    if message is None:
        file = open_foreign(tmp_path / "r.parquet", Faults(), SchemaError, only=["text"])
        assert list(file.rows) == [("row 1", {"text": "A"})]
        return
    with pytest.raises(SchemaError, match=message):
        open_foreign(tmp_path / "r.parquet", Faults(), SchemaError, only=["text"])


def test_parquet_with_two_columns_of_a_name(tmp_path):
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(table, tmp_path / "r.parquet")
    with pytest.raises(SchemaError, match="text: more than one column"):
        open_foreign(tmp_path / "r.parquet", Faults(), SchemaError)


def test_parquet_whose_text_is_not_utf_8(tmp_path):
    broken = pa.array([b"\xe9"]).view(pa.string())
    pq.write_table(pa.table({"text": broken}), tmp_path / "r.parquet")
    file = open_foreign(tmp_path / "r.parquet", Faults(), SchemaError)
    with pytest.raises(SchemaError, match="a text of rows 1 to 500 is not UTF-8"):
        list(file.rows)


def test_the_error_is_of_the_kind_asked_for(tmp_path):
    (tmp_path / "r.txt").touch()
    with pytest.raises(AlignmentError, match=r"suffix must be \.csv, \.jsonl or \.parquet"):
        open_foreign(tmp_path / "r.txt", Faults(), AlignmentError)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(" r1 ", "r1", id="text"),
        pytest.param(1, "1", id="number"),
        pytest.param(1.0, "1", id="number of pandas"),
        pytest.param("1.0", "1.0", id="text of a number"),
        pytest.param(None, "", id="null"),
        pytest.param(1.5, None, id="half"),
        pytest.param(float("nan"), None, id="nan"),
        pytest.param(2.0**60, None, id="digits lost"),
        pytest.param(True, None, id="boolean"),
        pytest.param([1], None, id="list"),
    ],
)
def test_ids(value, text):
    assert id_text(value) == text


def test_what_may_be_a_text_is_told_by_its_length():
    assert names_shown(["id", "Clear lungs", "Edema."]) == "id, (11 characters), (6 characters)"
    assert cell_shown("x") == "'x'"
    assert cell_shown("x" * 100) == "of 102 characters"


def test_characters_that_no_file_can_hold():
    assert broken_character("Größe \U0001f600") is None
    assert broken_character("ab\0") == "a NUL at character 2"
    assert broken_character("a\udc80") == "half of a surrogate pair at character 1"
