from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from gazescribe.pipeline.core.figures import CYCLE, GREY
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.results.mil import figures
from gazescribe.pipeline.results.mil.fractions import equal_share, fraction_table, share_curves
from gazescribe.pipeline.results.mil.histogram import EDGES, Histogram
from gazescribe.pipeline.results.published import PublishedMil, load_published
from tests.printed import faults_in_print
from tests.scores import model

PUBLISHED = load_published("mil", PublishedMil)


def rows(*cells, **columns):
    """Give rows of (label, model, mean), with intervals that are nothing but the mean."""
    frame = pd.DataFrame(cells, columns=["label", "model", "mean"])
    frame = frame.assign(published=None, n=4, n_positive=4)
    for name in ("t", "subjects"):
        frame = frame.assign(**{f"{name}_low": frame["mean"], f"{name}_high": frame["mean"]})
    return frame.assign(**columns)


def means(axes):
    """Place of each mean: of four collections a model the third."""
    return [place for drawn in axes.collections[2::4] for place in drawn.get_offsets().tolist()]


def test_models_of_a_label_stand_around_its_row(monkeypatch):
    """Two models are .7 / 2 apart, so each is .175 off the row; one alone is on it."""
    frame = rows(("Edema", "ellipse", 0.3), ("Edema", "et", 0.2), ("Mass", "et", 0.1))
    (axes,) = figures.iou_by_label(frame.assign(metric="iou")).figure.axes
    expected = [[0.3, -0.175], [0.2, 0.175], [0.1, 1]]
    np.testing.assert_allclose(means(axes), expected)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["Edema (4)", "Mass (4)"]
    (legend,) = axes.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "Ellipse",
        "ET",
        "t interval over seeds",
    ]
    assert not faults_in_print(axes.figure, monkeypatch)


AUROC = partial(figures.auroc_by_label, "mimic")


@pytest.mark.parametrize(
    ("draw", "column", "kind", "other"),
    [
        pytest.param(
            partial(figures.auroc_by_label, "mimic"), "dataset", "mimic", "reflacx", id="auroc"
        ),
        pytest.param(figures.iou_by_label, "metric", "iou", "pointing", id="iou"),
        pytest.param(figures.pointing_by_label, "metric", "pointing", "iou", id="pointing"),
    ],
)
def test_rows_of_another_kind_and_models_beside_the_papers_are_left_out(draw, column, kind, other):
    frame = rows(("Edema", "et", 0.2), ("Edema", "et", 0.4), ("Edema", "wide", 0.9))
    (axes,) = draw(frame.assign(**{column: [kind, other, kind]})).figure.axes
    assert means(axes) == [[0.2, 0]]
    (alone,) = draw(frame.assign(model="wide", **{column: [kind, other, other]})).figure.axes
    assert means(alone) == [[0.2, 0]]


def test_averages_leave_out_a_metric_that_nobody_has():
    frame = rows(("all", "et", 0.2), ("all", "unannotated", 0.1), metric="iou")
    (axes,) = figures.averages(frame).figure.axes
    assert axes.get_title() == "IoU"
    colours = [to_hex(colour) for colour in axes.collections[2].get_facecolors()]
    assert colours == [CYCLE[1].lower(), to_hex(GREY)]


def test_a_row_of_the_ablation_is_named_by_its_parts():
    parts = dict.fromkeys(("label_specific", "balanced", "multi_resolution", "decoder"), False)
    frame = rows(("", "", 0.1), ("", "", 0.2), column="et", row=["1", "3"], **parts)
    frame.loc[1, ["label_specific", "multi_resolution"]] = True
    (axes,) = figures.ablation(frame).figure.axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["1: none", "3: label-specific,\nmulti-resolution"]


def test_the_share_that_equals_gaze_is_marked(monkeypatch):
    """From .2 at no ellipse to .4 at all of them: .3 is reached half way."""
    settings = {"supervision": "ellipse", "share_rule": "subjects"}
    models = {
        "unannotated": model("unannotated", [[0.2]]),
        "half": model("half", [[0.3]], **settings, annotated_share=0.5),
        "ellipse": model("ellipse", [[0.4]], **settings, annotated_share=1.0),
        "et": model("et", [[0.3]]),
    }
    curves = share_curves(models)
    equal = [equal_share(curve, Draws(200, 0.95, 0)) for curve in curves]
    table = fraction_table(curves, equal, PUBLISHED, 0.95)
    plate = figures.shares(curves, table.frame, equal, PUBLISHED)
    (axes,) = plate.figure.axes
    curve, level, dot, published = axes.lines
    assert curve.get_xdata().tolist() == [0, 0.5, 1]
    assert curve.get_ydata().tolist() == pytest.approx([0.2, 0.3, 0.4])
    assert level.get_ydata() == pytest.approx([0.3, 0.3])
    assert dot.get_xdata() == pytest.approx([0.5])
    assert list(published.get_xdata()) == [PUBLISHED.fraction.equals_et.value] * 2
    assert "Rule subjects: 50% [" in plate.caption
    assert not faults_in_print(plate.figure, monkeypatch)


def test_the_papers_weight_is_marked(monkeypatch):
    frame = pd.DataFrame({"weight": "lambda_annotated", "value": [0.3, 3.0]})
    for metric in ("auroc", "iou"):
        frame = frame.assign(**{f"validation_{metric}": [0.2, 0.3]})
        frame = frame.assign(**{f"validation_{metric}_sd": [np.nan, 0.1]})
    auroc, iou = figures.lambdas(frame.assign(chosen_by_paper=[False, True])).figure.axes
    assert (auroc.get_ylabel(), iou.get_ylabel()) == ("validation AUROC", "validation IoU")
    assert list(iou.lines[-1].get_xdata()) == [3.0, 3.0]
    (bars,) = iou.collections
    heights = [segment[:, 1].tolist() for segment in bars.get_segments()]
    np.testing.assert_allclose(heights, [[0.2, 0.2], [0.2, 0.4]])
    assert not faults_in_print(iou.figure, monkeypatch)


def test_the_histogram_shows_the_cut(monkeypatch):
    counts = np.zeros(100, np.int64)
    counts[[15, 99]] = 4, 1
    plate = figures.histogram(Histogram(3, counts, {}), 0.15)
    (axes,) = plate.figure.axes
    (stairs,) = axes.patches
    heights, edges, _ = stairs.get_data()
    assert heights.tolist() == counts.tolist()
    assert edges.tolist() == EDGES.tolist()
    assert list(axes.lines[0].get_xdata()) == [0.15, 0.15]
    assert "of 3 maps of validation readings" in plate.caption
    assert not faults_in_print(plate.figure, monkeypatch)
