import json

import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.maps.heatmaps import run
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, mention, reading, write_tables


def ellipse(number, label, certainty=4, **columns):
    sides = {"xmin_px": 10, "ymin_px": 20, "xmax_px": 50, "ymax_px": 60}
    row = {"reading_id": "R1", "ellipse": number, "label": label, "certainty": certainty}
    return row | sides | columns


TEXT = "edema seen . mass there . clear ."


@pytest.fixture
def folder(tmp_path):
    """R1 looks left during `edema`, right during `mass`; R2 has ellipses, no gaze; R3 no size."""
    gaze = [
        fixation(0, 0, 1, x_px=20.0),
        fixation(1, 2, 3.2, x_px=80.0),
        fixation(2, 3.3, 9, x_px=60.0),
    ]
    write_tables(
        tmp_path / "tables",
        readings=[
            reading("R1", TEXT, phase=3, split="train"),
            reading("R2", TEXT, has_gaze=False),
            reading("R3", TEXT, width_px=None, height_px=None),
        ],
        fixations=gaze,
        ellipses=[
            ellipse(0, "Mass"),
            ellipse(1, "Mass", reading_id="R2", xmin_px=60, xmax_px=80),
            ellipse(2, "Mass", 1, reading_id="R2"),
            ellipse(0, "Mass", reading_id="R3"),
        ],
        samples=[
            {"reading_id": "R1", "sample": number, "time_s": number / 60, "x_px": 30, "y_px": 40}
            | {"valid": True, "inside": True}
            for number in range(4)
        ],
    )
    told = [mention(TEXT, "seen"), mention(TEXT, "there", "mass"), mention(TEXT, "clear", "nodule")]
    (tmp_path / "mentions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in told))
    gazescribe(
        "associate", tmp_path / "tables", tmp_path / "mentions.jsonl", tmp_path / "associated"
    )
    return tmp_path


def draw(folder, kind="label", *options, command=gazescribe):
    return command(
        *("heatmaps", folder / "tables", folder / "associated", folder / "out"),
        *("--kind", kind, "--size", 50, *options),
    )


def test_label_maps_are_what_render_draws(folder):
    line = draw(folder)
    assert line.startswith("3 label maps of 1 reading in 1 shard, 0 blank; left out: none")
    shards = open_shards(folder / "out")
    index = shards.index.to_pylist()
    assert [row["label"] for row in index] == ["Edema", "Lung Lesion", "Opacity"]
    windows = read_table(folder / "associated", "windows").to_pylist()
    gaussians = read_table(folder / "associated", "gaussians").to_pandas()
    for row, heatmap in zip(index, shards, strict=True):
        own = [w["window"] for w in windows if row["label"] in w["labels"]]
        drawn = render(gaussians[gaussians["window"].isin(own)], (80, 100), (50, 50))
        assert 0.9 < drawn.max() <= 1
        np.testing.assert_allclose(heatmap, drawn, atol=5e-4)


def test_index_says_how_to_get_back_to_the_image(folder):
    draw(folder)
    row = open_shards(folder / "out").index.to_pylist()[0]
    assert row["peak"] > 0
    known = ("reading_id", "phase", "split", "dicom_id", "shard", "row", "height", "width")
    assert [row[name] for name in known] == ["R1", 3, "train", "image of R1", 0, 0, 50, 50]
    assert [row[name] for name in ("scale", "pad_x_px", "pad_y_px")] == [0.5, 0, 5]
    assert [row[name] for name in ("kind", "amplitude", "sigma_deg")] == ["label", "mass", 1]
    y, x = np.unravel_index(np.argmax(open_shards(folder / "out")[0]), (50, 50))
    assert (x, y) == (10, 25)  # (20 + 0.5)·0.5 − 0.5 and (40 + 0.5)·0.5 + 5 − 0.5


@pytest.mark.parametrize(
    ("kind", "labels", "left_out"),
    [
        pytest.param("report", [""], {"empty": 0}, id="report"),
        pytest.param("saliency", [""], {}, id="saliency"),
        pytest.param(
            "ellipse",
            ["Lung Lesion", "Opacity"] * 2,
            {"certainty below 3": 1, "no image size": 2},
            id="ellipse",
        ),
    ],
)
def test_other_kinds(folder, kind, labels, left_out):
    counts = json.loads(draw(folder, kind, "--json"))
    shards = open_shards(folder / "out")
    assert [row["label"] for row in shards.index.to_pylist()] == labels
    assert counts["n_maps"] == len(labels)
    assert counts["left_out"] == {why: n for why, n in left_out.items() if n}
    assert counts == json.loads((folder / "out" / "heatmaps.json").read_text())
    assert all(heatmap.max() > 0.9 for heatmap in shards)


def test_ellipse_masks(folder):
    draw(folder, "ellipse")
    shards = open_shards(folder / "out")
    assert set(np.unique(np.stack(list(shards)))) == {0, 1}
    assert {row["peak"] for row in shards.index.to_pylist()} == {None}
    first, second = shards[0].astype(bool), shards[2].astype(bool)
    assert first.sum() == pytest.approx(np.pi * 10 * 10, rel=0.05)
    assert np.flatnonzero(second.any(axis=0)).tolist() == list(range(30, 40))


def test_saliency_from_samples(folder):
    section = override(
        load_params().heatmaps, saliency_from="samples", samples_sigma_px=5.0, size=50
    )
    run(folder / "tables", folder / "associated", folder / "out", "saliency", section)
    shards = open_shards(folder / "out")
    assert np.unravel_index(np.argmax(shards[0]), (50, 50)) == (25, 15)
    assert shards.index.to_pylist()[0]["sigma_deg"] is None


def test_points_of_no_length_give_a_blank_map_and_are_counted(folder):
    gaze = [fixation(0, 0.5, 0.5)]
    write_tables(folder / "tables", readings=[reading("R1", TEXT)], fixations=gaze)
    gazescribe("associate", folder / "tables", folder / "mentions.jsonl", folder / "associated")
    assert "2 blank" in draw(folder)
    shards = open_shards(folder / "out")
    assert shards.index["label"].to_pylist() == ["Edema", "Opacity"]
    assert not np.any(shards[0])
    assert shards.index["peak"].to_pylist() == [0, 0]


def test_nothing_to_draw(folder):
    (folder / "mentions.jsonl").write_text("")
    gazescribe("associate", folder / "tables", folder / "mentions.jsonl", folder / "associated")
    assert draw(folder).startswith("nothing was drawn: there is no window for a label map; left")
    assert len(open_shards(folder / "out")) == 0


def test_gaze_without_words(folder):
    write_tables(folder / "tables", readings=[reading("R1")], fixations=[fixation(0, 0, 1)])
    gazescribe("associate", folder / "tables", folder / "associated")
    assert draw(folder, "saliency").startswith("1 saliency map of 1 reading in 1 shard, 0 blank; ")
    for kind in ("label", "report"):
        assert draw(folder, kind).startswith(
            f"nothing was drawn: there is no window for a {kind} map (--kind saliency needs no"
            " words); left out: 1 no timed words → "
        )


def test_windows_without_gaze(folder):
    gaze = [fixation(0, 500.0, 501.0)]
    write_tables(folder / "tables", readings=[reading("R1", TEXT)], fixations=gaze)
    gazescribe("associate", folder / "tables", folder / "mentions.jsonl", folder / "associated")
    said = draw(folder)
    assert said.startswith("nothing was drawn: no window has gaze; left out: ")
    assert "empty" in said


def test_windows_of_other_readings(folder):
    write_tables(folder / "tables", readings=[reading("R2", TEXT)])
    section = override(load_params().heatmaps, size=50)
    with pytest.raises(SchemaError, match=r"(?s)1 readings have windows but are not in .*- R1"):
        run(folder / "tables", folder / "associated", folder / "out", "label", section)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--size", "native"], "maps of one size: native is for", id="native"),
        pytest.param(["--size", "12x"], "size '12x' is neither N nor HxW", id="size"),
        pytest.param(["--kind", "words"], "'words' is not one of 'label'", id="kind"),
        pytest.param(["--scheduler", "nowhere"], "answers at nowhere", id="scheduler"),
    ],
)
def test_bad_options(folder, options, message):
    result = draw(folder, "label", *options, command=invoke)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert not (folder / "out" / "index.parquet").exists()


def test_published_resize_is_square(folder):
    section = override(load_params().heatmaps, resize="published", size="50x60")
    with pytest.raises(Exception, match=r"makes squares, got a frame of \(50, 60\)"):
        run(folder / "tables", folder / "associated", folder / "out", "label", section)
    assert not (folder / "out").exists()
