"""Maps that are drawn when they are needed against those that `gazescribe heatmaps` stores."""

import pickle

import numpy as np
import pytest

from gazescribe.models.core.drawn_maps import DrawnMaps, Samples, sigma_deg_of
from gazescribe.models.core.settings import Drawing
from gazescribe.models.training.augment import affine
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import write_table
from tests.running import gazescribe
from tests.synthetic import reading, table

STEP = 2**-11
"""Of float16 below 1: two sums in another order may round to neighbours."""
DIRECT = Drawing("mass", "direct")
IMAGES = {"R1": (80, 100), "R2": (100, 80), "R3": (80, 100), "R4": (None, None)}
SIDES = ("clip_xmin_px", "clip_ymin_px", "clip_xmax_px", "clip_ymax_px")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four readings: labels of one and of several sentences, a blank one, one without a size."""
    place = tmp_path_factory.mktemp("gaze")
    rng = np.random.default_rng(0)
    windows, gaussians, readings, samples = [], [], [], []
    for name, (height, width) in IMAGES.items():
        readings.append(reading(name, height_px=height, width_px=width))
        said = [["Edema"], ["Edema", "Fracture"], ["Fracture"], []]
        kinds = ["sentence"] * 3 + ["reading"]
        for number, (labels, kind) in enumerate(zip(said, kinds, strict=True)):
            status = "empty" if (name, number) == ("R2", 2) else "ok"
            n = 0 if status == "empty" else 6
            windows.append(
                {"reading_id": name, "window": number, "kind": kind, "labels": labels}
                | dict.fromkeys(("n_mentions", "n_uncertain"), [1] * len(labels))
                | {"start_s": 0.0, "end_s": 1.0, "n_fixations": n, "gaze_s": float(n)}
                | {"status": status, "height_px": height, "width_px": width}
            )
            for fixation in range(n):
                is_off = name == "R3" and kind == "sentence"  # nothing of it on the image
                row = {
                    "x_px": -900.0 if is_off else rng.uniform(0, 100),
                    "y_px": rng.uniform(0, 80),
                    "sigma_x_px": 6.0,
                    "sigma_y_px": 6.5,
                    "weight_s": rng.uniform(0.1, 1),
                }
                row |= dict(zip(SIDES, (0, 0, width or 90, height or 90), strict=True))
                if fixation % 3 == 0:
                    row |= dict(zip(SIDES, (20, 10, 70, 60), strict=True))
                gaussians.append({"reading_id": name, "window": number, "fixation": fixation} | row)
        samples += [
            {"reading_id": name, "sample": at, "time_s": at / 60, "valid": True, "inside": True}
            | {"x_px": rng.uniform(0, 80), "y_px": rng.uniform(0, 80)}
            for at in range(40)
        ]
    for name, rows in (("readings", readings), ("samples", samples)):
        write_table(table(rows, name), place / "tables", name)
    for name, rows in (("windows", windows), ("gaussians", gaussians)):
        write_table(table(rows, name), place / "associated", name, {"sigma_deg": "1.0"})
    return place


def stored(folder, kind, *options):
    out = folder / "-".join([kind, *options])
    gazescribe("heatmaps", folder / "tables", folder / "associated", out, "--kind", kind, *options)
    return open_shards(out)


@pytest.mark.parametrize(
    ("kind", "size", "options", "drawing", "from_samples"),
    [
        pytest.param("label", (64, 64), (), DIRECT, False, id="label"),
        pytest.param("report", (64, 64), (), DIRECT, False, id="report, of which there is none"),
        pytest.param("saliency", (64, 48), (), DIRECT, False, id="saliency"),
        pytest.param(
            "label",
            (64, 64),
            ("--resize", "published"),
            Drawing("mass", "published"),
            False,
            id="published",
        ),
        pytest.param(
            "saliency", (64, 48), ("--saliency-from", "samples"), DIRECT, True, id="samples"
        ),
    ],
)
def test_drawn_maps_are_those_of_shards(folder, kind, size, options, drawing, from_samples):
    shards = stored(folder, kind, "--size", f"{size[0]}x{size[1]}", *options)
    samples = Samples(folder / "tables", 75.5) if from_samples else None
    maps = DrawnMaps(folder / "associated", kind, size, drawing, samples)
    index = shards.index.to_pandas()
    for name in ("reading_id", "label", "height", "width", "scale", "pad_y_px", "pad_x_px"):
        assert maps.index[name].tolist() == index[name].tolist()
    assert maps.index["row"].notna().tolist() == (index["peak"] != 0).tolist()
    assert len(maps) == len(shards)
    for row in range(len(maps)):
        found = maps[row]
        assert found.dtype == np.float16
        np.testing.assert_allclose(found.astype(float), shards[row].astype(float), atol=STEP)
    assert kind == "report" or len(maps) >= 3


@pytest.fixture
def maps(folder):
    return DrawnMaps(folder / "associated", "label", (64, 64), DIRECT)


def test_what_the_folder_says(folder, maps):
    assert sigma_deg_of(folder / "associated") == 1.0
    assert len(maps.labels) == 10
    known = list(zip(maps.index["reading_id"], maps.index["label"], strict=True))
    assert known == [
        (name, label) for name in ("R1", "R2", "R3") for label in ("Edema", "Fracture")
    ]
    assert maps.index["row"].isna().tolist() == [False] * 4 + [True] * 2


def test_maps_of_one_reading_are_drawn_together(maps):
    alone = np.stack([maps[0], np.zeros((64, 64)), maps[1]])
    np.testing.assert_array_equal(maps.drawn([0, -1, 1], maps.frame(0)), alone)
    assert not maps.drawn([-1, -1], maps.frame(0)).any()


def test_a_moved_map_goes_where_its_image_goes(maps):
    shift = affine(0.0, (0.25, 0.0), 1.0, (64, 64))  # 16 pixels to the right
    (moved,) = maps.drawn([0], maps.frame(0), shift)
    np.testing.assert_allclose(
        moved[:, 16:].astype(float), maps[0][:, :-16].astype(float), atol=STEP
    )
    assert not moved[:, :16].any()


def test_what_the_published_code_shrinks_is_not_moved(folder):
    maps = DrawnMaps(folder / "associated", "label", (64, 64), Drawing("mass", "published"))
    turned = affine(30.0, (0.1, 0.0), 1.0, (64, 64))
    assert not maps.can_move
    np.testing.assert_array_equal(maps.drawn([0], maps.frame(0), turned)[0], maps[0])


def test_maps_go_to_loader_processes(maps):
    sent = pickle.loads(pickle.dumps(maps))  # noqa: S301 our own
    np.testing.assert_array_equal(sent[1], maps[1])


def test_shards_in_place_of_windows(folder):
    stored(folder, "label", "--size", "32")
    with pytest.raises(SchemaError, match=r"windows\.parquet: there is no such file"):
        DrawnMaps(folder / "label---size-32", "label", (64, 64), DIRECT)
