import pytest

from gazescribe.pipeline.dictation.labeler.loading import load_punctuation
from gazescribe.pipeline.dictation.labeler.punctuation import SpokenMarks
from gazescribe.pipeline.dictation.reports import ReportText
from gazescribe.pipeline.dictation.sentence_counts import count_ends, say_ends
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        pytest.param(ReportText("a", "No mass. Edema"), {}, id="a period"),
        pytest.param(ReportText("a", "无气胸。心影增大"), {}, id="of another script"),
        pytest.param(ReportText("a", "No mass\n\nEdema"), {}, id="lines"),
        pytest.param(ReportText("a", "1.5 cm mass"), {"no_sentence_ends": (1, 1)}, id="none"),
        pytest.param(
            ReportText("a", "no mass period edema period"),
            {"sentence_ends_spoken": (1, 2)},
            id="spoken",
        ),
        pytest.param(
            ReportText("a", "no mass edema", [(0, 7), (8, 13)], ended_by="pauses"),
            {"sentence_ends_pauses": (1, 2)},
            id="ingest says it",
        ),
        pytest.param(
            ReportText("a", "no mass edema", [(0, 7), (8, 13)]), {}, id="a column of sentences"
        ),
        pytest.param(
            ReportText("a", "no mass edema", [(0, 13)]),
            {"no_sentence_ends": (1, 1)},
            id="tables of earlier versions",
        ),
    ],
)
def test_texts_without_written_ends_are_counted(report, counts):
    counted = {}
    marks = SpokenMarks(load_punctuation(ROOT / "rules"))
    assert list(count_ends([report, report], marks, counted)) == [report, report]
    expected = {code: {"items": 2 * n, "rows": 2 * rows} for code, (n, rows) in counts.items()}
    assert counted == expected


def test_sentences_without_periods_are_said_by_what_ended_them():
    assert say_ends({"word_empty": {"items": 1, "rows": 3}}) == ""
    counts = {
        "sentence_ends_pauses": {"items": 2, "rows": 1_203},
        "sentence_ends_spoken": {"items": 1, "rows": 1},
        "no_sentence_ends": {"items": 4, "rows": 4},
    }
    assert say_ends(counts, "texts") == (
        "texts without written periods: 1 cut by spoken periods into 1 sentence, "
        "2 cut by pauses into 1,203 sentences, 4 left as one sentence each"
    )
