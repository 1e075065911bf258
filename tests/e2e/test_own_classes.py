"""A lab's recordings, from its files to the cooperative network: its own classes, or gaze alone."""

import json
from pathlib import Path

import pytest

from gazescribe.models.core.checkpoint import read_metadata
from gazescribe.pipeline.core.foreign import read_json
from gazescribe.pipeline.core.tables import read_table
from tests.conftest import ROOT
from tests.invented_lab import CLASSES, write_lab, write_params
from tests.running import gazescribe, invoke

CHAIN = ("contrastive", "dnet201_cl", "dual_encoder", "cooperative")


def to_shards(name: str, **how: object) -> None:
    """From files to shards, in the working folder: all a network is trained on."""
    manifest = write_lab(Path(name), name=name, **how)
    tables, associated = f"{name}/tables", f"{name}/associated"
    gazescribe("ingest", manifest, f"{name}/raw", tables, "--workers", 1)
    gazescribe("associate", tables, associated, "--workers", 1)
    drawn = ("--kind", "saliency", "--size", 32, "--workers", 1)
    gazescribe("heatmaps", tables, associated, f"{name}/maps", *drawn)


def images_of(*names: str) -> None:
    also = [word for name in names[1:] for word in ("--also", f"{name}/tables")]
    size = ("--size", 32, "--resize", "direct", "--workers", 1)
    gazescribe("images", f"{names[0]}/tables", f"{names[0]}/raw", "images", *also, *size)


def configured(models: tuple[str, ...], *names: str, **changed: object) -> Path:
    inputs = {
        "images": "images",
        "tables": {name: f"{name}/tables" for name in names},
        "associated": {name: f"{name}/associated" for name in names},
        "saliency_maps": {name: f"{name}/maps" for name in names},
    }
    params = write_params(Path("parameters"), ROOT, models, **inputs, **changed)
    gazescribe("configure", "cooperative", "config.json", "--params", params)
    return Path("config.json")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_own_classes_go_from_the_files_to_every_stage_and_its_answers():
    to_shards("mylab")
    images_of("mylab")
    config = configured((*CHAIN, "mt_unet"), "mylab")
    assert "5 networks trained" in gazescribe("train", config, "models")
    classes = sorted(CLASSES)
    for model, labels in (
        ("contrastive", ["embedding"]),
        ("dnet201_cl", classes),
        ("dual_encoder", ["saliency"]),
        ("cooperative", [*classes, "saliency"]),
    ):
        metadata = read_metadata(Path("models") / f"{model}-seed0" / "model.safetensors")
        assert metadata["labels"] == labels
    split = metadata["training"]["training"]["split_source"]["mylab"]
    assert split == "seeded draw by subject, stratified by diagnosis (seed 0, 70/10/20 %)"

    chosen = [word for name in CHAIN for word in ("--run", f"{name}-seed0")]
    assert "4 networks scored" in gazescribe("evaluate", config, "models", "scores", *chosen)
    scored = Path("scores/cooperative-seed0")
    told = read_table(scored, "cooperative_classification")
    assert told.column_names[-3:] == [f"p_{name}" for name in classes]
    assert set(told["split"].to_pylist()) == {"validate", "test"}
    assert read_json(scored / "scores.json")["classes"] == classes

    gazescribe("tabulate", "cooperative", "scores", "results")
    page = Path("results/tables.md").read_text()
    assert "AUROC, Malignant" in page
    assert "heart failure" not in page
    assert "published" not in Path("results/table_1_diagnosis.csv").read_text()

    picture = "mylab/raw/img/i00.png"
    gazescribe("predict", "models/cooperative-seed0/model.safetensors", picture, "--out", "said")
    (image,) = read_json(Path("said/predictions.json"))["images"]
    assert list(image["probabilities"]) == classes
    assert sum(image["probabilities"].values()) == pytest.approx(1)


def test_an_order_that_is_stated_counts_and_leaves_out_other_classes():
    to_shards("mylab")
    images_of("mylab")
    config = configured(("dnet201",), "mylab", classes=["Malignant", "Benign"])
    gazescribe("train", config, "models")
    metadata = read_metadata(Path("models/dnet201-seed0/model.safetensors"))
    assert metadata["labels"] == ["Malignant", "Benign"]
    assert metadata["training"]["training"]["left_out"] == {"no diagnosis": 6}


def test_gaze_without_words_mentions_and_diagnoses_trains_the_saliency_network():
    to_shards("silent", diagnosed=False)
    images_of("silent")
    config = configured(("unet_s", "dual_imagenet", "dnet201"), "silent")
    refused = invoke("train", config, "models")
    assert refused.exit_code == 2
    assert "dnet201-seed0 is trained to tell diagnoses, and no image has one" in refused.output
    assert "dual_imagenet" in refused.output
    runs = ("--run", "unet_s-seed0", "--run", "dual_imagenet-seed0")
    said = gazescribe("train", config, "models", *runs)
    assert "2 were there already" in said
    assert "unet_s-seed0: no image has a diagnosis: it learns saliency alone" in said
    gazescribe("evaluate", config, "models", "scores", *runs)
    assert not Path("scores/unet_s-seed0/classification.parquet").exists()
    assert len(read_table(Path("scores/unet_s-seed0"), "cooperative_saliency")) > 0
    gazescribe("tabulate", "cooperative", "scores", "results")
    assert "no image has a diagnosis" in Path("results/tables.md").read_text()
    gazescribe(
        *("predict", "models/unet_s-seed0/model.safetensors", "silent/raw/img/i00.png"),
        *("--out", "said"),
    )
    assert read_json(Path("said/predictions.json"))["images"][0]["probabilities"] == {}

    gazescribe("render", "silent/associated", "all.npy", "--reading", "silent00")
    Path("data_manifests").mkdir()
    Path("silent/silent.yaml").rename("data_manifests/silent.yaml")
    gazescribe(
        *("export", "silent/tables", "silent/associated", "coco", "--format", "coco"),
        *("--size", 32),
    )
    regions = json.loads(Path("coco/annotations/saliency-32x32/masks_train.json").read_text())
    assert len(regions["images"]) == 14
    assert regions["annotations"]

    about = {"silent": {"tables": "tables", "associated": "associated"}}
    run = {"schema_version": 1, "datasets": about}
    Path("silent/run.json").write_text(json.dumps(run))
    gazescribe("report", "silent", "page", "--no-images")
    assert "silent00" in "".join(path.read_text() for path in Path("page").rglob("*.html"))


def test_two_data_sets_train_together():
    """Their patients have the same names, and are others."""
    to_shards("first")
    to_shards("second", diagnosed=False, image="j")
    Path("second/raw/img").rename("first/raw/img2")
    for path in Path("first/raw/img2").iterdir():
        path.rename(Path("first/raw/img") / path.name)
    images_of("first", "second")
    config = configured(("unet_s", "mt_unet"), "first", "second")
    gazescribe("train", config, "models")
    n = {
        model: read_metadata(Path(f"models/{model}-seed0/model.safetensors"))["training"]
        for model in ("unet_s", "mt_unet")
    }
    train = n["unet_s"]["training"]["n"]["train"]
    assert (train["images"], train["without_diagnosis"]) == (28, 14)
    assert train["patients"] == 22  # eleven of each
    assert set(n["mt_unet"]["training"]["split_source"]) == {"first", "second"}
    gazescribe("evaluate", config, "models", "scores")
    told = read_table(Path("scores/mt_unet-seed0"), "cooperative_classification")
    seen = read_table(Path("scores/mt_unet-seed0"), "cooperative_saliency")
    assert {name[0] for name in told["dicom_id"].to_pylist()} == {"i"}
    assert {name.split(":")[0] for name in seen["reading_id"].to_pylist()} == {"first", "second"}


def test_an_image_in_two_splits_of_two_data_sets_is_refused():
    to_shards("first")
    to_shards("second", diagnosed=False)
    images_of("first", "second")  # both labs have images i00 to i19
    config = configured(("unet_s",), "first", "second")
    refused = invoke("train", config, "models")
    assert refused.exit_code == 2
    assert "Images that are not the same need ids that are not the same" in refused.output
    assert "image i" in refused.output
