import numpy as np
import pyarrow.parquet as pq
import pytest
from skimage.draw import ellipse

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.report.gallery import (
    COLUMNS,
    CUT,
    GRID_PX,
    QUALITY,
    SHADES,
    TINY,
    gallery_data,
    gallery_rows,
    gallery_tasks,
    spelt,
)
from gazescribe.pipeline.report.layout import open_run
from gazescribe.pipeline.report.pictures import fit_size
from gazescribe.pipeline.report.run import source_of
from gazescribe.pipeline.report.selection import reading_ids
from tests.report_run import SIZE, make_run

CHANNELS = load_label_map().channels


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def rows(project):
    layout, params = open_run(project), load_params().heatmaps
    found = {}
    for name, ids in reading_ids(project, layout).items():
        for task in gallery_tasks(source_of(name, project, layout, None, params), ids):
            found |= {row["reading_id"]: row for row in gallery_rows(task)}
    return found


def remarks(row):
    return [QUALITY[place] for place in row["quality"]]


def test_every_reading_is_there_with_its_facts(rows):
    assert sorted(rows) == ["E1", "R1", "R2"]
    assert [rows["R1"][name] for name in ("dataset", "split", "phase")] == ["reflacx", "train", 1]
    assert [rows["R1"][name] for name in ("n_fixations", "share_off_image")] == [7, 0.143]


def test_quality_says_what_is_wrong_with_a_reading(rows):
    assert remarks(rows["E1"]) == []
    assert remarks(rows["R2"]) == ["no gaze"]
    assert remarks(rows["R1"]) == [
        "from 10% of fixations off the image",
        "from 10% of the time lost",
    ]


def test_labels_are_those_said_and_those_drawn(rows):
    said = {CHANNELS[place]: number is not None for place, number, *_ in rows["R1"]["labels"]}
    drawn = {CHANNELS[place] for place, _, is_drawn, _ in rows["R1"]["labels"] if is_drawn}
    assert said == {"Edema": True, "Opacity": True}
    assert drawn == {"Edema", "Opacity"}  # the fracture's ellipse has certainty 2
    assert rows["R2"]["labels"] == []


def test_iou_is_that_of_the_map_and_the_ellipses(project, rows):
    folder = project / "data/associated/reflacx"
    windows = pq.read_table(folder / "windows.parquet").to_pylist()
    own = [row["window"] for row in windows if "Edema" in row["labels"]]
    gaussians = pq.read_table(folder / "gaussians.parquet", filters=[("window", "in", own)])
    size = fit_size(SIZE, GRID_PX)
    shrunk = GRID_PX / max(SIZE)
    centre, radii = np.array([208, 260]), np.array([48, 60])
    mask = np.zeros(size, bool)
    mask[ellipse(*((centre + 0.5) * shrunk - 0.5), *(radii * shrunk), shape=size)] = True
    above = render(gaussians, SIZE, size) > CUT
    expected = (mask & above).sum() / (mask | above).sum()
    iou = {CHANNELS[place]: value for place, *_, value in rows["R1"]["labels"]}
    assert 0.05 < expected < 0.95
    assert iou["Edema"] == pytest.approx(expected, abs=5e-3)


def test_small_maps_show_where_the_gaze_was(rows):
    tall, wide = rows["R1"]["shape"]
    assert max(tall, wide) == TINY
    levels = np.array([SHADES.index(letter) for letter in rows["R1"]["maps"][0]]).reshape(
        tall, wide
    )
    assert levels.max() == len(SHADES) - 1
    y, x = np.unravel_index(levels.argmax(), levels.shape)
    assert (y, x) == (int(204 / 600 * tall), int(258 / 480 * wide))  # two fixations overlap there
    assert rows["R2"]["maps"] == [""]


def test_a_small_map_is_the_mean_of_its_cells():
    heatmap = np.zeros((32, 16), np.float32)
    heatmap[:2, :2] = 1
    heatmap[2:4, :1] = 1
    text = spelt(heatmap)
    assert text[0] == SHADES[-1]
    assert text[TINY // 2] == SHADES[round(len(SHADES) / 2 - 0.5)]
    assert set(text[1:8] + text[9:]) == {SHADES[0]}


def test_the_page_has_all_rows_in_the_order_of_their_columns(rows):
    data = gallery_data(list(rows.values()), CHANNELS)
    assert [dict(zip(COLUMNS, row, strict=True)) for row in data["rows"]] == [*rows.values()]
    assert data["splits"] == ["train", "test"]
    assert len(data["colours"]) == len(SHADES)
