import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core import tables
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import replacing, replacing_folder, write_json
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import (
    TableWriter,
    conform,
    copy_table,
    has_table,
    read_if_present,
    read_pieces,
    read_readings,
    read_table,
    rows_of,
    split_source,
    write_table,
)
from tests.synthetic import reading, table

ROWS = {
    "reading_id": ["B", "A", "A"],
    "sentence": [0, 1, 0],
    "onset_s": [0.0, 2.0, 1.0],
    "offset_s": [1.0, 3.0, 2.0],
    "char_start": [0, 5, 0],
    "char_end": [4, 9, 4],
}


@pytest.mark.parametrize(
    "rows", [pytest.param(ROWS, id="columns"), pytest.param(pa.table(ROWS), id="arrow")]
)
def test_conform_sorts_by_key_and_casts(rows):
    found = conform(rows, "sentences")
    assert found["reading_id"].to_pylist() == ["A", "A", "B"]
    assert found["onset_s"].to_pylist() == [1, 2, 0]
    assert found.schema.equals(TABLES["sentences"].schema, check_metadata=True)


def test_conform_fills_what_may_be_null():
    rows = {"reading_id": ["A"], "fixation": [0], "onset_s": [0], "offset_s": [1]}
    rows |= {name: [1] for name in ("x_px", "y_px", "px_per_deg_x", "px_per_deg_y")}
    assert conform(rows, "fixations")["shown_xmin_px"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"when": [0, 0, 0]}, "has no column when; it has reading_id, ", id="unknown"),
        pytest.param({"onset_s": None}, "lacks the column onset_s", id="absent"),
        pytest.param({"onset_s": [1]}, "differ in length: .*'onset_s': 1", id="lengths"),
        pytest.param({"sentence": ["x", 1, 2]}, "sentence of .* fit int32: .*'x'", id="type"),
        pytest.param({"sentence": [2**40, 1, 2]}, "fit int32: .*1099511627776", id="too large"),
        pytest.param({"sentence": [2**70, 1, 2]}, "fit int32: .*too large", id="far too large"),
        pytest.param({"sentence": np.array([0.5, 1, 2])}, "fit int32: .*0.5", id="half"),
        pytest.param({"reading_id": [1, 2, 3]}, "fit string: .*'int'", id="number for an id"),
        pytest.param({"onset_s": [None, 1, 2]}, "(?s)nulls.*onset_s: 1 of 3 rows", id="null"),
        pytest.param({"onset_s": [np.nan, 1, 2]}, "(?s)nulls.*onset_s: 1 of 3", id="nan"),
        pytest.param({"sentence": [0, 0, 0]}, "'reading_id': 'A', 'sentence': 0}", id="same key"),
    ],
)
def test_conform_refuses(change, message):
    rows = {name: values for name, values in (ROWS | change).items() if values is not None}
    with pytest.raises(SchemaError, match=message):
        conform(rows, "sentences")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"when": [0, 0, 0]}, "has no column when; it has reading_id, ", id="unknown"),
        pytest.param({"sentence": ["x", "1", "2"]}, "fit int32: .*'x'", id="type"),
        pytest.param({"sentence": [0.5, 1, 2]}, "fit int32: .*0.5", id="half"),
        pytest.param({"onset_s": [np.nan, 1, 2]}, "(?s)nulls.*onset_s: 1 of 3", id="nan"),
        pytest.param({"sentence": [0, 0, 0]}, "'reading_id': 'A', 'sentence': 0}", id="same key"),
    ],
)
def test_conform_refuses_an_arrow_table(change, message):
    with pytest.raises(SchemaError, match=message):
        conform(pa.table(ROWS | change), "sentences")


def test_nan_is_null():
    rows = [{"reading_id": "A", "sample": 0, "time_s": 0, "valid": False, "inside": False}]
    rows[0] |= {"x_px": np.nan, "y_px": None}
    assert table(rows, "samples").select(["x_px", "y_px"]).to_pylist() == [
        {"x_px": None, "y_px": None}
    ]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
def test_same_bytes_whatever_the_order(tmp_path, order):
    shuffled = {name: [values[row] for row in order] for name, values in ROWS.items()}
    assert write_table(ROWS, tmp_path / "a", "sentences") == 3
    write_table(shuffled, tmp_path / "b", "sentences")
    one, other = ((tmp_path / x / "sentences.parquet").read_bytes() for x in "ab")
    assert one == other


def test_the_file_says_what_it_is(tmp_path):
    write_table(ROWS, tmp_path, "sentences", {"split_source": "lists"})
    schema = pq.read_schema(tmp_path / "sentences.parquet")
    assert schema.metadata[b"schema_version"] == b"1"
    assert schema.metadata[b"split_source"] == b"lists"
    assert schema.field("onset_s").metadata[b"unit"] == b"s"
    column = pq.ParquetFile(tmp_path / "sentences.parquet").metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"


def fail_half_way(folder):
    with TableWriter(folder, "sentences") as writer:
        writer.write(ROWS)
        writer.write({**ROWS, "sentence": [0, 0, 0]})


def test_a_failed_write_leaves_the_old_file(tmp_path):
    write_table(ROWS, tmp_path, "sentences")
    before = (tmp_path / "sentences.parquet").read_bytes()
    with pytest.raises(SchemaError, match="more than once"):
        fail_half_way(tmp_path)
    assert (tmp_path / "sentences.parquet").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["sentences.parquet"]


def test_a_failed_first_write_leaves_nothing(tmp_path):
    with pytest.raises(SchemaError, match="more than once"):
        fail_half_way(tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_replacing_shows_nothing_before_the_end(tmp_path):
    with replacing(tmp_path / "deep" / "x.txt") as beside:
        beside.write_text("new")
        assert not (tmp_path / "deep" / "x.txt").exists()
    assert (tmp_path / "deep" / "x.txt").read_text() == "new"


def test_what_a_killed_run_left_is_gone_after_the_next(tmp_path):
    with replacing(tmp_path / "sentences.parquet") as beside:
        beside.touch()
    beside.write_bytes(b"half")
    write_table(ROWS, tmp_path, "sentences")
    assert [path.name for path in tmp_path.iterdir()] == ["sentences.parquet"]


def test_a_table_without_rows(tmp_path):
    empty = {name: [] for name in ROWS}
    assert write_table(empty, tmp_path, "sentences") == 0
    found = read_table(tmp_path, "sentences")
    assert found.num_rows == 0
    assert rows_of(found, "reading_id", ["A"])["A"]["onset_s"].tolist() == []


def break_file(folder, how):
    path = folder / "sentences.parquet"
    if how == "absent":
        write_table(ROWS, folder, "sentences")
        path.rename(folder / "words.parquet")
    elif how == "text":
        path.write_text("reading_id,sentence\n")
    elif how == "old":
        old = table([], "sentences").replace_schema_metadata({"schema_version": "0"})
        pq.write_table(old, path)
    elif how == "foreign":
        pq.write_table(pa.table(ROWS), path)
    else:
        found = table([], "sentences").drop_columns(["onset_s"])
        kind = pa.field("char_end", pa.string())
        pq.write_table(found.set_column(4, kind, pa.nulls(0, pa.string())), path)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        pytest.param("absent", r"there is no table sentences \(found: words\)", id="absent"),
        pytest.param("text", "sentences.parquet: this is not a Parquet file", id="a csv renamed"),
        pytest.param("old", "schema version 0 found, 1 expected", id="of an older version"),
        pytest.param("foreign", "schema version none found, 1 expected", id="not ours"),
        pytest.param(
            "columns",
            "(?s)onset_s: double expected, not found.*char_end: int32 expected, string found",
            id="other columns",
        ),
    ],
)
def test_read_table_refuses(tmp_path, how, message):
    break_file(tmp_path, how)
    with pytest.raises(SchemaError, match=message):
        read_table(tmp_path, "sentences")


def test_read_table_without_folder(tmp_path):
    with pytest.raises(SchemaError, match="there is no table sentences"):
        read_table(tmp_path / "nowhere", "sentences")


def test_rows_of_some_readings(tmp_path):
    write_table(ROWS, tmp_path, "sentences")
    found = read_readings(tmp_path, "sentences", ["A", "B", "C"])
    assert {name: rows["onset_s"].tolist() for name, rows in found.items()} == {
        "A": [1, 2],
        "B": [0],
        "C": [],
    }
    assert read_readings(tmp_path, "sentences", ["A"])["A"]["sentence"].tolist() == [0, 1]


def test_the_footer_of_a_table_is_read_once(tmp_path, monkeypatch):
    read = []
    checked = tables._checked_path
    monkeypatch.setattr(tables, "_checked_path", lambda *of: read.append(of) or checked(*of))
    write_table(ROWS, tmp_path, "sentences")
    for name in ("A", "B", "A"):
        read_readings(tmp_path, "sentences", [name])
    assert len(read) == 1
    write_table({**ROWS, "onset_s": [7.0, 8.0, 9.0]}, tmp_path, "sentences")
    assert 7.0 in read_readings(tmp_path, "sentences", ["A", "B"])["B"]["onset_s"]
    assert len(read) == 2


def test_an_absent_table_has_no_rows_where_it_is_optional(tmp_path):
    found = read_readings(tmp_path, "sentences", ["A"], optional=True)
    assert found["A"]["onset_s"].tolist() == []
    assert read_if_present(tmp_path, "sentences").schema == TABLES["sentences"].schema
    with pytest.raises(SchemaError, match="there is no table sentences"):
        read_readings(tmp_path, "sentences", ["A"])
    write_table(ROWS, tmp_path, "sentences")
    found = read_readings(tmp_path, "sentences", ["A"], optional=True)
    assert found["A"]["onset_s"].tolist() == [1, 2]
    (tmp_path / "sentences.parquet").write_bytes(b"")
    with pytest.raises(SchemaError, match="this is not a Parquet file"):
        read_if_present(tmp_path, "sentences")


def test_rows_of_an_id_that_begins_like_another():
    rows = [reading(name) for name in ("R1", "R10", "R2", "É1")]
    found = rows_of(table(rows, "readings"), "reading_id", ["R1", "É1", "R2"])
    assert {one: rows["reading_id"].tolist() for one, rows in found.items()} == {
        "R1": ["R1"],
        "R2": ["R2"],
        "É1": ["É1"],
    }


@pytest.mark.parametrize(
    ("extra", "expected"), [({"split_source": "seed 0"}, "seed 0"), (None, "unknown")]
)
def test_split_source(tmp_path, extra, expected):
    write_table(table([reading()], "readings"), tmp_path, "readings", extra)
    assert split_source(tmp_path) == expected


def test_write_json_is_sorted(tmp_path):
    write_json({"b": 1, "a": [2.5, None]}, tmp_path / "x.json")
    text = (tmp_path / "x.json").read_text()
    assert json.loads(text) == {"a": [2.5, None], "b": 1}
    assert text.index('"a"') < text.index('"b"')


def rewrite(folder, order, row_group_size=2):
    """Put the rows of a table of three into another order, as other programs do."""
    path = folder / "sentences.parquet"
    pq.write_table(pq.read_table(path).take(order), path, row_group_size=row_group_size)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0]])
def test_pieces_of_a_table_come_in_order(tmp_path, order):
    write_table(ROWS, tmp_path, "sentences")
    before = read_table(tmp_path, "sentences")
    rewrite(tmp_path, order)
    pieces = list(read_pieces(tmp_path, "sentences"))
    assert len(pieces) == (2 if order == [0, 1, 2] else 1)
    assert pa.concat_tables(pieces).equals(before)


@pytest.mark.parametrize("order", [[2, 1, 0], [0, 2, 1]])
def test_a_copy_is_in_order(tmp_path, order):
    write_table(ROWS, tmp_path, "sentences", {"split_source": "a list"})
    out = tmp_path / "out"
    out.mkdir()
    before = (tmp_path / "sentences.parquet").read_bytes()
    copy_table(tmp_path, "sentences", out)
    assert (out / "sentences.parquet").read_bytes() == before
    rewrite(tmp_path, order)
    copy_table(tmp_path, "sentences", out)
    assert (out / "sentences.parquet").read_bytes() == before


@pytest.mark.parametrize("order", [[0, 0, 1], [0, 1, 1]], ids=["in one piece", "between pieces"])
def test_a_key_that_occurs_twice_is_not_copied(tmp_path, order):
    write_table(ROWS, tmp_path, "sentences")
    rewrite(tmp_path, order)
    with pytest.raises(SchemaError, match="rows"):
        copy_table(tmp_path, "sentences", tmp_path / "out")
    with pytest.raises(SchemaError, match="rows"):
        list(read_pieces(tmp_path, "sentences"))


@pytest.mark.parametrize(("name", "stage"), [("sentences", "ingest"), ("windows", "associate")])
def test_a_damaged_table_names_the_command_that_makes_it(tmp_path, name, stage):
    (tmp_path / f"{name}.parquet").write_bytes(b"PAR1")
    with pytest.raises(SchemaError, match=f"make it anew with `gazescribe {stage}`"):
        read_table(tmp_path, name)


def test_what_is_no_table_but_stands_in_its_place_is_refused(tmp_path):
    path = tmp_path / "words.parquet"
    assert not has_table(tmp_path, "words")
    for make in (path.mkdir, lambda: path.symlink_to(path.name)):
        make()
        assert has_table(tmp_path, "words")
        with pytest.raises(SchemaError):
            read_if_present(tmp_path, "words")
        path.rmdir() if path.is_dir() else path.unlink()


def test_a_table_that_was_written_and_is_gone_is_refused(tmp_path):
    out = tmp_path / "out"
    with replacing_folder(out, "tables") as folder:
        write_table(ROWS, folder, "sentences")
    assert has_table(out, "sentences")
    (out / "sentences.parquet").unlink()
    message = "this table was written here, and is gone. Copy it again, or make it anew with"
    with pytest.raises(SchemaError, match=message):
        read_if_present(out, "sentences")
