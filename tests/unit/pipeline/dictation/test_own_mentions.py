import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import conform, write_table
from gazescribe.pipeline.dictation import mentions as row_by_row
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.dictation.own_mentions import read_own_mentions
from tests.synthetic import mention, reading, table

TEXT = "heart is big . edema seen ."
TIMED = {"rule_id": "a", "trigger": "b", "onset_s": 1.0, "offset_s": 2.0}
ROWS = [
    mention(TEXT, "heart", "cardiomegaly", polarity="negative", trigger=""),
    mention(TEXT, "edema", sentence=1, **TIMED),
    mention(TEXT, "edema", report_id="R2"),
]
READINGS = table([reading("R1", TEXT), reading("R2", TEXT), reading("R3")], "readings")
TEXTS = {"R1": TEXT, "R2": TEXT}


def test_what_nobody_changed_is_read_as_row_by_row(tmp_path, monkeypatch):
    write_table(table(ROWS, "mentions"), tmp_path, "mentions")
    path = tmp_path / "mentions.parquet"
    ours = read_own_mentions(path, TEXTS, load_label_map())
    assert ours.num_rows == 3
    assert ours["trigger"].to_pylist() == [None, "b", None]
    monkeypatch.setattr(row_by_row, "read_own_mentions", lambda *_: None)
    assert read_mentions(path, READINGS, load_label_map()).equals(ours)


@pytest.mark.parametrize(
    "change",
    [
        {"report_id": "R3"},
        {"report_id": " R1"},
        {"report_id": ""},
        {"char_start": -1},
        {"char_start": 20},
        {"char_end": 99},
        {"text": "Edema"},
        {"label": "Edema"},
        {"label": " edema"},
        {"label": "nothing known"},
        {"label": ""},
        {"concept": ""},
        {"concept": None},
        {"polarity": "present"},
        {"concept": "a\0"},
        {"trigger": "a\0"},
        {"sentence": -1},
        {"sentence": 99},
        {"onset_s": float("inf")},
        {"onset_s": float("nan")},
        {"text": None},
        {"label": None},
        {"char_end": None},
    ],
    ids=str,
)
def test_what_others_changed_is_looked_at_row_by_row(tmp_path, change):
    columns = conform(table(ROWS, "mentions"), "mentions").to_pydict()
    for name, value in change.items():
        columns[name][1] = value
    path = tmp_path / "mentions.parquet"
    fields = [field.with_nullable(True) for field in TABLES["mentions"].schema]
    schema = TABLES["mentions"].schema if None not in change.values() else pa.schema(fields)
    pq.write_table(pa.table(columns, schema=schema), path)
    assert read_own_mentions(path, {**TEXTS, " R1": TEXT, "": TEXT}, load_label_map()) is None


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 1, 1, 2]])
def test_so_is_what_is_out_of_order_or_twice(tmp_path, order):
    path = tmp_path / "mentions.parquet"
    pq.write_table(table(ROWS, "mentions").take(order), path)
    assert read_own_mentions(path, TEXTS, load_label_map()) is None


@pytest.mark.parametrize("name", ["mentions.csv", "none.parquet", "damaged.parquet"])
def test_and_what_is_none_of_our_tables(tmp_path, name):
    (tmp_path / "mentions.csv").write_text("a")
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1")
    assert read_own_mentions(tmp_path / name, TEXTS, load_label_map()) is None
    with pytest.raises(AlignmentError):
        read_mentions(tmp_path / name, READINGS, load_label_map())
