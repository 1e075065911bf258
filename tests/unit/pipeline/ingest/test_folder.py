import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.tables import table_path, write_table
from gazescribe.pipeline.ingest.folder import dataset_of, find_obsolete
from tests.synthetic import reading


def write(folder, source="egd 1.0.0"):
    rows = {name: [value] for name, value in reading("R1").items()}
    write_table(rows, folder, "readings", {"source": source})


def test_tables_that_are_not_written_again_are_obsolete(tmp_path):
    write(tmp_path)
    (tmp_path / "note.txt").write_text("not ours")
    assert find_obsolete(tmp_path, "egd", ["readings"]) == []
    assert find_obsolete(tmp_path, "egd", ["fixations"]) == ["readings.parquet"]
    assert find_obsolete(tmp_path / "new", "egd", ["fixations"]) == []


def test_another_data_set_is_refused(tmp_path):
    write(tmp_path)
    with pytest.raises(GazeError, match="tables of egd lie here, and reflacx would mix"):
        find_obsolete(tmp_path, "reflacx", ["fixations"])


def test_the_data_set_of_a_folder(tmp_path):
    assert dataset_of(tmp_path) == ""
    write(tmp_path, "my lab 2.1")
    assert dataset_of(tmp_path) == "my lab"
    table_path(tmp_path, "readings").write_bytes(b"no Parquet")
    assert dataset_of(tmp_path) == ""
