import re

import pandas as pd
import pytest
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import DOUBLE_MM, SINGLE_MM, Plate
from gazescribe.pipeline.results.latex import document_tex, escape, figures_tex, table_tex
from gazescribe.pipeline.results.rows import PaperTable, Wide
from tests.latex import check_document, rows_of

NAN = float("nan")
SHOWN = pd.DataFrame({"model": ["et", None], "n_seeds": [3, 1], "a_b": ["5 % & more", "x"]})


def frame(*rows):
    names = ["row", "model", "n", "mean", "subjects_low", "subjects_high", "published"]
    return pd.DataFrame(rows, columns=[*names]).assign(published_low=NAN, published_high=NAN)


WIDE = frame(
    ("Edema", "ellipse", 4, 0.25, 0.125, 0.5, 0.335),
    ("Edema", "et", 4, 0.5, 0.25, 0.75, NAN),
    ("Mass", "ellipse", 1, 0.1, NAN, NAN, NAN),
    ("Mass", "et", 2, 0.1, NAN, NAN, NAN),
    ("Nodule", "ellipse", 0, NAN, NAN, NAN, NAN),
    ("Nodule", "et", 0, NAN, NAN, NAN, NAN),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50 % of a_b & #3", r"50 \% of a\_b \& \#3"),
        ("{x} $5 ~ ^ \\", r"\{x\} \$5 {\textasciitilde} {\textasciicircum} {\textbackslash}"),
        ("0.5 ± 0.1", r"0.5 \ensuremath{\pm} 0.1"),
        ("[-0.348, 0.777]", r"{[\ensuremath{-}0.348, 0.777]}"),
        ("MT-UNet, Res_SE-UNet", r"MT-UNet, Res\_SE-UNet"),
        ("* chosen", "{* chosen}"),
        ("–", r"{\textendash}"),
    ],
)
def test_text_is_printed_as_it_is(text, expected):
    assert escape(text) == expected
    check_document(escape(text))


def test_models_stand_side_by_side_and_the_best_is_bold():
    table = PaperTable(
        "Table 6: IoU", SHOWN, SHOWN, ["A note."], wide=Wide(WIDE, "label", "cases", 0.95)
    )
    text = table_tex("table_6", table)
    check_document(text)
    assert rows_of(text) == [
        ["label", "cases", "Ellipse", "ET"],
        ["Edema", "4", "0.250 {[0.125, 0.500]}", r"\textbf{0.500} {[0.250, 0.750]}"],
        [r"\quad published", "", "0.335", ""],
        ["Mass", r"1{\textendash}2", "0.100", "0.100"],  # equal: none is the best
        ["Nodule", "0", "--", "--"],
    ]
    assert r"\caption{IoU (Table 6 of the paper)}\label{tab:table_6}" in text
    assert r"A note. Brackets: 95\% bootstrap intervals over subjects." in text


def test_many_models_stand_below_each_other():
    rows = [
        ("KL", name, 9, value, 0.1, 0.2, NAN) for name, value in zip("abc", (3, 2, 1), strict=1)
    ]
    wide = Wide(frame(*rows), "metric", "images", 0.95, lower=("KL",))
    text = table_tex("fit", PaperTable("Fit", SHOWN, SHOWN, wide=wide))
    check_document(text)
    assert rows_of(text) == [
        ["model", "KL (images: 9)"],
        ["A", "3.000 {[0.100, 0.200]}"],
        ["B", "2.000 {[0.100, 0.200]}"],
        ["C", r"\textbf{1.000} {[0.100, 0.200]}"],  # less is better
    ]


def test_intervals_stand_under_many_means():
    rows = [
        (metric, model, 9, 0.1 * n, 0.1, 0.2, NAN)
        for metric in "ABCDE"
        for n, model in enumerate("abcde")
    ]
    text = table_tex(
        "many", PaperTable("T", SHOWN, SHOWN, wide=Wide(frame(*rows), "m", "images", 0.95))
    )
    check_document(text)
    assert rows_of(text)[1][3] == r"\shortstack[l]{0.100\\{[0.100, 0.200]}}"


def test_other_tables_are_as_they_are_shown():
    text = table_tex("t", PaperTable("Title & more", SHOWN, SHOWN))
    check_document(text)
    assert r"\begin{tabular}{lrl}" in text
    assert rows_of(text) == [
        ["model", "n seeds", "a b"],
        ["ET", "3", r"5 \% \& more"],
        [r"{\textendash}", "1", "x"],
    ]


def test_long_cells_are_broken_and_long_tables_go_over_pages():
    shown = pd.DataFrame({"name": ["short"] * 50, "words": ["many words " * 12] * 50})
    text = table_tex("long", PaperTable("T", shown, shown))
    check_document(text)
    assert r"\begin{longtable}{lp{0.82\linewidth}}" in text
    assert len(rows_of(text)) == 51


def test_a_table_without_rows():
    shown = pd.DataFrame(columns=["label", "threshold"])
    text = table_tex("none", PaperTable("T", shown, shown))
    check_document(text)
    assert rows_of(text) == [["label", "threshold"]]


def test_figures_are_set_at_the_size_they_are_drawn_in():
    plates = {
        name: Plate(Figure((width_mm / 25.4, 2)), "Maps", "5 % of a_b.")
        for name, width_mm in (("narrow", SINGLE_MM), ("both", DOUBLE_MM))
    }
    text = figures_tex(plates)
    check_document(text)
    assert re.findall(r"\\begin{(.*?)}", text) == ["figure", "figure*"]
    assert r"\includegraphics{both.pdf}" in text
    assert r"\caption{\textbf{Maps.} 5 \% of a\_b.}\label{fig:narrow}" in text


def test_the_document_reads_all():
    text = document_tex("Results & more", ["A note."], ["table_1", "noise"])
    check_document(text)
    assert re.findall(r"\\input{(.*?)}", text) == ["table_1.tex", "noise.tex", "figures.tex"]
