import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.measures.figures import HISTOGRAMS, dwell, eye_movements, lead_histograms
from gazescribe.pipeline.measures.figures import plates as draw_all
from tests.printed import faults_in_print

LONG = "Abnormal Mediastinum Contour"
REGIONS = pd.DataFrame(
    [
        ("image", "", "image", 0.9, 1.0),
        ("anatomy", "", "chest", 0.8, 0.5),
        ("anatomy", "", "chest", 0.6, 0.5),
        ("ellipse", LONG, LONG, 0.7, 0.1),
        ("ellipse", "Edema", "Edema", 0.5, 0.2),
    ],
    columns=["kind", "label", "region", "share", "area_share"],
)
VALUES = (0.2, 0.4, 9.0)
READINGS = pd.DataFrame({"label": ["", "", "Edema"], **dict.fromkeys(HISTOGRAMS, VALUES)})
LEADS = pd.DataFrame({"kind": ["ellipse", "own", "own"], "lead_s": [1.5, 0.5, 20.0]})


@pytest.mark.parametrize("name", ["dwell", "eye_movements", "leads"])
def test_nothing_is_printed_over_anything(name, monkeypatch):
    assert not faults_in_print(draw_all(REGIONS, READINGS, LEADS)[name].figure, monkeypatch)


def test_dwell_is_the_mean_over_readings():
    whole, own = dwell(REGIONS).figure.axes
    assert [text.get_text() for text in whole.get_yticklabels()] == ["chest", "image"]
    assert [bar.get_width() for bar in whole.patches] == [0.5, 1.0]
    np.testing.assert_allclose(whole.lines[0].get_xdata().astype(float), [0.7, 0.9])
    assert [text.get_text() for text in own.get_yticklabels()] == ["Edema", LONG]


def test_medians_are_of_all_gaze_of_each_reading():
    for axes in eye_movements(READINGS).figure.axes:
        assert list(axes.lines[0].get_xdata()) == pytest.approx([0.3, 0.3])


def test_what_is_not_drawn_is_counted():
    plate = lead_histograms(LEADS)
    assert [axes.get_title() for axes in plate.figure.axes] == ["ellipse", "own"]
    assert plate.caption.endswith("1 beyond 8 s are not drawn.")
