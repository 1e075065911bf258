from collections import Counter

import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.dictation.reports import WordTimes, read_reports, writing

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
