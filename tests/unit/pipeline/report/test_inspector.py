import math

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.dictation.label_maps import load_column_map, load_label_map
from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.report.inspector import Look, inspect
from gazescribe.pipeline.report.layout import open_run
from gazescribe.pipeline.report.menu import NO_GAZE, NOT_OPENED
from gazescribe.pipeline.report.parts import read_parts
from tests.report_run import SIZE, make_run

LABELS = load_label_map()


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


def parts_of(folder, reading_id, dataset="reflacx"):
    part = open_run(folder).datasets[dataset]
    said = pq.read_table(folder / part.mentions, filters=[("report_id", "==", reading_id)])
    found = read_parts(folder / part.tables, folder / part.associated, said, [reading_id])
    return found[reading_id]


@pytest.fixture(scope="module")
def parts(run_folder):
    return parts_of(run_folder, "R1")


@pytest.fixture(scope="module")
def page(parts):
    return inspect(parts, look(), 1024)


def look(dataset="reflacx"):
    return Look("mass", 3, LABELS, load_column_map(dataset, LABELS.channels))


def test_labels_with_windows_or_ellipses_can_be_chosen(page):
    assert [choice.title for choice in page.labels] == ["Edema", "Opacity", "Fracture"]
    edema, _, fracture = page.labels
    assert edema.windows == [0, 1]
    assert edema.ellipses == [0]
    assert edema.summary == (
        "Edema. 2 windows, 0.0 to 1.0 s, 9.5 to 11.0 s: 4 fixations, 1.2 s of gaze."
        " The reader drew 1 ellipse of it."
    )
    assert [row["polarity"] for row in edema.mentions] == ["positive", "uncertain"]
    assert fracture.summary == f"Fracture. {NOT_OPENED} The reader drew 1 ellipse of it."


def test_sentences_with_their_windows(page):
    first, second, third = page.sentences
    assert (first.windows, second.windows, third.windows) == ([0], [], [1])
    assert first.summary.startswith("Sentence 1: “mild edema .” Window 0.0 to 1.0 s: 2 fixations,")
    assert first.summary.endswith(" Labels: Edema, Opacity.")
    assert second.summary.endswith(NOT_OPENED)
    assert [row["label"] for row in second.mentions] == ["pleural effusion"]
    assert "".join(piece.text for piece in first.pieces) == "mild edema ."
    assert third.span_s == (11.0, 14.5)


def test_all_gaze_can_be_chosen(page):
    assert [choice.title for choice in page.whole] == ["All gaze", "Until the last word"]
    assert page.choices == [*page.labels, *page.sentences, *page.whole]


def test_ellipses_know_their_channels_and_certainty(page):
    drawn, faint = page.ellipses
    assert (drawn["x_px"], drawn["y_px"], drawn["rx_px"], drawn["ry_px"]) == (260, 208, 60, 48)
    assert drawn["channels"] == ["Edema", "Opacity"]
    assert [one["faint"] for one in page.ellipses] == [False, True]
    assert faint["labels"] == ["Fracture"]


def test_names_of_boxes_do_not_overlap(run_folder):
    parts = parts_of(run_folder, "R1")
    sides = {"xmin_px": 40, "ymin_px": 60, "xmax_px": 400, "ymax_px": 300}
    names = ("left lung", "left upper lung zone", "left clavicle")
    far = {**sides, "region": "trachea", "xmin_px": 380}
    parts.regions.extend([*({**sides, "region": name} for name in names), far])
    page = inspect(parts, look(), 1024)
    *near, apart = page.regions
    heights = [one["y_px"] for one in near]
    assert [one["region"] for one in near] == list(names)
    assert np.diff(heights).min() >= page.letter_px
    assert apart["y_px"] == heights[0] == 60 + page.letter_px


def test_the_script_gets_what_it_draws_from(page, parts):
    frame = page.frame
    assert page.size == SIZE
    assert (frame.height, frame.width) == page.size
    assert frame.image_size == SIZE
    window = page.data["windows"][0]
    assert window["fixations"] == [0, 1]
    own = [row for row in parts.gaussians if row["window"] == parts.windows[0]["window"]]
    assert len(window["gaussians"]) == len(own) == 2
    assert window["gaussians"][1] == pytest.approx(
        [168.5, 244.25, 28, 36, 0.18, 120, 160, 321, 381], abs=1e-6
    )


def test_the_script_knows_what_belongs_to_a_choice(page):
    edema, sentence = (page.data["choices"][page.choices[n].key] for n in (0, 3))
    assert (edema["labels"], edema["windows"], edema["ellipses"]) == (["Edema"], [0, 1], [0])
    assert edema["mentions"] == [0, 2]
    assert sentence["labels"] == ["Edema", "Opacity"]
    assert sentence["mentions"] == [0]
    assert sentence["words"] == [0, 1, 2]
    texts = [page.data["words"][n][2] for n in sentence["words"]]
    assert texts == ["mild", "edema", "."]
    assert page.data["mentions"][0]["words"] == [1]
    assert page.data["ellipses"] == {0: ["Pulmonary edema"], 1: ["Fracture"]}


def test_a_large_image_is_shown_smaller(run_folder):
    page = inspect(parts_of(run_folder, "E1", "egd"), look("egd"), 1024)
    assert page.size == (1024, 880)
    assert page.frame.scale == pytest.approx(0.8)


def test_peaks_are_those_of_the_full_size_map(page, parts):
    gaussians = pd.DataFrame(parts.gaussians)
    for row, window in zip(parts.windows, page.data["windows"], strict=True):
        own = gaussians[gaussians["window"] == row["window"]]
        y, x = np.mgrid[: SIZE[0] : 2, : SIZE[1] : 2]
        height = np.zeros(x.shape)
        for one in own.itertuples():
            z = ((x - one.x_px) / one.sigma_x_px) ** 2 + ((y - one.y_px) / one.sigma_y_px) ** 2
            shown = (x >= one.clip_xmin_px) & (x < one.clip_xmax_px)
            shown &= (y >= one.clip_ymin_px) & (y < one.clip_ymax_px)
            mass = one.weight_s / (2 * math.pi * one.sigma_x_px * one.sigma_y_px)
            height += mass * np.exp(-z / 2) * shown
        assert window["peak"] == pytest.approx(height.max(), rel=0.01)
        assert window["peak"] >= height.max() * (1 - 1e-6)
    assert render(gaussians, SIZE).max() == 1


def test_longer_fixations_have_larger_circles(page, parts):
    lengths = [row["offset_s"] - row["onset_s"] for row in parts.fixations]
    assert np.argsort(lengths).tolist() == np.argsort(page.radii_px).tolist()
    assert min(page.radii_px) > 0


def test_the_timeline_holds_all_rows(page):
    rows = {row.name: row for row in page.timeline.rows}
    assert list(rows) == ["sentences", "words", "mentions", "windows", "fixations"]
    assert [bar.item.text for bar in rows["mentions"].bars] == [
        "+ pulmonary edema",
        "− pleural effusion",
        "? pulmonary edema",
    ]
    assert [bar.item.numbers for bar in rows["windows"].bars] == [(0,), (1,)]
    assert [bar.item.numbers for bar in rows["mentions"].bars] == [(0,), (1,), (2,)]
    assert [bar.item.text for bar in rows["words"].bars][:4] == ["mild", "edema", "", "no"]
    assert page.timeline.duration_s == 14.5


def test_a_reading_without_gaze(run_folder):
    page = inspect(parts_of(run_folder, "R2"), look(), 1024)
    assert [choice.summary for choice in page.sentences] == [
        f"Sentence 1: “small nodule seen .” {NO_GAZE}"
    ]
    assert page.labels == page.whole == []
    assert page.data["fixations"] == []
    assert page.size == (80, 100)


def test_a_reading_of_unknown_size_and_without_text(run_folder):
    parts = parts_of(run_folder, "R2")
    parts.reading.update(width_px=None, height_px=None, text=None)
    parts.sentences.clear()
    parts.words.clear()
    page = inspect(parts, look(), 1024)
    assert (page.size, page.frame, page.sentences) == (None, None, [])
    assert page.timeline.duration_s == 1.0


def test_ellipses_of_an_unknown_data_set_reach_no_label(run_folder):
    page = inspect(parts_of(run_folder, "R1"), look("elsewhere"), 1024)
    assert len(page.ellipses) == 2
    assert [choice.ellipses for choice in page.labels] == [[], []]
