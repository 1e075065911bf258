"""What readers of one image have in common, against maps drawn by their formula."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from skimage.draw import ellipse
from sklearn.metrics import jaccard_score

from gazescribe.pipeline.core.errors import ArrayError
from gazescribe.pipeline.dictation.label_maps import load_column_map, load_label_map
from gazescribe.pipeline.report.agreement import THRESHOLD, mean_of_pairs
from gazescribe.pipeline.report.inspector import Look
from gazescribe.pipeline.report.parts import read_parts
from gazescribe.pipeline.report.side_by_side import compare
from tests.shared_image_run import BOXES, DEGREE, FIXATIONS, SIZE, TEXTS, make_shared_run

LABELS = load_label_map()


def readings(folder):
    found = []
    for dataset, ids in {"reflacx": ["A1", "A2", "A3"], "egd": ["B1", "X1"]}.items():
        mentions = pq.read_table(folder / f"data/mentions/{dataset}.parquet")
        tables, associated = (
            folder / f"data/{name}/{dataset}" for name in ("tables", "associated")
        )
        look = Look("mass", 3, LABELS, load_column_map(dataset, LABELS.channels))
        parts = read_parts(tables, associated, mentions, ids)
        found += [(parts[reading_id], look) for reading_id in ids]
    return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return readings(make_shared_run(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def page(shared):
    return compare(shared[:4])


@pytest.fixture(scope="module")
def edema(page):
    return next(choice for choice in page.choices if choice.title == "Edema")


def drawn(reading_id):
    """The map of a reading whose fixations are all in one window, at the size of the image."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    heatmap = np.zeros(SIZE)
    for x_px, y_px, length_s in FIXATIONS[reading_id]:
        z = ((x - x_px) / DEGREE["px_per_deg_x"]) ** 2 + ((y - y_px) / DEGREE["px_per_deg_y"]) ** 2
        heatmap += length_s * np.exp(-z / 2)
    return heatmap / heatmap.max()


def test_what_can_be_chosen(page):
    assert [choice.title for choice in page.choices] == [
        "Edema",
        "Opacity",
        "All gaze",
        "Until the last word",
    ]
    assert [choice.n_maps for choice in page.choices] == [3, 3, 4, 4]


def test_what_is_said_of_a_choice(edema):
    assert edema.summary == "Edema. 3 of 4 readings have a map of it, 2 have ellipses."
    assert [plate.choice is None for plate in edema.plates] == [False, False, True, False]


def test_agreement_of_maps(edema):
    """An image of no more than 512 pixels is compared at its own size."""
    names = ["A1", "A2", "B1"]
    places = [list(TEXTS).index(name) for name in names]
    maps = [drawn(name) for name in names]
    for threshold in (THRESHOLD, 0.5, 0.9):
        matrix = edema.agreement.map_iou[threshold]
        masks = [(heatmap > threshold).ravel() for heatmap in maps]
        expected = [[jaccard_score(a, b) for b in masks] for a in masks]
        found = [[matrix[a][b] for b in places] for a in places]
        np.testing.assert_allclose(found, expected, atol=2e-3)
    found = [[edema.agreement.map_cc[a][b] for b in places] for a in places]
    np.testing.assert_allclose(found, np.corrcoef([one.ravel() for one in maps]), atol=1e-5)
    assert 0.2 < edema.agreement.mean_map_iou[THRESHOLD] < 0.8


def test_a_reading_without_a_map_is_compared_with_none(edema):
    assert edema.agreement.map_iou[THRESHOLD][2] == [None] * 4
    assert edema.agreement.ellipse_iou[2] == edema.agreement.ellipse_iou[3] == [None] * 4


def test_agreement_of_ellipses(edema):
    """Those that are certain enough."""
    masks = []
    for xmin, ymin, xmax, ymax in BOXES.values():
        mask = np.zeros(SIZE, bool)
        centre, radii = (
            ((ymin + ymax) / 2, (xmin + xmax) / 2),
            ((ymax - ymin) / 2, (xmax - xmin) / 2),
        )
        mask[ellipse(*centre, *radii, shape=SIZE)] = True
        masks.append(mask.ravel())
    assert edema.agreement.ellipse_iou[0][1] == pytest.approx(jaccard_score(*masks))
    assert mean_of_pairs(edema.agreement.ellipse_iou) == edema.agreement.ellipse_iou[0][1]


def test_the_sentences_about_a_label_and_all_of_them(page, edema):
    def texts(choice):
        return [
            ["".join(piece.text for piece in line) for line in one.said] for one in choice.plates
        ]

    assert texts(edema) == [
        ["there is mild edema ."],
        ["there is edema ."],
        ["there is no edema ."],
        ["there is edema and effusion ."],
    ]
    assert {piece.polarity for piece in edema.plates[2].said[0]} == {"", "negative"}
    whole = next(choice for choice in page.choices if choice.key == "reading")
    assert texts(whole)[0] == ["there is mild edema .", "no effusion ."]


def test_a_dictation_without_times_is_shown_whole(shared):
    parts, look = shared[0]
    parts.sentences.clear()
    parts.words.clear()
    again = compare([(parts, look), shared[1]])
    whole = next(choice for choice in again.choices if choice.key == "reading")
    assert ["".join(piece.text for piece in line) for line in whole.plates[0].said] == [TEXTS["A1"]]


def test_readings_without_gaze_are_shown(shared):
    nothing = {name: [] for name in ("windows", "gaussians", "fixations", "ellipses", "mentions")}
    page = compare([(replace(parts, **nothing), look) for parts, look in shared[:2]])
    assert [(choice.title, choice.n_maps) for choice in page.choices] == [("All gaze", 0)]


def test_readings_of_two_sizes_are_refused(shared):
    with pytest.raises(ArrayError, match="of one size"):
        compare([shared[1], shared[4]])
