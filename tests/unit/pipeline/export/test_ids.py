import hashlib
import hmac
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.export.ids import HEADER, hash_id, hash_ids, read_key
from tests.running import gazescribe, invoke

from .conftest import IDS, dicom

KEY = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key.txt"
    path.write_text(f"{HEADER}\n{KEY.decode()}\n")
    return path


def test_hash_is_hmac_of_kind_and_value():
    expected = hmac.new(KEY, b"subject:99000001", hashlib.sha256).hexdigest()
    assert hash_id("subject", 99000001, KEY) == expected[:32]
    assert hash_id("subject", 99000001, KEY[1:]) != expected[:32]
    assert hash_id("study", 99000001, KEY) != expected[:32]


def test_columns_become_text_and_null_stays(key_file):
    schema = pa.schema([TABLES["readings"].schema.field(one) for one in ("study_id", "subject_id")])
    table = pa.table({"study_id": [5, None, 5], "subject_id": [1, 2, 1]}, schema=schema)
    found = hash_ids(table, read_key(key_file))
    five = hash_id("study", 5, KEY)
    assert found["study_id"].to_pylist() == [five, None, five]
    assert found.schema.field("subject_id").type == pa.string()
    assert b"keyed hash" in found.schema.field("subject_id").metadata[b"description"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"secret\n",
        KEY,
        KEY + KEY,
        HEADER.encode() + b"\n" + KEY[1:],
        HEADER.encode() + b"\n" + KEY + b"\nmore",
        b"common:\n  sigma_deg: 1.0\n",
        b"\xff" * 64,
    ],
)
def test_what_is_no_key(tmp_path, content):
    path = tmp_path / "key.txt"
    path.write_bytes(content)
    with pytest.raises(GazeError, match=r"key.txt: this is no key.*gazescribe export --new-key"):
        read_key(path)


def test_a_key_of_one_letter(tmp_path):
    path = tmp_path / "key.txt"
    path.write_text(f"{HEADER}\n{'a' * 64}\n")
    with pytest.raises(GazeError, match="this key can be guessed"):
        read_key(path)


def test_no_key_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, what in (("absent.txt", "there is no such file"), ("pipe", "this is a pipe")):
        with pytest.raises(GazeError, match=f"{name}: {what}"):
            read_key(tmp_path / name)


def test_a_new_key_is_random_for_its_owner_alone_and_replaces_nothing(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        printed = gazescribe("export", "--new-key", path)
        assert printed == f"a key of 256 bits, for you alone to read → {path}\n"
        assert path.stat().st_mode & 0o777 == 0o600
    keys = [read_key(path) for path in paths]
    assert keys[0] != keys[1]
    assert len(keys[0]) == 64
    result = invoke("export", "--new-key", paths[0])
    assert result.exit_code == 2
    assert "this is there already" in result.output
    assert read_key(paths[0]) == keys[0]
    assert invoke("export", "--new-key", tmp_path / "absent" / "key").exit_code == 2
    assert "TABLES, ASSOCIATED and OUT are needed" in invoke("export", tmp_path).output


@pytest.mark.parametrize(
    "form", ["parquet", "npy", "npz", "webdataset", "hf", "zarr", "coco", "bids"]
)
def test_no_raw_id_stays_in_any_file(inputs, tmp_path, key_file, form):
    maps = () if form == "bids" else ("--shards", inputs.label)
    inputs.export(tmp_path / "out", form, *maps, "--hash-ids", key_file)
    raw = [*IDS, *(f"9900000{n}" for n in range(3)), *(f"9910000{n}" for n in range(3))]
    raw += [dicom(n) for n in range(3)] + [dicom(n).replace("-", "") for n in range(3)]
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) > 8
    for path in files:
        for one in [*raw, KEY.decode()]:
            assert one.encode() not in path.read_bytes(), path
            assert one not in str(path.relative_to(tmp_path))


def test_tables_join_and_are_sorted_by_what_is_written(inputs, tmp_path, key_file):
    inputs.export(tmp_path / "out", "parquet", "--shards", inputs.label, "--hash-ids", key_file)
    hashed = [hash_id("reading", one, KEY) for one in IDS]
    assert hashed != sorted(hashed)  # else the order of the raw ids would be that of the hashes
    tables = {
        name: pq.read_table(tmp_path / "out" / f"{name}.parquet")["reading_id"].to_pylist()
        for name in ("readings", "windows", "gaussians")
    }
    assert tables["readings"] == sorted(hashed)
    assert tables["windows"] == sorted(tables["windows"])
    assert set(tables["gaussians"]) == set(hashed[:2])


def test_maps_follow_their_rows(inputs, exported, tmp_path, key_file):
    inputs.export(tmp_path / "out", "parquet", "--shards", inputs.label, "--hash-ids", key_file)
    rows = {
        (hash_id("reading", row["reading_id"], KEY), row["label"]): row["map"]
        for row in pq.read_table(exported("parquet") / "maps" / "label").to_pylist()
    }
    found = pq.read_table(tmp_path / "out" / "maps" / "label").to_pylist()
    assert len(found) == len(rows) > 2
    assert all(row["map"] == rows[row["reading_id"], row["label"]] for row in found)


def test_the_key_may_not_lie_in_the_export(inputs, tmp_path):
    inside = tmp_path / "out" / "key.txt"
    inside.parent.mkdir()
    inside.write_bytes(KEY)
    result = invoke(
        "export", inputs.tables, inputs.associated, tmp_path / "out", "--hash-ids", inside
    )
    assert result.exit_code == 2
    assert "the key may not lie in the export" in result.output
    assert inside.is_file()
