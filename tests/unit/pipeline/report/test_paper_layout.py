import re

import pytest

from gazescribe.pipeline.report.numbers import NONE, Cited
from gazescribe.pipeline.report.paper_layout import laid_out
from gazescribe.pipeline.report.sheets import Sheet

LONG = ["label", "cases", "model", "map", "mean", "over subjects", "published"]
ROWS = [
    ["Edema", "12", "et", "decoder", "0.5", "[0.4, 0.6]", "0.7 †"],
    ["Edema", "12", "ellipse", "gradcam", "0.25", NONE, NONE],
    ["Fracture", "0", "et", "decoder", NONE, NONE, NONE],
]


def long_sheet(columns=LONG, rows=ROWS):
    cited = [[Cited(cell, "a.json", [f"/{n}"]) for n, cell in enumerate(row)] for row in rows]
    return Sheet("Table 6", list(columns), [False] * len(columns), cited, notes=["A note."])


def texts(sheet):
    return [[re.sub("<.*?>", "", cell) for cell in row] for row in sheet.rows]


def test_labels_go_down_and_models_across():
    sheet = laid_out(long_sheet())
    assert sheet.columns == ["label", "cases", "ET", "Ellipse"]
    assert sheet.numeric == [False, False, True, True]
    assert texts(sheet) == [
        ["Edema", "12", "0.5 [0.4, 0.6] published 0.7 †", "0.25"],
        ["Fracture", "0", NONE, NONE],
    ]
    assert 'data-key="/4">0.5' in sheet.rows[0][2]
    assert 'data-key="/6">0.7 †' in sheet.rows[0][2]
    assert sheet.notes == ["A note."]


def test_the_long_table_is_kept_with_names_for_people():
    whole = laid_out(long_sheet()).whole
    assert whole.title == "Table 6, all columns"  # regions of a page need names of their own
    assert whole.columns == LONG
    assert [row[2] for row in whole.rows] == ["ET", "Ellipse", "ET"]
    assert whole.notes == []


def test_models_go_down_where_the_rows_are_metrics():
    columns = ["metric", "model", "valid pixels", "over patients"]
    rows = [["auroc", "et", "0.5", NONE], ["iou", "et", "0.2", NONE], ["iou", "b_2", "0.1", NONE]]
    sheet = laid_out(long_sheet(columns, rows))
    assert sheet.columns == ["model", "AUROC", "IoU"]
    assert texts(sheet) == [["ET", "0.5", "0.2"], ["B 2", NONE, "0.1"]]


def test_labels_lead_to_their_readings():
    sheet = laid_out(long_sheet(), {"by": "drawn"})
    link = '<a href="#readings?label=Edema&amp;by=drawn">'
    assert sheet.rows[0][0].startswith(link)


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        pytest.param(["label", "mean"], [["Edema", "0.5"]], id="without models"),
        pytest.param(LONG, [ROWS[0], ROWS[0]], id="a pair twice"),
        pytest.param(LONG, [ROWS[0], ROWS[2]], id="one model"),
        pytest.param(
            LONG, [["Edema", "1", f"m{n}", *ROWS[0][3:]] for n in range(9)], id="many models"
        ),
    ],
)
def test_other_tables_stay_as_they_are(columns, rows):
    sheet = long_sheet(columns, rows)
    assert laid_out(sheet).columns == sheet.columns
    assert len(laid_out(sheet).rows) == len(rows)
    assert laid_out(sheet).whole is None
