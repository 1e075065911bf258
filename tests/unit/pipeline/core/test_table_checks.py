import re

import numpy as np
import pyarrow as pa
import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.table_checks import LIMITS, check_rows, type_faults
from tests.synthetic import fixation, mention, reading, sentences, table, words

TEXT = "big heart. no edema. fine."
SPOKEN = words(TEXT)
WINDOW = {
    "reading_id": "R1",
    "window": 0,
    "kind": "sentence",
    "start_s": 0.0,
    "end_s": 1.0,
    "labels": ["Edema"],
    "n_mentions": [1],
    "n_uncertain": [0],
    "n_fixations": 1,
    "gaze_s": 0.5,
    "status": "ok",
}
GAUSSIAN = {"reading_id": "R1", "window": 0, "fixation": 0, "x_px": 5.0, "y_px": 5.0}
GAUSSIAN |= {"sigma_x_px": 1.0, "sigma_y_px": 1.0, "weight_s": 0.5}
GAUSSIAN |= {f"clip_{side}_px": 9 for side in ("xmin", "ymin", "xmax", "ymax")}
SAMPLE = {"reading_id": "R1", "sample": 0, "time_s": 0.0, "valid": True, "inside": True}
ELLIPSE = {"reading_id": "R1", "ellipse": 0, "label": "Edema", "certainty": 3}
ELLIPSE |= {"xmin_px": 1.0, "xmax_px": 2.0, "ymin_px": 1.0, "ymax_px": 2.0}


def check(name, rows, **options):
    """Check rows as a file has them: of the right types, in any order."""
    schema = pa.schema([field.with_nullable(True) for field in TABLES[name].schema])
    unchecked = pa.Table.from_pylist(rows, schema=schema).cast(schema)
    return check_rows(unchecked, TABLES[name], "t.parquet", **options)


def test_rows_of_every_stage_pass():
    spoken = table(SPOKEN, "words")
    assert check_rows(spoken, TABLES["words"], "t.parquet") is spoken
    for name, rows in [
        ("readings", [reading()]),
        ("sentences", sentences(SPOKEN)),
        ("fixations", [fixation(0, 0, 0), fixation(1, 0, 2, x_px=-5000.0)]),
        ("samples", [SAMPLE, SAMPLE | {"sample": 1, "x_px": np.inf, "y_px": np.nan}]),
        ("mentions", [mention(TEXT, "edema")]),
        ("windows", [WINDOW, WINDOW | {"window": 1, "end_s": -1.0, "status": "reversed"}]),
        ("gaussians", [GAUSSIAN, GAUSSIAN | {"fixation": 1, "weight_s": 0.0}]),
        ("ellipses", [ELLIPSE]),
        ("words", []),
    ]:
        assert len(check(name, rows)) == len(rows)


@pytest.mark.parametrize("order", [[2, 0, 1, 3], [3, 2, 1, 0], [1, 0, 2, 3]])
def test_rows_out_of_order_are_sorted(order):
    rows = [*SPOKEN[:2], *words(TEXT, "R2")[:2]]
    in_order = table(rows, "words")
    assert check_rows(in_order.take(order), TABLES["words"], "t").equals(in_order)


def test_order_across_pieces_of_a_file():
    first, second = (table(words(TEXT, name), "words") for name in ("R1", "R2"))
    joined = pa.concat_tables([first, second])
    assert check_rows(joined, TABLES["words"], "t") is joined
    assert check_rows(pa.concat_tables([second, first]), TABLES["words"], "t").equals(joined)


@pytest.mark.parametrize("rows", [SPOKEN[:3] + SPOKEN[1:3], SPOKEN[2::-1] + SPOKEN[1:3]])
def test_keys_that_occur_twice(rows):
    with pytest.raises(SchemaError, match=r"t.parquet: 2 rows .* have a key .* already") as raised:
        check("words", rows)
    assert raised.value.faults == (
        "reading_id 'R1', word 1: rows 2 and 4",
        "reading_id 'R1', word 2: rows " + ("3 and 5" if rows[0]["word"] == 0 else "1 and 5"),
    )
    with pytest.raises(SchemaError) as raised:
        check("words", rows, is_whole=False)
    assert raised.value.faults[0] == "reading_id 'R1', word 1"


@pytest.mark.parametrize(
    ("name", "row", "fault"),
    [
        pytest.param("words", {"char_end": None}, "char_end is null", id="null"),
        pytest.param("words", {"word": None}, "word is null: 1 of 2 rows .first: row 2", id="key"),
        pytest.param("words", {"char_start": -1}, "char_start is below 0.*: -1", id="negative"),
        pytest.param("words", {"char_start": 99}, "char_start is larger than char_end", id="span"),
        pytest.param("words", {"offset_s": -1.0}, "onset_s is larger than offset_s", id="reversed"),
        pytest.param(
            "fixations", {"shown_xmin_px": -np.inf}, "shown_xmin_px is no number.*inf", id="part"
        ),
        pytest.param("words", {"onset_s": np.nan}, "onset_s is no number.*: nan", id="nan"),
        pytest.param("words", {"offset_s": np.inf}, "offset_s is no number.*: inf", id="infinite"),
        pytest.param(
            "words", {"char_start": 0, "char_end": 1}, "char_end falls.*'R1', word 1", id="falls"
        ),
        pytest.param("samples", {"time_s": np.nan}, "time_s is no number", id="time"),
        pytest.param("fixations", {"x_px": 1e300}, "x_px is no number .*1e.300", id="huge"),
        pytest.param("fixations", {"px_per_deg_x": 0.0}, "px_per_deg_x is no number", id="degree"),
        pytest.param("gaussians", {"weight_s": -1e308}, "weight_s is no number", id="weight"),
        pytest.param("gaussians", {"sigma_x_px": 0.0}, "sigma_x_px is no number", id="sigma"),
        pytest.param("gaussians", {"clip_xmin_px": -3}, "clip_xmin_px is below 0", id="clip"),
        pytest.param("ellipses", {"xmin_px": 3.0}, "xmin_px is larger than xmax_px", id="corners"),
        pytest.param("readings", {"width_px": 0}, "width_px is below 1", id="no width"),
        pytest.param("readings", {"height_px": 2**30}, "height_px is below 1 or above", id="size"),
        pytest.param("readings", {"split": "valid"}, "split is none of .*'valid'", id="word"),
        pytest.param("mentions", {"polarity": "maybe"}, "polarity is none of", id="polarity"),
        pytest.param("mentions", {"onset_s": np.inf}, "onset_s is no number", id="may be null"),
        pytest.param("windows", {"status": None}, "status is null", id="no status"),
        pytest.param("windows", {"n_mentions": []}, "labels and n_mentions are lists", id="lists"),
    ],
)
def test_rows_that_cannot_be_right(name, row, fault):
    right = {
        "words": SPOKEN[0],
        "samples": SAMPLE,
        "fixations": fixation(0, 0, 1),
        "gaussians": GAUSSIAN,
        "ellipses": ELLIPSE,
        "readings": reading("R0"),
        "mentions": mention(TEXT, "edema"),
        "windows": WINDOW,
    }[name]
    number = TABLES[name].key[-1]
    second = {"mentions": {"label": "z"}, "ellipses": {"ellipse": 1}, "readings": {}}.get(
        name, {number: 1}
    )
    second = second | ({"reading_id": "R1"} if name == "readings" else {})
    if name == "words":
        second |= {"char_start": 4, "char_end": 9}
    with pytest.raises(SchemaError, match="cannot be right") as raised:
        check(name, [right, right | second | row])
    message = raised.value.faults[0]
    assert re.search(fault, message)
    assert "1 of 2 rows" in message


def test_all_faults_at_once_and_no_text_of_a_report():
    rows = [mention(TEXT, "edema", char_start=-1, polarity="maybe", onset_s=np.inf)]
    with pytest.raises(SchemaError) as raised:
        check("mentions", rows)
    assert [fault.split()[0] for fault in raised.value.faults] == [
        "char_start",
        "onset_s",
        "polarity",
    ]
    assert "edema' " not in str(raised.value).replace("label 'edema'", "")


def test_columns_that_are_not_read_are_not_missed():
    part = table(SPOKEN, "words").select(["reading_id", "char_end"])
    assert check_rows(part, TABLES["words"], "t") is part


def test_limits_are_of_columns_that_there_are():
    columns = {field.name for spec in TABLES.values() for field in spec.schema}
    assert set(LIMITS) <= columns


def test_type_faults():
    schema = TABLES["sentences"].schema
    assert type_faults(schema.append(pa.field("more", pa.string())), TABLES["sentences"]) == []
    twice = schema.append(schema.field("reading_id"))
    assert type_faults(twice, TABLES["sentences"]) == ["reading_id: one column expected, 2 found"]
    changed = schema.remove(2).set(1, pa.field("sentence", pa.string()))
    assert type_faults(changed, TABLES["sentences"]) == [
        "sentence: int32 expected, string found",
        "onset_s: double expected, not found",
    ]
