import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.dictation.reports import WordTimes, read_reports, writing
from tests.synthetic import reading, write_tables

TIMES = WordTimes([0, 3, 12], [2, 11, 13], [0.0, 1.0, 2.5], [0.5, 2.0, 3.0])


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        pytest.param(3, 11, (1.0, 2.0), id="one word"),
        pytest.param(1, 12, (0.0, 2.0), id="from inside a word to the next"),
        pytest.param(5, 13, (1.0, 3.0), id="two words"),
        pytest.param(2, 3, (None, None), id="between words"),
        pytest.param(20, 25, (None, None), id="behind the last"),
    ],
)
def test_a_span_is_said_from_its_first_to_its_last_word(start, end, span):
    assert TIMES.span(start, end) == span


def test_reports_without_text_are_counted(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("text,report_id\nEdema.,a\n  ,b\n", encoding="utf-8")
    left_out = Counter()
    reports = list(read_reports(path, left_out))
    assert [(report.report_id, report.text) for report in reports] == [("a", "Edema.")]
    assert left_out == {"without text": 1}


def write_jsonl(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_all_faults_come_at_once_and_before_the_first_report(tmp_path):
    half = "Edema \ud800 here."
    rows = [
        {"report_id": "a", "text": "Clear."},
        {"report_id": 7, "text": 5},
        {"report_id": 7.0, "text": "A."},
        {"report_id": True, "text": half},
        {"report_id": None, "text": "A\0"},
        {"text": "A."},
    ]
    path = write_jsonl(tmp_path / "r.jsonl", *rows)
    with pytest.raises(SchemaError, match=r"faults: 7") as raised:
        next(read_reports(path, Counter()))
    assert raised.value.faults == (
        "line 2: text is no text (int)",
        "line 3: report_id '7' is twice there",
        "line 4: report_id is neither a text nor a whole number",
        "line 4: text has half of a surrogate pair at character 6",
        "line 5: report_id '' is empty",
        "line 5: text has a NUL at character 1",
        "line 6: no column report_id (found: text)",
    )
    assert "Edema" not in str(raised.value)


def test_a_number_is_the_same_id_as_its_digits(tmp_path):
    rows = [{"report_id": n, "text": "Edema."} for n in (1, 2.0, "3")]
    path = write_jsonl(tmp_path / "r.jsonl", *rows)
    assert [report.report_id for report in read_reports(path, Counter())] == ["1", "2", "3"]
    columns = {"report_id": pa.array([1.0, 2.0]), "text": ["Edema.", None], "pixels": [b"0", b"1"]}
    pq.write_table(pa.table(columns), tmp_path / "r.parquet")
    left_out = Counter()
    reports = list(read_reports(tmp_path / "r.parquet", left_out))
    assert [report.report_id for report in reports] == ["1"]
    assert left_out == {"without text": 1}


def test_a_file_without_a_header_is_not_printed(tmp_path):
    (tmp_path / "r.csv").write_text("r1,Mild edema of both lungs.\n")
    with pytest.raises(SchemaError, match=r"no column text \(found: r1, \(25 characters\)\)"):
        next(read_reports(tmp_path / "r.csv", Counter()))


def test_a_file_in_another_encoding(tmp_path):
    path = tmp_path / "r.csv"
    path.write_bytes("report_id,text\na,Ödem.\n".encode("cp1252"))
    assert [report.text for report in read_reports(path, Counter(), encoding="cp1252")] == ["Ödem."]
    with pytest.raises(SchemaError, match="Add --encoding NAME"):
        next(read_reports(path, Counter()))


@pytest.mark.parametrize(
    "absent",
    [
        pytest.param(("words", "sentences"), id="neither words nor sentences"),
        pytest.param(("sentences",), id="words alone"),
        pytest.param(("words",), id="sentences alone"),
    ],
)
def test_texts_of_tables_without_words_or_sentences(tmp_path, absent):
    texts = {"R1": "Edema seen.", "R2": None, "R3": " "}
    readings = [reading(name, text) for name, text in texts.items()]
    write_tables(tmp_path, readings=readings)
    for name in absent:
        (tmp_path / f"{name}.parquet").unlink()
    left_out = Counter()
    (report,) = read_reports(tmp_path, left_out)
    assert (report.report_id, report.text) == ("R1", "Edema seen.")
    assert (report.sentences is None) == ("sentences" in absent)
    assert report.words.span(0, 5) == ((None, None) if "words" in absent else (0, 0.5))
    assert left_out == {"without text": 2}


def write_and_fail(path):
    with writing(path) as write:
        write([])
        raise ZeroDivisionError


def test_what_fails_half_way_leaves_no_file(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_and_fail(tmp_path / "m.csv")
    assert list(tmp_path.iterdir()) == []


def test_mentions_have_three_forms(tmp_path):
    with pytest.raises(SchemaError, match=r"written as \.csv, \.jsonl, \.parquet"):
        write_and_fail(tmp_path / "m.txt")
