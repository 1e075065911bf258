"""The report of a tree as text; what is found is tested in `ingest/test_verify.py`."""

from gazescribe.pipeline.commands.verify import _counts_as_text, _faults_as_text, _files_as_text


def test_counts_stand_beside_those_of_the_release():
    counts = {
        "readings": {"found": 1_200, "full_release": 3_052},
        "images": {"found": None, "full_release": None},
    }
    lines = [" ".join(line.split()) for line in _counts_as_text(counts)]
    assert lines == ["counts (full release):", "readings 1,200 (3,052)", "images -"]


def test_faults_stand_by_severity_with_what_they_cost():
    fault = {"severity": "loss", "loses": "words", "rows": 4, "items": 1, "examples": ["row 3"]}
    lines = list(_faults_as_text({"bad_times": fault}))
    assert lines[1:] == ["  bad_times: 4 in 1 item, costs words", "    row 3"]


def test_strange_files_are_named():
    files = {
        "not_ingested": {"audio": 3},
        "unlisted": {},
        "unknown": {"files": 1, "first": ["notes.txt"]},
    }
    assert list(_files_as_text(files)) == [
        "in the tree, known and not ingested: audio 3",
        "in the tree, unknown and not ingested: 1 file",
        "  notes.txt",
    ]
