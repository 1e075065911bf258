import numpy as np
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.tables import read_table, table_path, write_table
from gazescribe.pipeline.ingest import chunks
from gazescribe.pipeline.ingest.chunks import Chunk, cut, dataset_of, find_obsolete, write_chunks
from gazescribe.pipeline.ingest.transcripts import Word, transcribe
from gazescribe.pipeline.sources.faults import Fault, Findings
from tests.synthetic import reading

QUALITY = load_params().ingest.quality


def fixations(n=2):
    onset_s = np.arange(n, dtype=float)
    columns = {"onset_s": onset_s, "offset_s": onset_s + 0.5, "x_px": onset_s, "y_px": onset_s}
    return columns | {"px_per_deg_x": np.full(n, 30.0), "px_per_deg_y": np.full(n, 30.0)}


def chunk_of(*ids):
    chunk = Chunk()
    for reading_id in ids:
        assert chunk.add_fixations(reading_id, fixations(), (9, 9), QUALITY)
    return chunk


def test_chunks_are_row_groups_in_order_and_their_notes_are_gathered(tmp_path):
    first, second = chunk_of("A", "B"), chunk_of("C")
    second.faults.append(Fault("loss", "bad", "is bad", "a.csv"))
    second.without_gaze["no fixation"] += 1
    n_rows, notes = write_chunks([first, second], tmp_path, ["fixations", "words"])
    assert n_rows == {"fixations": 6, "words": 0}
    assert read_table(tmp_path, "fixations")["reading_id"].to_pylist() == [*"AABBCC"]
    assert notes.quality["reading_id"] == ["A", "B", "C"]
    assert (notes.tables, notes.without_gaze.total(), len(notes.faults)) == ({}, 1, 1)


def samples(n):
    time_s = np.arange(n, dtype=float)
    columns = {"time_s": time_s, "x_px": time_s, "y_px": time_s}
    return columns | {"valid": np.ones(n, bool)}


def test_samples_of_readings_share_a_row_group_that_is_not_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "GROUP_ROWS", 4)
    chunk = Chunk()
    for reading_id, n in (("A", 3), ("B", 1), ("C", 9), ("D", 0), ("E", 2)):
        chunk.add_samples(reading_id, samples(n), (9, 9))
    write_chunks([chunk], tmp_path, ["samples"])
    with pq.ParquetFile(table_path(tmp_path, "samples")) as file:
        groups = [file.read_row_group(n)["reading_id"].to_pylist() for n in range(4)]
    assert groups == [[*"AAAB"], [*"CCCC"], [*"CCCC"], [*"CEE"]]
    rows = read_table(tmp_path, "samples")
    assert rows["sample"].to_pylist() == [0, 1, 2, 0, *range(9), 0, 1]


def test_without_a_folder_nothing_is_written_and_the_notes_are_the_same(tmp_path):
    n_rows, notes = write_chunks([chunk_of("A")], None, ["fixations"])
    assert n_rows == {}
    assert notes.quality["n_fixations"] == [2]
    assert list(tmp_path.iterdir()) == []


def test_gaze_beyond_a_threshold_is_noted_and_left_out():
    chunk = Chunk()
    strict = QUALITY.model_copy(update={"min_fixations_per_s": 100.0})
    assert not chunk.add_fixations("A", fixations(), (9, 9), strict)
    assert chunk.without_gaze == {"quality: fixations_per_s": 1}
    assert (chunk.quality["excluded"], chunk.tables) == (["fixations_per_s"], {})


def test_usable_fixations_are_sorted_and_what_is_unusual_is_noted():
    chunk, values = Chunk(), fixations(4)
    values["onset_s"] = np.array([2.0, 0.0, 9.0, 0.25])
    values["offset_s"] = values["onset_s"] + 0.5
    values["x_px"] = np.array([50.0, 1.0, 1.0, 1.0])
    findings = Findings("f.csv", "A", chunk.faults)
    usable = np.array([True, True, False, True])
    assert chunk.add_usable_fixations(values, usable, np.arange(4), (9, 9), QUALITY, findings)
    assert chunk.last("fixations", "A", "onset_s").tolist() == [0.0, 0.25, 2.0]
    assert [(fault.code, fault.row) for fault in chunk.faults] == [
        ("fixation_order", 1),
        ("fixation_overlap", 4),
        ("fixation_off_image", 1),
    ]


def test_without_a_usable_fixation_the_gaze_is_lost():
    chunk = Chunk()
    findings, usable = Findings("f.csv", "A", chunk.faults), np.zeros(2, dtype=bool)
    places = np.arange(2)
    assert not chunk.add_usable_fixations(fixations(), usable, places, (9, 9), QUALITY, findings)
    assert chunk.without_gaze == {"no fixation": 1}
    assert [fault.code for fault in chunk.faults] == ["fixations_none"]


def test_last_is_of_the_reading_that_was_added_last():
    chunk = chunk_of("A", "B")
    assert chunk.last("fixations", "B", "onset_s").tolist() == [0.0, 1.0]
    assert chunk.last("fixations", "A", "onset_s") == ()
    assert chunk.last("words", "A", "onset_s") == ()


@pytest.mark.parametrize(
    ("n", "lengths"), [pytest.param(0, [], id="none"), pytest.param(5, [2, 2, 1], id="odd")]
)
def test_the_last_cut_is_shorter(n, lengths):
    assert [len(part) for part in cut(range(n), 2)] == lengths


def write_readings(folder, source="egd 1.0.0"):
    rows = {name: [value] for name, value in reading("R1").items()}
    write_table(rows, folder, "readings", {"source": source})


def test_tables_that_are_not_written_again_are_obsolete(tmp_path):
    write_readings(tmp_path)
    (tmp_path / "note.txt").write_text("not ours")
    assert find_obsolete(tmp_path, "egd", ["readings"]) == []
    assert find_obsolete(tmp_path, "egd", ["fixations"]) == ["readings.parquet"]
    assert find_obsolete(tmp_path / "new", "egd", ["fixations"]) == []


def test_another_data_set_is_refused(tmp_path):
    write_readings(tmp_path)
    with pytest.raises(GazeError, match="tables of egd lie here, and reflacx would mix"):
        find_obsolete(tmp_path, "reflacx", ["fixations"])


def test_the_data_set_of_a_folder(tmp_path):
    assert dataset_of(tmp_path) == ""
    write_readings(tmp_path, "my lab 2.1")
    assert dataset_of(tmp_path) == "my lab"
    table_path(tmp_path, "readings").write_bytes(b"no Parquet")
    assert dataset_of(tmp_path) == ""


def test_words_of_a_transcript_become_two_tables():
    chunk = Chunk()
    words = [Word("small", 0.5, 1.0), Word(".", 1.0, 1.1), Word("clear", 2.0, 2.5)]
    transcript = transcribe([word.text for word in words], [False, True, False])
    chunk.add_words("R1", transcript, words)
    tables = chunk.pack().packed
    assert tables["words"]["char_start"].to_pylist() == [0, 5, 7]
    assert tables["words"]["sentence"].to_pylist() == [0, 0, 1]
    assert tables["sentences"].drop_columns("reading_id").to_pylist() == [
        {"sentence": 0, "onset_s": 0.5, "offset_s": 1.1, "char_start": 0, "char_end": 6},
        {"sentence": 1, "onset_s": 2.0, "offset_s": 2.5, "char_start": 7, "char_end": 12},
    ]
