import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from safetensors.torch import save_file

from gazescribe.models.core.checkpoint import annotate_checkpoint
from gazescribe.models.predicting import run as predicting_run
from gazescribe.models.predicting.predictor import load_predictor
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import entries
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import open_shards, to_stored
from gazescribe.pipeline.images.reading import read_radiograph
from gazescribe.pipeline.report.networks import ask, for_script, open_predictions
from tests.running import gazescribe, invoke
from tests.unit.models.predicting.predicting_cases import checkpoint, expected, picture, save

ONES = np.ones((20, 32))
ALL = ("--min-probability", 0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """As `gazescribe train` writes it: without thresholds."""
    return checkpoint(tmp_path_factory.mktemp("trained") / "model.safetensors")


@pytest.fixture(scope="module")
def thresholds(trained):
    """Medians of the maps of a picture, so that masks are neither full nor empty."""
    _, maps = expected(trained, picture(2))
    return {
        kind: dict(zip(TEN_LABELS, np.median(of_kind, axis=(1, 2)).tolist(), strict=True))
        for kind, of_kind in maps.items()
    }


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory, trained, thresholds):
    path = tmp_path_factory.mktemp("evaluated") / "model.safetensors"
    annotate_checkpoint(trained, path, thresholds=thresholds, metrics={"map": "spatial"})
    return path


def dicom(path, image, photometric):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["test"])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.Rows, dataset.Columns = image.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, photometric
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    # 12 bits of which the display window shows 1000 to 1255.
    dataset.WindowCenter, dataset.WindowWidth = 1128, 256
    stored = 1000 + (255 - image if photometric == "MONOCHROME1" else image).astype("<u2")
    dataset.PixelData = stored.astype("<u2").tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def images(tmp_path):
    """Three pictures, two of them of one name, and what is none."""
    for number, name in enumerate(["x.png", "sub/x.png", "y.png"]):
        save(tmp_path / "images" / name, picture(number))
    (tmp_path / "images" / "notes.txt").write_text("")
    return tmp_path / "images"


def read(out):
    return json.loads((out / "predictions.json").read_text())


def test_what_it_says(tmp_path, trained, images):
    said = gazescribe("predict", trained, images, "--out", tmp_path / "out", "--batch-size", 2)
    assert "3 images predicted by et-seed0; left out: none; 1 other file in the folders" in said
    found = read(tmp_path / "out")
    assert found["checkpoint"] == {"name": "et-seed0", "system": "mil", "run_hash": "abc"}
    assert (found["map"], found["thresholds"], found["left_out"]) == ("decoder", None, [])
    names = [(one["name"], one["path"]) for one in found["images"]]
    assert names == [("sub_x", "sub/x.png"), ("x", "x.png"), ("y", "y.png")]
    shards = open_shards(tmp_path / "out")
    index = shards.index.to_pandas().assign(at=range(len(shards)))
    assert shards.index.schema.names == TABLES["heatmaps"].columns
    assert len(index) == 30
    for one in found["images"]:
        probability, maps = expected(trained, read_radiograph(images / one["path"]))
        assert one["probabilities"] == pytest.approx(
            dict(zip(TEN_LABELS, probability, strict=True))
        )
        own = index[index["reading_id"] == one["name"]].set_index("label")
        assert set(own["kind"]) == {"label"}
        assert set(own["dicom_id"]) == {Path(one["path"]).stem}
        for at, label in enumerate(TEN_LABELS):
            stored = shards[int(own["at"][label])]
            np.testing.assert_allclose(stored, to_stored(maps["decoder"][at]), atol=1e-3)
        assert len({one.tobytes() for one in maps["decoder"]}) == 10
    row = index.iloc[0]
    # 40 x 64 pixels fill 32 of the frame's width; a map has 16 pixels a side.
    frame = {"height": 16, "width": 16, "scale": 0.25, "pad_x_px": 0, "pad_y_px": 3}
    assert row[list(frame)].to_dict() == frame == found["images"][0]["frame"]


def test_the_report_reads_it(tmp_path, trained, images):
    gazescribe("predict", trained, images, "--out", tmp_path / "out")
    (network,) = open_predictions([tmp_path / "out"])
    reading = {"reading_id": "R1", "dicom_id": "y", "height_px": None, "width_px": None}
    answers = ask([network], reading)
    assert answers.missing == {}
    (entry,) = for_script(answers, (40, 64), TEN_LABELS)
    assert {*entry["labels"]} == {*TEN_LABELS}
    image = read(tmp_path / "out")["images"][-1]
    assert image["name"] == "y"
    for label, said in entry["labels"].items():
        assert said["probability"] == image["probabilities"][label]
        assert said["map"].startswith("data:image/png;base64,")


def test_a_picture_is_the_same_however_it_is_stored(tmp_path, trained):
    image = picture()
    save(tmp_path / "p.png", image)
    for name in ("MONOCHROME1", "MONOCHROME2"):
        dicom(tmp_path / f"{name}.dcm", image, name)
    (tmp_path / "IM0").write_bytes((tmp_path / "MONOCHROME1.dcm").read_bytes())
    gazescribe("predict", trained, tmp_path, "--out", tmp_path / "out", *ALL)
    found = {one["name"]: one["probabilities"] for one in read(tmp_path / "out")["images"]}
    assert set(found) == {"p", "MONOCHROME1", "MONOCHROME2", "IM0"}
    for name, probabilities in found.items():
        assert probabilities == pytest.approx(found["p"], rel=1e-6)
        np.testing.assert_allclose(
            maps_of(tmp_path / "out", name), maps_of(tmp_path / "out", "p"), atol=1e-3
        )
    gazescribe("predict", trained, save(tmp_path / "n.png", 255 - image), "--out", tmp_path / "o2")
    assert read(tmp_path / "o2")["images"][0]["probabilities"] != pytest.approx(
        found["p"], rel=1e-6
    )


def opened(path):
    with Image.open(path) as found:
        return np.array(found)


def maps_of(out, name):
    shards = open_shards(out)
    names = shards.index["reading_id"].to_pylist()
    return np.stack([shards[row] for row, one in enumerate(names) if one == name])


def test_masks_and_overlays(tmp_path, evaluated, thresholds, images):
    out = tmp_path / "out"
    gazescribe("predict", evaluated, images, "--out", out, "--write", "masks, overlays", *ALL)
    assert entries(out) == {"masks", "overlays", "predictions.json", "timing.json"}
    found = read(out)
    assert (found["map"], found["thresholds"]) == ("spatial", thresholds["spatial"])
    for one in found["images"]:
        _, maps = expected(evaluated, read_radiograph(images / one["path"]))
        assert list(one["masks"]) == sorted(TEN_LABELS)
        for label, place in one["masks"].items():
            assert place == f"masks/{one['name']}/{label.replace(' ', '_')}.png"
            # Of the 2 x 2 cells of the frame, the picture fills the inner halves of both rows.
            cells = maps["spatial"][TEN_LABELS.index(label)] > thresholds["spatial"][label]
            np.testing.assert_array_equal(opened(out / place), 255 * np.kron(cells, ONES))
        assert opened(out / one["overlay"]).shape == (3 * 268 - 4, 4 * 388 - 4, 3)
    masks = {
        (out / place).read_bytes() for one in found["images"] for place in one["masks"].values()
    }
    assert len(masks) > 2


def test_improbable_labels_are_not_shown(tmp_path, evaluated, images):
    probability, _ = expected(evaluated, read_radiograph(images / "y.png"))
    limit = np.sort(probability)[7]
    options = ("--write", "masks,overlays", "--min-probability", limit, "--map", "decoder")
    gazescribe("predict", evaluated, images / "y.png", "--out", tmp_path / "out", *options)
    (one,) = read(tmp_path / "out")["images"]
    assert set(one["masks"]) == {TEN_LABELS[at] for at in np.argsort(probability)[7:]}
    options = ("--write", "json", "--min-probability", 1)
    gazescribe("predict", evaluated, images / "y.png", "--out", tmp_path / "out", *options)
    assert entries(tmp_path / "out") == {"predictions.json", "timing.json"}


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of one picture."""
    monkeypatch.setattr(predicting_run, "ROWS_A_SHARD", 10)


def contents(out):
    """All bytes but those of timing.json, and their hash in the list: time is no prediction."""
    found = {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert found.pop(Path("timing.json"))
    written = json.loads(found.pop(Path(".written.json")))
    del written["files"]["timing.json"]
    return {**found, "written": written}


def test_how_long_an_image_took(tmp_path, trained, images):
    gazescribe("predict", trained, images, "--out", tmp_path / "out", "--batch-size", 1)
    timing = json.loads((tmp_path / "out" / "timing.json").read_text())
    assert timing["s_an_image"] > 0
    # three images, of which the first is that in which libraries set themselves up
    assert (timing["n_images"], timing["batch_size"], timing["map"]) == (2, 1, "decoder")
    assert timing["machine"]
    assert "timing" not in read(tmp_path / "out")


def test_a_run_that_was_cut_off_goes_on(tmp_path, trained, images, small_parts, monkeypatch):
    arguments = ("predict", trained, images, "--batch-size", 1, *ALL, "--out")
    gazescribe(*arguments, tmp_path / "whole")
    drawn = []
    write = predicting_run.write_overlay

    def failing(*of):
        if len(drawn) == 2:
            raise KeyboardInterrupt
        drawn.append(of[-1].name)
        write(*of)

    monkeypatch.setattr(predicting_run, "write_overlay", failing)
    assert invoke(*arguments, tmp_path / "out").exit_code == 130
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(
        predicting_run,
        "write_overlay",
        lambda *of: (drawn.append(of[-1].name), write(*of)),
    )
    said = gazescribe(*arguments, tmp_path / "out")
    assert "3 images predicted by et-seed0; left out: none" in said
    assert "2 kept from a run that was cut off" in said
    assert drawn == ["sub_x.png", "x.png", "y.png"]
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert len(contents(tmp_path / "out")) == 3 + 3 + 3
    assert not list(tmp_path.glob(".*"))


def test_a_part_that_changed_leaves_nothing_behind(tmp_path, evaluated, images, monkeypatch):
    arguments = ("predict", evaluated, images, "--write", "maps,masks,overlays", "--out")
    finish = predicting_run.finish

    def failing(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(predicting_run, "finish", failing)
    assert invoke(*arguments, tmp_path / "out", *ALL).exit_code == 130
    (partial,) = tmp_path.glob(".*")
    assert len(list(partial.rglob("*.png"))) == 3 * 11
    (images / "x.png").write_bytes(b"no picture any more")
    monkeypatch.setattr(predicting_run, "finish", finish)
    for out in ("out", "whole"):
        gazescribe(*arguments, tmp_path / out, *ALL)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert len(list((tmp_path / "out").rglob("*.png"))) == 2 * 11


def test_what_cannot_be_read_is_named(tmp_path, trained, images, small_parts):
    (images / "bad.png").write_bytes(b"no picture")
    save(images / "colour.png", np.dstack([picture(), picture(1), picture(2)]))
    (images / "list.csv").write_text("path\nabsent.jpg\nbad.png\ny.png\n")
    given = [images / name for name in ("bad.png", "colour.png", "list.csv")]
    result = invoke("predict", trained, *given, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["n_images"] == 1
    left_out = {one["path"]: one["reason"] for one in read(tmp_path / "out")["left_out"]}
    assert left_out == {
        "bad.png": "this is neither JPEG nor PNG nor DICOM.",
        "colour.png": "this picture is in colour, where a grey radiograph is expected.",
        "absent.jpg": "there is no such file.",
    }
    assert len(read(tmp_path / "out")["left_out"]) == 4
    for text in ("bad.png: this is neither", "absent.jpg: there is no such file"):
        assert f"warning: {text}" in result.stderr
    assert len(open_shards(tmp_path / "out")) == 10


def test_nothing_can_be_read(tmp_path, trained):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    result = invoke("predict", trained, tmp_path / "bad.png", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "not one of 1 images can be read" in result.output
    assert "bad.png: this is neither JPEG nor PNG nor DICOM" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["bad.png"]


def coco(path, annotations, **image):
    names = ["Edema", "pleural abnormality", "Nodule"]
    content = {
        "images": [{"id": 1, "file_name": "y.png", **image}, {"id": 2, "file_name": "gone.png"}],
        "categories": [{"id": at, "name": name} for at, name in enumerate(names)],
        "annotations": [
            {"image_id": 1, "category_id": category, "bbox": box} for category, box in annotations
        ],
    }
    path.write_text(json.dumps(content))
    return path


def test_boxes(tmp_path, evaluated, thresholds, images):
    boxes = coco(
        tmp_path / "coco.json", [(0, [4, 2, 30, 20]), (1, [40, 5, 20, 30]), (2, [0, 0, 9, 9])]
    )
    out = tmp_path / "out"
    options = ("--write", "masks", "--boxes", boxes, "--map", "decoder")
    said = gazescribe("predict", evaluated, images, "--out", out, *options, *ALL)
    assert "boxes: iou 0." in said
    with (out / "localisation.csv").open() as file:
        rows = {row["label"]: row for row in csv.DictReader(file)}
    truth = {"Edema": np.s_[2:22, 4:34], "Pleural abnormality": np.s_[5:35, 40:60]}
    assert set(rows) == set(truth)
    summary = json.loads((out / "localisation.json").read_text())
    for label, place in truth.items():
        box = np.zeros((40, 64), bool)
        box[place] = True
        mask = opened(out / "masks" / "y" / f"{label.replace(' ', '_')}.png") > 0
        assert 0 < mask.mean() < 1
        iou = (box & mask).sum() / (box | mask).sum()
        row = rows[label]
        assert (row["name"], int(row["area_px"])) == ("y", 600)
        assert float(row["iou"]) == pytest.approx(iou)
        assert float(row["threshold"]) == thresholds["decoder"][label]
        of_label = summary["labels"][label]
        assert (of_label["n"], of_label["iou"]) == (1, pytest.approx(iou))
        assert of_label["best_iou"] == max(of_label["curve"]) >= iou
    assert summary["counts"] == {
        "annotations": 2,
        "annotations_left_out": {"its category is none of the labels: Nodule": 1},
        "cases": 2,
        "cases_left_out": {},
        "images": 2,
        "images_not_given": 1,
    }


def test_boxes_without_thresholds_and_boxes_that_do_not_fit(tmp_path, trained, images):
    boxes = coco(tmp_path / "coco.json", [(0, [4, 2, 30, 20]), (1, [90, 90, 5, 5])])
    gazescribe("predict", trained, images, "--out", tmp_path / "a", "--boxes", boxes)
    summary = json.loads((tmp_path / "a" / "localisation.json").read_text())
    assert summary["labels"]["Edema"]["iou"] is None
    assert 0 < summary["labels"]["Edema"]["best_iou"] <= 1
    assert summary["counts"]["cases_left_out"] == {"the shapes hold no pixel's centre": 1}
    boxes = coco(tmp_path / "coco.json", [(0, [4, 2, 30, 20])], height=80, width=200)
    said = gazescribe("predict", trained, images, "--out", tmp_path / "b", "--boxes", boxes)
    assert "boxes: iou unknown, best_iou unknown, pointing unknown" in said
    summary = json.loads((tmp_path / "b" / "localisation.json").read_text())
    left_out = {"the picture has another aspect than the COCO file says": 1}
    assert summary["counts"]["cases_left_out"] == left_out
    (images / "y.png").write_bytes(b"no picture")
    gazescribe("predict", trained, images, "--out", tmp_path / "c", "--boxes", boxes)
    summary = json.loads((tmp_path / "c" / "localisation.json").read_text())
    assert summary["counts"]["cases_left_out"] == {"the picture cannot be read": 1}


def test_the_card(trained):
    said = gazescribe("predict", trained, "--card")
    assert said.startswith("et-seed0\n")
    assert "Not for diagnosis" in said
    metadata = json.loads(gazescribe("predict", trained, "--card", "--json"))
    assert metadata["card"].startswith("# et-seed0\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--out", "out"], "give at least one IMAGE and --out FOLDER", id="no image"),
        pytest.param(["y.png"], "give at least one IMAGE and --out FOLDER", id="no folder"),
        pytest.param(["no.png"], "'no.png' does not exist", id="absent"),
        pytest.param(["y.png", "--write", "maps,mask"], "'mask'; known are json, maps", id="part"),
        pytest.param(
            ["y.png", "--out", "out", "--write", "masks"],
            "masks need thresholds of decoder maps, and this checkpoint has none",
            id="no thresholds",
        ),
        pytest.param(
            ["y.png", "--out", "out", "--map", "saliency"],
            "draws no map 'saliency'; it draws decoder, spatial, gradcam",
            id="map",
        ),
        pytest.param(["y.png", "--out", "."], "no predictions of an earlier run", id="not empty"),
        pytest.param(["notes.txt", "--out", "out"], "not one of 1 images", id="text"),
    ],
)
def test_what_is_refused(images, trained, monkeypatch, options, message):
    monkeypatch.chdir(images)
    result = invoke("predict", trained, *options)
    assert result.exit_code == 2
    assert message in result.output
    assert not (images / "out").exists()


def test_files_that_are_no_checkpoint(tmp_path, images):
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    result = invoke("predict", tmp_path / "other.safetensors", images, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "this file has weights but is not ours" in result.output
    path = checkpoint(tmp_path / "model.safetensors", system="os")
    with pytest.raises(SchemaError, match="its system is 'os'; known are mil, cooperative"):
        load_predictor(path)


def test_workers_read_the_same(tmp_path, trained, images):
    for workers in (0, 2):
        out = tmp_path / str(workers)
        gazescribe("predict", trained, images, "--out", out, "--workers", workers)
    assert contents(tmp_path / "0") == contents(tmp_path / "2")


ABSENT = ("pydantic", "dvc", "dask", "spacy", "matplotlib", "pydicom", "pytorch_lightning", "yaml")


@pytest.mark.slow  # imports torch in a process of its own
def test_it_runs_where_there_is_little(tmp_path, trained, images):
    code = f"""
import sys
sys.modules.update(dict.fromkeys({ABSENT}))
from gazescribe.models.commands.predict import predict
predict(sys.argv[1:])
"""
    arguments = [trained, images, "--out", tmp_path / "out"]
    root = Path(__file__).parents[4]
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert "3 images predicted" in done.stdout, done.stderr


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_as_on_a_cpu(tmp_path, trained, images):
    for device in ("cpu", "gpu"):
        gazescribe("predict", trained, images, "--out", tmp_path / device, "--accelerator", device)
    for one, other in zip(
        *(read(tmp_path / device)["images"] for device in ("cpu", "gpu")), strict=True
    ):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)
