from pathlib import Path

import pytest

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.dictation.checking.flips import Expected, Text
from gazescribe.pipeline.dictation.checking.gold_tables import read_texts
from gazescribe.pipeline.dictation.label_maps import load_label_map

LABEL_MAP = load_label_map(Path(__file__).parents[5] / "rules")
SPANS = "report_id,start,end,label,polarity\na,3,8,Pulmonary edema,absent\n"
REPORTS = "report_id,text\na,No edema.\nb,Clear.\n"


@pytest.fixture
def write(tmp_path):
    def write_file(name, content):
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return write_file


def read(gold, reports=None):
    return read_texts(gold, reports, LABEL_MAP, "utf-8")


def test_reports_come_from_their_file(write):
    texts = read(write("gold.csv", SPANS), write("reports.csv", REPORTS))
    edema = Expected(3, 8, "pulmonary edema", "negative")
    assert texts == [Text("a", "No edema.", (edema,)), Text("b", "Clear.", None)]


def test_reports_alone_are_not_judged(write):
    texts = read(None, write("reports.csv", REPORTS))
    assert [text.expected for text in texts] == [None, None]


def test_a_table_can_hold_its_texts(write):
    header, row = SPANS.splitlines()
    gold = f"{header},report\n{row},No edema.\n"
    assert [text.text for text in read(write("gold.csv", gold))] == ["No edema."]
    with pytest.raises(AlignmentError, match=r"several texts(.|\n)*row 2: 'a' has another text"):
        read(write("gold.csv", f"{gold}{row},Edema.\n"))


def test_the_wide_table_holds_its_texts(write):
    gold = 'Reports,Pulmonary edema,Pulmonary edema_location\nNo edema.,0,"[[3, 8]]"\n'
    (text,) = read(write("gold.csv", gold))
    assert text == Text("row 1", "No edema.", (Expected(3, 8, "pulmonary edema", "negative"),))


@pytest.mark.parametrize(
    ("gold", "fault"),
    [
        pytest.param(SPANS, r"no text of a report is in it.*--reports FILE", id="no texts"),
        pytest.param(
            "report_id,start,end,label,polarity,report\n", "has no mention", id="no mention"
        ),
        pytest.param(
            "report_id,start,end,label,polarity,report\na,3,8,Edema,absent,No edema.\n",
            "share no label",
            id="channels",
        ),
    ],
)
def test_tables_that_say_nothing_are_refused(write, gold, fault):
    with pytest.raises(AlignmentError, match=fault):
        read(write("gold.csv", gold))
