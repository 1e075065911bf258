import gzip
import os

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from gazescribe.pipeline.core import foreign_tables
from gazescribe.pipeline.core.errors import ManifestError, SchemaError
from gazescribe.pipeline.core.foreign_tables import (
    RowGroups,
    csv_rows,
    open_parquet,
    parquet_schema,
    read_csv_table,
    read_feather,
    read_parquet,
    unpacked,
)

READERS = [read_parquet, parquet_schema, open_parquet, read_csv_table, lambda p: list(csv_rows(p))]


@pytest.mark.parametrize("read", READERS)
def test_only_files_are_read(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    for path, message in [
        (tmp_path / "none", "no such file"),
        (tmp_path / "pipe", "pipe or a device"),
        (tmp_path, "this is a folder"),
    ]:
        with pytest.raises(SchemaError, match=message):
            read(path)


def test_parquet(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), path)
    assert read_parquet(path, filters=[("a", ">", 1)]).to_pylist() == [{"a": 2, "b": "y"}]
    assert read_parquet(path, columns=("b",)).column_names == ["b"]
    assert parquet_schema(path).names == ["a", "b"]
    assert open_parquet(path).num_row_groups == 1
    with pytest.raises(ManifestError, match=r"a\.parquet: it lacks the columns c, d"):
        read_parquet(path, ManifestError, columns=["d", "a", "c"])


@pytest.mark.parametrize("statistics", [True, False])
def test_rows_of_a_parquet_file_that_lie_between_two_texts(tmp_path, statistics):
    path = tmp_path / "a.parquet"
    rows = pa.table({"n": [[1], [], [3], [4], [5]], "id": ["a", "é", "b", "c", "c"]})
    pq.write_table(rows, path, row_group_size=2, write_statistics=statistics)
    file = RowGroups(path)
    for low, high, numbers in [
        ("a", "b", [[1], [3]]),
        ("c", "c", [[4], [5]]),
        ("d", "é", [[]]),
        ("x", "z", []),
    ]:
        assert file.rows_between("id", low, high)["n"].to_pylist() == numbers
    with path.open("r+b") as damaged:  # the footer is whole, and is not read again
        damaged.write(bytes(200))
    with pytest.raises(SchemaError, match=r"a\.parquet: this is not a Parquet file"):
        file.rows_between("id", "a", "b")


def not_utf_8():
    texts = pa.StringArray.from_buffers(
        2, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\x81")
    )
    return pa.table({"a": texts})


@pytest.mark.parametrize("read", [read_parquet, read_feather])
def test_texts_that_are_damaged(tmp_path, read):
    path = tmp_path / "table"
    write = feather.write_feather if read is read_feather else pq.write_table
    write(not_utf_8(), path)
    with pytest.raises(SchemaError, match="UTF8"):
        read(path)


@pytest.mark.parametrize("read", [read_parquet, parquet_schema, open_parquet, RowGroups])
def test_what_a_damaged_file_says_of_itself(tmp_path, read):
    table = pa.table({"a": [1]}).replace_schema_metadata({"source": b"\xa2 lab"})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(SchemaError, match=r"a.parquet: this is not a Parquet file"):
        read(tmp_path / "a.parquet")


@pytest.mark.parametrize("kept", [0, 100, -1])
@pytest.mark.parametrize("read", READERS[:3])
def test_no_parquet(tmp_path, read, kept):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ManifestError, match=r"a\.parquet: this is not a Parquet file"):
        read(path, ManifestError)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_csv(tmp_path, name):
    content = '\ufeffa,b\r\n\r\n"x\ny",2\n'.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    assert list(csv_rows(tmp_path / name)) == [(1, ["a", "b"]), (3, ["x\ny", "2"])]
    assert read_csv_table(tmp_path / name, parse=pyarrow.csv.ParseOptions(newlines_in_values=True))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b'a,b\n1,"2\n3,4\n', "line 3: unexpected end of data", id="open quote"),
        pytest.param(b"a\n" * 10_000 + b"\xe4\n", "line 10001: not UTF-8.*Save", id="encoding"),
        pytest.param(b"a" * 200_000, "line 1: field larger", id="long"),
    ],
)
def test_no_csv(tmp_path, content, message):
    for name, written in [("a.csv", content), ("a.csv.gz", gzip.compress(content))]:
        (tmp_path / name).write_bytes(written)
        with pytest.raises(SchemaError, match=f"{name}: .*{message}"):
            list(csv_rows(tmp_path / name))


@pytest.mark.parametrize("read", READERS[3:])
def test_gzip_that_is_cut_off(tmp_path, read):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n" * 100)[:-9])
    with pytest.raises(SchemaError, match="not a CSV file"):
        read(path)


@pytest.mark.parametrize("read", READERS[3:])
def test_gzip_made_to_fill_the_memory(tmp_path, monkeypatch, read):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"0\n" * 10**5))
    assert read(path)
    monkeypatch.setattr(foreign_tables, "MAX_UNPACKED", 10**4)
    with pytest.raises(SchemaError, match="unpack to more than"):
        read(path)


def test_arrow_needs_its_columns(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    convert = pyarrow.csv.ConvertOptions(include_columns=["a", "c"])
    with pytest.raises(ManifestError, match="'c' in include_columns"):
        read_csv_table(tmp_path / "a.csv", ManifestError, convert=convert)


@pytest.mark.parametrize("read", [read_parquet, open_parquet])
def test_parquet_made_to_fill_the_memory(tmp_path, monkeypatch, read):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": pa.repeat(0, 10**6)}), path)
    assert path.stat().st_size < 10**5
    assert read(path)
    monkeypatch.setattr(foreign_tables, "MAX_ROWS", 10**5)
    with pytest.raises(SchemaError, match=r"bytes unpack to 1,000,000 rows, which no table does"):
        read(path)


def test_what_to_do_about_a_damaged_table_is_said(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1")
    for read in READERS[:3]:
        with pytest.raises(SchemaError, match=r"Copy it again, or make it anew\.$"):
            read(path)
        with pytest.raises(SchemaError, match=r"\. Run it again\.$"):
            read(path, remedy="Run it again.")


def test_unpacked_in_pieces(tmp_path, monkeypatch):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"0" * (2**20 + 3)))
    assert [len(piece) for piece in unpacked(path)] == [2**20, 3]
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(SchemaError, match=r"a\.gz: this is not a whole gzip file .* Copy it again"):
        list(unpacked(path))
    monkeypatch.setattr(foreign_tables, "MAX_UNPACKED", 10**5)
    with pytest.raises(SchemaError, match="unpack to more than"):
        list(unpacked(path))


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_rows_of_another_encoding_are_refused_before_a_handler_sees_them(tmp_path, name):
    content = b"a,b\n1,2\n" + b"3,4\n" * 300_000 + b"Caf\xe9\n"
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    skip = pyarrow.csv.ParseOptions(invalid_row_handler=lambda _: "skip")
    with pytest.raises(SchemaError, match=r"line 300003: not UTF-8.*Save it as UTF-8"):
        read_csv_table(tmp_path / name, parse=skip)
