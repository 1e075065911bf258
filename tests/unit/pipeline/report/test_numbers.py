import pytest
from markupsafe import Markup

from gazescribe.pipeline.report.numbers import (
    Cited,
    aligned,
    cite,
    interval,
    is_number,
    number,
    pointer,
    shorten,
    told,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "–", id="unknown"),
        pytest.param(12345, "12,345", id="whole"),
        pytest.param(0, "0", id="none"),
        pytest.param(0.0, "0.000", id="zero"),
        pytest.param(0.12345, "0.123", id="share"),
        pytest.param(-0.5, "-0.500", id="negative"),
        pytest.param(0.000126, "0.00013", id="small"),
        pytest.param(0.0000996, "0.00010", id="small and rounded up"),
        pytest.param(1.2e-9, "1.2e-09", id="tiny"),
        pytest.param(12345.6, "12,346", id="large"),
    ],
)
def test_numbers_for_reading(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        pytest.param("0.485256", "0.485", id="number"),
        pytest.param("1e-9", "1e-9", id="without a point"),
        pytest.param("1700", "1,700", id="whole"),
        pytest.param("007", "007", id="name"),
        pytest.param("", "–", id="empty"),
        pytest.param(None, "–", id="absent"),
        pytest.param("2.5s rule", "2.5s rule", id="text"),
        pytest.param("nan", "nan", id="no digits"),
    ],
)
def test_cells_are_shortened(cell, text):
    assert shorten(cell) == text


def test_intervals_are_written_as_in_the_papers_tables():
    assert interval("0.500", "0.250", "0.750") == "0.500 [0.250, 0.750]"
    assert interval("0.500", "–", "0.750") == "0.500"


def test_cells_that_hold_numbers():
    cells = ("1,234", "0.1 [0.0, 0.2]", "–", "", None, "2.5s rule")
    assert [is_number(cell) for cell in cells] == [True] * 5 + [False]


def test_pointers_escape_what_would_lead_elsewhere():
    assert pointer("n", "lung / heart", "a~b", 3) == "/n/lung ~1 heart/a~0b/3"


def test_a_cited_number_names_its_place_on_the_page_alone():
    cited = cite(1234, "a/ingest.json", "rows", '"odd"')
    assert cited == "1,234"
    assert cited.__html__() == (
        '<span data-file="a/ingest.json" data-key="/rows/&#34;odd&#34;">1,234</span>'
    )
    assert Cited("<b>").__html__() == "&lt;b&gt;"


def test_a_number_may_lead_to_the_readings_behind_it():
    cited = cite(3, "f", "n", choice={"dataset": "a&b", "quality": "no gaze"})
    link = '<a href="#readings?dataset=a%26b&amp;quality=no+gaze">'
    assert cited.__html__() == f'{link}<span data-file="f" data-key="/n">3</span></a>'


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0.5", "0.25", "–"], ["0.50", "0.25", "–"]),
        (["0.00244", "0.5"], ["0.00244", "0.5"]),
        (["3", "0.5"], ["3", "0.5"]),
        (["0.5 [0.4, 0.6]", "0.25"], ["0.5 [0.4, 0.6]", "0.25"]),
        ([], []),
    ],
)
def test_numbers_of_a_column_have_as_many_decimals(cells, expected):
    assert aligned(cells) == expected


def test_sentences_keep_origins_and_escape_the_rest():
    text = told("{n} of {what}", n=cite(2, "f", "n"), what="<b>")
    assert text == Markup('<span data-file="f" data-key="/n">2</span> of &lt;b&gt;')
