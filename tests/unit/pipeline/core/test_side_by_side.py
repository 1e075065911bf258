import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.side_by_side import Rising
from gazescribe.pipeline.core.tables import TableWriter, table_path

COLUMNS = ("reading_id", "char_start")


def sentences(reading_id, n):
    return {
        "reading_id": [reading_id] * n,
        "sentence": range(n),
        "onset_s": [float(k) for k in range(n)],
        "offset_s": [k + 0.5 for k in range(n)],
        "char_start": [10 * k for k in range(n)],
        "char_end": [10 * k + 9 for k in range(n)],
    }


@pytest.fixture
def folder(tmp_path):
    with TableWriter(tmp_path, "sentences") as writer:
        for part in ({"A": 2, "C": 1}, {"D": 3}, {}, {"F": 1, "É": 2}):
            columns = [sentences(reading_id, n) for reading_id, n in part.items()]
            if columns:
                rows = {name: [v for c in columns for v in c[name]] for name in columns[0]}
                writer.write(rows)
    return tmp_path


def ids(table):
    assert table.column_names == [*COLUMNS]
    return "".join(table["reading_id"].to_pylist())


def test_rows_come_once_in_order_and_strangers_with_the_next(folder):
    rising = Rising(folder, "sentences", COLUMNS)
    taken = [ids(rising.up_to(reading_id)) for reading_id in ("A", "B", "E", "F", "É", "Ü")]
    assert taken == ["AA", "", "CDDD", "F", "ÉÉ", ""]


def test_an_absent_table_has_no_rows(tmp_path):
    assert ids(Rising(tmp_path, "sentences", COLUMNS).up_to("Z")) == ""


def test_rows_out_of_order_are_sorted_and_wrong_ones_refused_before_the_first(folder):
    path = table_path(folder, "sentences")
    table = pq.read_table(path)
    order = list(range(len(table)))[::-1]
    pq.write_table(table.take(order), path, row_group_size=2)
    assert ids(Rising(folder, "sentences", COLUMNS).up_to("D")) == "AACDDD"
    pq.write_table(table.take([*order, 0]), path, row_group_size=2)
    with pytest.raises(SchemaError, match="stands there already"):
        Rising(folder, "sentences", COLUMNS)


def test_columns_that_another_program_lets_be_null(folder):
    path = table_path(folder, "sentences")
    table = pq.read_table(path)
    fields = [field.with_nullable(True) for field in table.schema]
    nullable = table.cast(pa.schema(fields, metadata=table.schema.metadata))
    pq.write_table(nullable, path, row_group_size=3)
    rising = Rising(folder, "sentences", COLUMNS)
    assert ids(rising.up_to("C")) == "AAC"
    assert ids(rising.up_to("Ü")) == "DDDFÉÉ"
    assert ids(rising.up_to("Ü")) == ""
