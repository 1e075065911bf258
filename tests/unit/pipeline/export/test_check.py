"""What the last look finds, planted by hand in a written export or on the way into one."""

import base64
import gzip
import io
import json
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.export import as_npy, run
from gazescribe.pipeline.export.check import check_export, forbid
from gazescribe.pipeline.export.ids import HEADER
from tests.running import invoke

from .conftest import IDS, SAID, dicom, make_inputs, source

FORBIDDEN = forbid([SAID], [*IDS, dicom(0), 99000001, 99100001], TEN_LABELS, pictures=True)
KEY = b"0123456789abcdef0123456789abcdef"


def picture(form="PNG"):
    content = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(content, format=form)
    return content.getvalue()


def tar_of(path, name, content):
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))


def npy_of(array):
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def npz_of(**arrays):
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)
    return content.getvalue()


def between_members(hidden):
    """Hide bytes between two maps of an archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("0.npy", npy_of(MAP))
        content.write(hidden)
        archive.start_dir = content.tell()  # where the next member begins
        archive.writestr("1.npy", npy_of(MAP))
    return content.getvalue()


MAP = np.zeros((9, 9), np.float16)
WORDS = SAID.replace(".", " .").split()
DICOM = b"\0" * 128 + b"DICM" + b"\0" * 64

PLANTED = [
    pytest.param("a.png", picture(), "it is a picture", id="png"),
    pytest.param("images/a.png", picture(), "it is a picture", id="png-in-images"),
    pytest.param("maps/part.parquet", picture("JPEG"), "it is a picture", id="jpeg-renamed"),
    pytest.param("a.npy", DICOM, "it is a picture", id="dicom-renamed"),
    pytest.param("a.bmp", picture("BMP"), "no file of an export is of this kind", id="bmp"),
    pytest.param("a.npy", npy_of(np.zeros((9, 9), np.uint8)), "it holds uint8", id="npy-uint8"),
    pytest.param(
        "a.npy", npy_of(np.zeros((9, 9), np.float16)) + picture(), "longer", id="after-array"
    ),
    pytest.param("a.md", base64.b64encode(picture()), "as base64", id="base64"),
    pytest.param(
        "a.json",
        json.dumps({"pixels": np.zeros((20, 20), int).tolist()}).encode(),
        "pixels holds a matrix",
        id="json-matrix",
    ),
    pytest.param("README.md", SAID.encode(), "a small left effusion", id="text-in-card"),
    pytest.param("README.md", b"x\n- No pneumothorax.\n", "no pneumothorax", id="short-sentence"),
    pytest.param("a.json", json.dumps([{"w": w} for w in WORDS]).encode(), "in w", id="json-words"),
    pytest.param(
        "a.csv",
        "n,word\n" + "\n".join(f"{n},{w}" for n, w in enumerate(WORDS)),
        "in word",
        id="csv",
    ),
    pytest.param(
        "a.tsv.gz", gzip.compress("\n".join(f"{w}\t1" for w in WORDS).encode()), "in f0", id="tsv"
    ),
    pytest.param(f"{IDS[0]}.md", b"", "a raw id in its name", id="id-in-name"),
    pytest.param("sub-x/ses-" + dicom(0).replace("-", "") + "/a.md", b"", "its name", id="bids-id"),
    pytest.param("a.md", f"p99/p99000001/{dicom(1)}".encode(), "a raw id in text", id="id-in-path"),
    pytest.param("a.csv", "x\n99100001\n", "a raw id in x", id="id-as-number"),
    pytest.param("a.json", b'{"n": [1, 99000001]}', "a raw id in n", id="id-in-json"),
    pytest.param("a.npz", npz_of(**{"0": MAP, "x": MAP}), "more than a map", id="npz-names"),
    pytest.param("a.npz", npz_of(**{"0": MAP, "1": MAP.astype("u1")}), "uint8", id="npz-uint8"),
    pytest.param("a.npz", npz_of(**{"0": MAP}) + picture("BMP"), "more than", id="after-npz"),
    pytest.param("a.npz", between_members(picture("BMP")), "more than a map", id="within-npz"),
    pytest.param("a.json", b"{", "it cannot be read", id="broken"),
]


@pytest.mark.parametrize(("name", "content", "why"), PLANTED)
def test_planted_files_are_found(tmp_path, name, content, why):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    found = check_export(tmp_path, FORBIDDEN)
    assert len(found) == 1
    assert found[0].startswith(f"{name}: ")
    assert why in found[0]


@pytest.mark.parametrize(
    ("column", "why"),
    [
        pytest.param(pa.array([picture()]), "column x holds binary", id="bytes"),
        pytest.param(pa.array([[[1, 2], [3, 4]]]), "column x holds list<", id="pixels"),
        pytest.param(pa.array([SAID]), "words of a dictation in x", id="text"),
        pytest.param(pa.array(WORDS), "words of a dictation in x", id="one-word-a-row"),
        pytest.param(pa.array([["a", "No pneumothorax"]]), "“no pneumothorax”", id="list"),
        pytest.param(pa.array([99000001.0]), "a raw id in x", id="id-as-float"),
        pytest.param(pa.array([99000001], pa.int32()), "a raw id in x", id="id-as-int"),
        pytest.param(pa.array([f"x/{dicom(0)}.jpg"]), "a raw id in x", id="id-in-path"),
    ],
)
def test_planted_columns_are_found(tmp_path, column, why):
    pq.write_table(pa.table({"x": column}), tmp_path / "a.parquet")
    found = check_export(tmp_path, FORBIDDEN)
    assert [one for one in found if why in one], found


def test_parquet_metadata_is_searched(tmp_path):
    table = pa.table({"x": [1]}).replace_schema_metadata({"note": SAID})
    pq.write_table(table, tmp_path / "a.parquet")
    assert "in metadata" in check_export(tmp_path, FORBIDDEN)[0]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        pytest.param("1.png", picture(), "is no map", id="picture"),
        pytest.param("1.heatmap.npy", picture(), "it is a picture", id="renamed"),
        pytest.param("1.json", json.dumps({"said": SAID}).encode(), "in said", id="text"),
        pytest.param("1.npy", npy_of(np.zeros((9, 9), np.uint8)), "uint8", id="uint8"),
        pytest.param("1.npz", npz_of(map=np.zeros((9, 9), np.uint8)), "uint8", id="npz-uint8"),
        pytest.param("1.npz", npz_of(map=MAP, x=MAP), "more than a map", id="npz-of-two"),
        pytest.param("1.npz", picture("BMP") + npz_of(map=MAP), "more than", id="before-npz"),
        pytest.param("1.npz", b"no archive", "cannot be read", id="npz-of-nothing"),
    ],
)
def test_tar_members_are_searched(tmp_path, name, content, why):
    tar_of(tmp_path / "a.tar", name, content)
    found = check_export(tmp_path, FORBIDDEN)
    assert [one for one in found if why in one], found


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(np.zeros((9, 9), np.uint8), "2 dimensions of uint8", id="picture"),
        pytest.param(np.array(WORDS, dtype=np.dtypes.StringDType()), "dictation in x", id="text"),
        pytest.param(np.array([99000001]), "a raw id in x", id="id"),
    ],
)
def test_zarr_arrays_are_searched(tmp_path, data, why):
    zarr = pytest.importorskip("zarr")
    zarr.open_group(tmp_path / "maps.zarr", mode="w", zarr_format=3).create_array("x", data=data)
    found = check_export(tmp_path, FORBIDDEN)
    assert [one for one in found if why in one], found


def test_a_file_beside_zarr_chunks_is_no_chunk(tmp_path):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "maps.zarr", mode="w", zarr_format=3)
    group.create_array("x", data=np.arange(4.0))
    (tmp_path / "maps.zarr/x/c/note").write_text(SAID)
    assert check_export(tmp_path, FORBIDDEN) == [
        "maps.zarr/x/c/note: no file of an export is of this kind"
    ]


def test_a_link_is_refused(tmp_path):
    (tmp_path / "a.md").symlink_to(tmp_path / "elsewhere.md")
    assert check_export(tmp_path, FORBIDDEN) == ["a.md: it is a link"]


def test_what_was_asked_for_may_stay(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.png").write_bytes(picture())
    (tmp_path / "a.md").write_text(f"{SAID} {IDS[0]}")
    assert check_export(tmp_path, forbid([], [], TEN_LABELS, pictures=False)) == []
    (tmp_path / "b.png").write_bytes(picture())
    assert check_export(tmp_path, forbid([], [], TEN_LABELS, pictures=False)) == [
        "b.png: it is a picture"
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Edema\nOpacity\nAtelectasis\nConsolidation", id="labels"),
        pytest.param("the largest window maximum at full size before division", id="our-own-words"),
        pytest.param("3f99000001a7", id="digits-in-a-hash"),
    ],
)
def test_what_only_looks_like_it_may_stay(tmp_path, text):
    said = ["edema, opacity, atelectasis, consolidation. largest window maximum at full size."]
    (tmp_path / "a.md").write_text(text)
    assert check_export(tmp_path, forbid(said, [99000001], TEN_LABELS, pictures=True)) == []


@pytest.mark.parametrize(
    "form", ["parquet", "npy", "npz", "webdataset", "hf", "zarr", "coco", "bids"]
)
def test_exports_as_written_pass(inputs, exported, form):
    maps = [*source(inputs, "label")[1], *source(inputs, "saliency")[1]]
    forbidden = forbid([SAID], [], TEN_LABELS, pictures=True, previews=maps)
    assert check_export(exported(form), forbidden) == []


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        pytest.param("maps/label/one.png", picture(), "it is a picture", id="picture"),
        pytest.param("notes.md", SAID.encode(), "words of a dictation", id="transcript"),
    ],
)
def test_a_writer_that_writes_too_much_is_caught(inputs, tmp_path, monkeypatch, name, content, why):
    def careless(contents, folder, map_parts):
        written = as_npy.write(contents, folder, map_parts)
        (folder / name).write_bytes(content)
        return written

    monkeypatch.setitem(run.OF_MAPS, "npy", careless)
    maps = ("--format", "npy", "--shards", inputs.label)
    result = invoke("export", inputs.tables, inputs.associated, tmp_path / "out", *maps)
    assert result.exit_code == 2
    assert f"{name}: {why}" in result.output
    assert list(tmp_path.iterdir()) == []


def planted_label(folder, label):
    """Inputs whose windows and index have this label."""
    made = make_inputs(folder)
    windows = read_table(made.associated, "windows").to_pylist()
    for row in windows:
        row["labels"] = [label for _ in row["labels"]]
    schema = TABLES["windows"].schema
    write_table(pa.Table.from_pylist(windows, schema=schema), made.associated, "windows")
    return made


@pytest.mark.parametrize(
    ("label", "options", "why"),
    [
        pytest.param("small left effusion at", (), "words of a dictation", id="transcript"),
        pytest.param(f"label of {IDS[0]}", ("--hash-ids",), "a raw id in labels", id="raw-id"),
        pytest.param(
            base64.b64encode(picture()).decode(),
            (),
            "a picture, as base64, in labels",
            id="picture",
        ),
    ],
)
@pytest.mark.parametrize("form", ["parquet", "npy", "bids"])
def test_an_export_with_it_fails_and_leaves_nothing(tmp_path, form, label, options, why):
    made = planted_label(tmp_path / "in", label)
    key = tmp_path / "key.txt"
    key.write_text(f"{HEADER}\n{KEY.decode()}\n")
    out = tmp_path / "out"
    more = [*options, key] if options else []
    result = invoke("export", made.tables, made.associated, out, "--format", form, *more)
    assert result.exit_code == 2
    assert "the export would hold what nobody asked for" in result.output
    assert why in result.output
    assert not out.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "key.txt"]


def test_a_failed_export_leaves_the_earlier_one(inputs, tmp_path):
    inputs.export(tmp_path / "out", "npy")
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    made = planted_label(tmp_path / "in", "small left effusion at")
    result = invoke("export", made.tables, made.associated, tmp_path / "out", "--format", "npy")
    assert result.exit_code == 2
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_labels_of_ones_own_may_stand_though_they_were_said(tmp_path):
    (tmp_path / "a.csv").write_text("label\nCracked plate\n")
    said = ["There is no mark. Cracked plate."]
    (fault,) = check_export(tmp_path, forbid(said, [], TEN_LABELS, pictures=True))
    assert "cracked plate" in fault
    assert check_export(tmp_path, forbid(said, [], ["Cracked plate"], pictures=True)) == []
