"""The command as a user meets it: whole or not at all, the same bytes, what is asked for alone."""

import json
import re
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.export.ids import HEADER, hash_id
from gazescribe.pipeline.sources.loading import load_manifest
from tests.conftest import ROOT
from tests.running import gazescribe, invoke
from tests.synthetic import reading, write_tables

from .conftest import IDS, SAID, dicom, make_inputs

FORMS = ("parquet", "npy", "npz", "webdataset", "hf", "zarr", "coco", "bids")
COMPANIONS = {
    "README.md",
    "LICENSE_NOTICE.md",
    "SHA256SUMS",
    "columns.csv",
    "croissant.json",
    "index.html",
    "load_example.py",
    "provenance.json",
}
KEY = b"0123456789abcdef0123456789abcdef"


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def refused(*arguments):
    result = invoke("export", *arguments)
    assert result.exit_code == 2, result.output
    return result.output


@pytest.mark.parametrize("form", FORMS)
def test_every_format_has_its_companions(exported, form):
    names = {path.name for path in exported(form).iterdir()}
    assert names >= COMPANIONS
    card = (exported(form) / "README.md").read_text()
    assert card.startswith("---\npretty_name: ")
    assert "All of it is synthetic" in card
    assert "no word of any dictation" in card
    assert "None" not in card.split("---", 2)[2]


@pytest.mark.parametrize("form", FORMS)
def test_checksums_are_those_of_all_files(exported, form):
    import hashlib

    files = content(exported(form))
    lines = files.pop("SHA256SUMS").decode().splitlines()
    assert len(lines) == len(files) > 8
    assert lines == [f"{hashlib.sha256(one).hexdigest()}  {name}" for name, one in files.items()]


@pytest.mark.parametrize("form", FORMS)
def test_a_rebuild_gives_the_same_bytes(inputs, exported, tmp_path, form):
    maps = () if form == "bids" else ("--shards", inputs.label, "--shards", inputs.saliency)
    inputs.export(tmp_path / "again", form, *maps)
    assert content(tmp_path / "again") == content(exported(form))


@pytest.mark.usefixtures("two_workers")
def test_other_workers_give_the_same_bytes(inputs, exported, tmp_path):
    maps = ("--shards", inputs.label, "--shards", inputs.saliency)
    inputs.export(tmp_path / "out", "zarr", *maps, "--workers", "2")
    assert content(tmp_path / "out") == content(exported("zarr"))


@pytest.mark.parametrize("form", FORMS)
def test_nothing_says_where_it_was_made(inputs, exported, form):
    for name, one in content(exported(form)).items():
        assert str(inputs.folder).encode() not in one, name
        assert str(ROOT).encode() not in one, name


def test_an_earlier_export_is_replaced_whole(inputs, tmp_path):
    inputs.export(tmp_path / "out", "npy", "--shards", inputs.label)
    inputs.export(tmp_path / "out", "parquet")
    assert not (tmp_path / "out/maps").exists()
    assert not (tmp_path / "out/gaussians.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_earlier_export_in_a_mount_point_is_replaced_whole(inputs, exported, mounted):
    out = mounted(size="20m")
    inputs.export(out, "npy", "--shards", inputs.label)
    inputs.export(out, "zarr", "--shards", inputs.label, "--shards", inputs.saliency)
    assert content(out) == content(exported("zarr"))
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_a_folder_of_something_else_is_left_alone(inputs, tmp_path):
    (tmp_path / "thesis.md").write_text("mine")
    output = refused(inputs.tables, inputs.associated, tmp_path)
    assert "no exports of an earlier run; nothing was written" in output
    assert (tmp_path / "thesis.md").read_text() == "mine"


def test_size_draws_label_maps(inputs, tmp_path):
    printed = inputs.export(tmp_path / "out", "npy", "--size", "32x24", "--size", "16")
    assert "4 maps in label-32x24, 4 maps in label-16x16" in printed
    drawn = np.load(tmp_path / "out/maps/label-32x24/heatmaps-00000.npy")
    expected = open_shards(inputs.label)
    np.testing.assert_array_equal(drawn, np.stack([expected[n] for n in range(4)]))


def test_provenance_has_parameters_and_versions(exported):
    made = json.loads((exported("zarr") / "provenance.json").read_text())
    assert made["tables"]["windows"]["params"]["lag_s"] == 1.5
    assert made["maps"]["label"]["params"]["amplitude"] == "mass"
    assert made["maps"]["label"]["labels"] == {"Cardiomegaly": 2, "Pleural abnormality": 2}
    assert {"gazescribe", "numpy", "pyarrow", "zarr", "python"} <= set(made["made_by"])
    assert made["splits"] == {"train": 1, "test": 1, "none": 1}
    assert (made["text"], made["images"], made["duties"]) == (False, False, {})


def test_columns_explain_every_column(exported):
    lines = (exported("parquet") / "columns.csv").read_text().splitlines()
    assert lines[0] == "table,column,type,unit,may_be_empty,description"
    assert "gaussians,sigma_x_px,double,px,no,Standard deviation" in lines
    described = {tuple(line.split(",")[:2]) for line in lines[1:]}
    for path in exported("parquet").glob("*.parquet"):
        names = pq.read_schema(path).names
        assert described >= {(path.stem, name) for name in names}
    assert ("label", "map") in described


def test_text_comes_on_request_with_its_duty(inputs, tmp_path):
    result = invoke(
        "export", inputs.tables, inputs.associated, tmp_path / "out", "--include-text", "--json"
    )
    assert result.exit_code == 0, result.output
    duty = load_manifest("demo").duties[0]
    assert f"text included, and with it a duty: {load_manifest('demo').long_name}" in result.stderr
    made = json.loads(result.stdout)
    assert duty in made["duties"]["text"][0]
    notice = (tmp_path / "out/LICENSE_NOTICE.md").read_text()
    assert "## Because text is included" in notice
    readings = pq.read_table(tmp_path / "out/readings.parquet")
    assert readings["text"].to_pylist() == [SAID] * 3
    assert pq.read_table(tmp_path / "out/words.parquet").num_rows > 10
    assert "image_path" not in readings.column_names


@pytest.fixture
def radiographs(inputs, tmp_path):
    """Pictures of the first two readings, where their paths say."""
    root = tmp_path / "mimic"
    paths = pq.read_table(inputs.tables / "readings.parquet")["image_path"].to_pylist()
    rng = np.random.default_rng(0)
    pixels = []
    for path in paths[:2]:
        (root / path).parent.mkdir(parents=True)
        pixels.append(rng.integers(0, 256, (80, 100), dtype=np.uint8))
        Image.fromarray(pixels[-1]).save((root / path).with_suffix(".png"))
    return root, pixels


@pytest.mark.parametrize("hashed", [False, True], ids=["raw", "hashed"])
def test_images_come_on_request_with_their_duty(inputs, radiographs, tmp_path, hashed):
    root, pixels = radiographs
    key = tmp_path / "key.txt"
    key.write_text(f"{HEADER}\n{KEY.decode()}\n")
    result = invoke(
        "export",
        *(inputs.tables, inputs.associated, tmp_path / "out", "--include-images", root),
        *(("--hash-ids", key) if hashed else ()),
    )
    assert result.exit_code == 0, result.output
    assert "images included, and with it a duty" in result.stderr
    assert "2 images, 1 images absent" in result.stdout
    names = [hash_id("dicom", dicom(n), KEY) if hashed else dicom(n) for n in range(2)]
    assert sorted(path.stem for path in (tmp_path / "out/images").iterdir()) == sorted(names)
    for name, expected in zip(names, pixels, strict=True):
        with Image.open(tmp_path / f"out/images/{name}.png") as image:
            np.testing.assert_array_equal(np.asarray(image), expected)
            assert image.info == {}
    made = json.loads((tmp_path / "out/provenance.json").read_text())
    assert made["counts"] == {"images": 2, "images absent": 1}


def test_images_that_are_nowhere_are_an_error(inputs, tmp_path):
    (tmp_path / "mimic").mkdir()
    arguments = (inputs.tables, inputs.associated, tmp_path / "out", "--include-images")
    assert "none of the 3 radiographs is here" in refused(*arguments, tmp_path / "mimic")


def test_a_path_that_leaves_the_folder_is_refused(tmp_path):
    rows = [reading("R1", image_path="../../secret")]
    tables = write_tables(tmp_path / "in", readings=rows, windows=[], gaussians=[])
    output = refused(tables, tables, tmp_path / "out", "--include-images", tmp_path)
    assert "these paths leave the folder" in output
    assert "../../secret" in output


def test_real_sources_bring_their_notice(tmp_path):
    made = make_inputs(tmp_path / "in", dicom_id="not-of-the-demo")
    made.export(tmp_path / "out", "npy")
    notice = (tmp_path / "out/LICENSE_NOTICE.md").read_text()
    for name in ("reflacx", "mimic-cxr-jpg"):
        manifest = load_manifest(name)
        assert f"## {manifest.long_name}" in notice
        assert manifest.licence.url in notice
        assert all(duty in notice for duty in manifest.duties)
    assert "May be passed on: no" in notice
    card = (tmp_path / "out/README.md").read_text()
    assert "license_link: LICENSE_NOTICE.md" in card
    assert "read `LICENSE_NOTICE.md` before you copy it" in card
    assert "10.1038/s41597-022-01441-z" in card


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--format", "coco"], "regions are cut from maps", id="coco-without-maps"),
        pytest.param(["--format", "bids", "--size", "8"], "no maps", id="bids-with-maps"),
        pytest.param(["--threshold", "0.5"], "is for coco, not for parquet", id="threshold"),
        pytest.param(["--size", "big"], "size 'big' is neither N nor HxW", id="size"),
        pytest.param(["--size", "8", "--size", "8"], "label-8x8 is taken twice", id="twice"),
    ],
)
def test_what_does_not_go_together_is_refused(inputs, tmp_path, options, message):
    output = refused(inputs.tables, inputs.associated, tmp_path / "out", *options)
    assert message in output
    assert list(tmp_path.iterdir()) == []


def test_maps_of_other_readings_are_refused(inputs, tmp_path):
    tables = write_tables(tmp_path / "in", readings=[reading("R1")], windows=[], gaussians=[])
    output = refused(tables, tables, tmp_path / "out", "--shards", inputs.label)
    assert "label has 2 readings that are not in" in output
    assert IDS[0] in output


def test_gaze_without_words(inputs, tmp_path):
    """Maps of all gaze are exported, and drawn at a size, where nobody named a label."""
    associated, maps = tmp_path / "associated", tmp_path / "maps"
    gazescribe("associate", inputs.tables, associated)
    options = ("--kind", "saliency", "--size", "32")
    gazescribe("heatmaps", inputs.tables, associated, maps, *options)
    said = gazescribe("export", inputs.tables, associated, tmp_path / "out", "--shards", maps)
    assert "2 maps in maps" in said
    asked = (inputs.tables, associated, tmp_path / "sized", "--size", "32", "--format", "coco")
    assert "2 maps in saliency-32x32" in gazescribe("export", *asked)
    (path,) = (tmp_path / "sized" / "annotations" / "saliency-32x32").glob("masks_train.json")
    regions = json.loads(path.read_text())
    names = {category["id"]: category["name"] for category in regions["categories"]}
    assert {names[region["category_id"]] for region in regions["annotations"]} == {"saliency"}


def test_a_data_set_without_manifest_is_refused(tmp_path):
    rows = [reading("R1", dataset="elsewhere")]
    tables = write_tables(tmp_path / "in", readings=rows, windows=[], gaussians=[])
    said = refused(tables, tables, tmp_path / "out")
    assert "the data set elsewhere has no manifest" in said
    assert "Copy elsewhere.yaml, by which it was ingested, into data_manifests/" in said


def test_own_data_say_what_nobody_stated(tmp_path, monkeypatch):
    made = make_inputs(tmp_path / "in", dataset="mylab", dicom_id="not-of-the-demo")
    (tmp_path / "data_manifests").mkdir()
    manifest = (
        "name: mylab\nresolution: {px_per_deg: 30}\ntables:\n  words:\n    file: w.csv\n"
        "    columns: {reading_id: id, text: word, onset_s: from, offset_s: to}\n"
    )
    (tmp_path / "data_manifests" / "mylab.yaml").write_text(manifest)
    monkeypatch.chdir(tmp_path)
    assert "no maps: give --shards or --size" in made.export(tmp_path / "out", "npy")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "## Cite" not in card
    assert "panning" not in card
    assert "citeAs" not in json.loads((tmp_path / "out" / "croissant.json").read_text())
    notice = (tmp_path / "out" / "LICENSE_NOTICE.md").read_text()
    assert "Licence: not stated: ask who made it\n" in notice
    assert "Duties: not stated: ask who made it." in notice


def test_a_damaged_radiograph_is_counted_and_stops_nothing(inputs, radiographs, tmp_path):
    root, _ = radiographs
    first, second = sorted(root.rglob("*.png"))
    first.write_bytes(first.read_bytes()[:200])
    said = inputs.export(tmp_path / "out", "npy", "--include-images", root)
    assert "1 images, 1 images absent, 1 images unreadable (this file is damaged)" in said
    counts = json.loads((tmp_path / "out/provenance.json").read_text())["counts"]
    assert counts["images unreadable (this file is damaged)"] == 1
    card = (tmp_path / "out" / "README.md").read_text()
    assert "1 images absent, 1 images unreadable (this file is damaged)." in card
    second.write_bytes(b"x")
    output = refused(inputs.tables, inputs.associated, tmp_path / "no", "--include-images", root)
    assert "not one of 2 radiographs can be read" in output
    assert "this is neither JPEG nor PNG nor DICOM: 1" in output


def test_shards_with_a_name_for_no_file_are_refused(inputs, tmp_path):
    import shutil

    odd = tmp_path / "a b"
    shutil.copytree(inputs.label, odd)
    output = refused(inputs.tables, inputs.associated, tmp_path / "out", "--shards", odd)
    assert "the folder's name 'a b' becomes part of file names" in output


def test_it_imports_neither_torch_nor_a_format_s_library_before_it_runs():
    code = "import sys, gazescribe.pipeline.commands.export; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(done.stdout.split())
    assert "gazescribe.pipeline.export.as_zarr" in loaded
    assert loaded.isdisjoint({"torch", "zarr", "skimage", "jinja2", "datasets", "PIL"})


def test_the_card_names_each_file_kind(exported):
    card = (exported("npy") / "README.md").read_text()
    held = re.findall(r"^\| `([^`]+)` \|", card, re.MULTILINE)
    folder = exported("npy")
    assert len(held) >= 8
    assert all(list(folder.glob(pattern)) for pattern in held)
