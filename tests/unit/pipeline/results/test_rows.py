import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.results.measures import Measure
from gazescribe.pipeline.results.published import PublishedValue
from gazescribe.pipeline.results.rows import PaperTable, between, number, rows, shown

NAN = float("nan")
PUBLISHED = {"Edema": PublishedValue(value=0.2, low=0.1, high=0.3, source="text"), "Opacity": None}


@pytest.fixture
def frame():
    by_run = np.array([[0.25, 0.5, NAN]])
    measure = Measure(("Edema", "Opacity", "Mass"), (0,), by_run, by_run[None].repeat(3, axis=0))
    return rows(measure, 0.95, PUBLISHED, model="et", map="decoder")


def test_rows(frame):
    assert frame.columns.tolist()[:5] == ["model", "map", "item", "mean", "n_seeds"]
    assert frame["model"].tolist() == ["et"] * 3
    np.testing.assert_array_equal(frame["published"], [0.2, NAN, NAN])
    np.testing.assert_array_equal(frame["published_high"], [0.3, NAN, NAN])
    assert frame["published_source"].fillna("").tolist() == ["text", "", ""]
    np.testing.assert_array_equal(frame["paper_low"], [NAN] * 3)
    np.testing.assert_array_equal(frame["subjects_low"], [0.25, 0.5, NAN])


def test_shown(frame):
    found = shown(frame, {"item": "label"})
    pd.testing.assert_frame_equal(
        found,
        pd.DataFrame(
            {
                "label": ["Edema", "Opacity", "Mass"],
                "seeds": [1, 1, 1],
                "mean": [0.25, 0.5, NAN],
                "paper's interval": ["–", "–", "–"],
                "t over seeds": ["–", "–", "–"],
                "over subjects": ["[0.250, 0.250]", "[0.500, 0.500]", "–"],
                "published": ["0.200 [0.100, 0.300]", "–", "–"],
            }
        ),
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [("text", "0.194"), ("readme", "0.194 †"), ("derived", "0.194 ‡")],
)
def test_what_the_paper_does_not_print_is_marked(source, said):
    values = np.array([[0.2]])
    measure = Measure(("Edema",), (0,), values, values[None])
    figure = PublishedValue(value=0.194, source=source)
    found = shown(rows(measure, 0.95, {"Edema": figure}), {"item": "label"})
    assert found["published"].tolist() == [said]


def test_numbers():
    assert [number(0.12345), number(NAN), number(None)] == ["0.123", "–", "–"]
    assert [between(0, 1), between(NAN, 1), between(0, None)] == ["[0.000, 1.000]", "–", "–"]


def test_texts_of_a_table():
    cells = {
        "label": ["a", None],
        "n": pd.array([3, None], "Int64"),
        "x": [0.12345, NAN],
        "y": [0.5, NAN],
        "z": [1.25, 2.0],
    }
    table = PaperTable(
        "T", pd.DataFrame(), pd.DataFrame(cells), formats={"y": str, "z": "{:.1f}".format}
    )
    assert table.texts() == [["a", "3", "0.123", "0.5", "1.2"], ["–", "–", "–", "–", "2.0"]]
