"""Files of an export opened again; what the search does with them is in `test_check`."""

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.export.open_again import open_again
from gazescribe.pipeline.export.opened import Refused


def columns(path):
    return {
        column.name: column.values if isinstance(column.values, list) else column.values.tolist()
        for column in open_again(path)
    }


def test_csv_gives_its_header_and_columns(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('n,word\n1,"two, three"\n2,four\n')
    assert columns(path) == {"columns": ["n", "word"], "n": [1, 2], "word": ["two, three", "four"]}


def test_tsv_of_bids_has_no_header(tmp_path):
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(b"1\tx\n2\ty\n"))
    assert columns(path) == {"columns": ["f0", "f1"], "f0": [1, 2], "f1": ["x", "y"]}
    path.write_bytes(gzip.compress(b""))
    assert columns(path) == {}


def test_json_is_gathered_by_key_however_deep(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"a": {"b": ["x", 1]}, "b": "y", "c": None}))
    found = columns(path)
    assert found["names"] == ["a", "b", "b", "c"]
    texts = [column.values for column in open_again(path) if column.name == "b"]
    assert [list(values) for values in texts] == [["x", "y"], [1]]


def test_parquet_gives_lists_flat_and_its_metadata(tmp_path):
    table = pa.table({"labels": [["a", "b"], None], "n": [1, None], "ok": [True, False]})
    path = tmp_path / "a.parquet"
    pq.write_table(table.replace_schema_metadata({"note": "text"}), path)
    found = columns(path)
    assert {"note", "text"} <= set(found["metadata"])
    assert found["columns"] == ["labels", "n", "ok"]
    assert (found["labels"], found["n"]) == (["a", "b"], [1])
    assert "ok" not in found


def test_a_map_holds_no_text(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 3, 4), np.float16))
    assert columns(tmp_path / "a.npy") == {}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        pytest.param("a.csv", b"\x89PNG", "it is a picture", id="png-renamed"),
        pytest.param("a.bin", b"text", "no file of an export is of this kind", id="unknown"),
        pytest.param("a.parquet", b"text", "it cannot be read", id="broken"),
        pytest.param("a.md", b"\xff", "it cannot be read", id="not-text"),
    ],
)
def test_files_are_refused_with_a_reason(tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Refused, match=why):
        columns(tmp_path / name)
