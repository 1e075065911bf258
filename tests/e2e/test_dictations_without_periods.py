"""A data set of a lab whose recogniser writes no periods, from its files to windows."""

import pytest
import yaml

from gazescribe.pipeline.core.tables import read_table
from tests.conftest import ROOT
from tests.running import gazescribe

WRITTEN = "small left effusion. | heart is enlarged. | no | pneumothorax."
SPOKEN = "small left effusion period | heart is enlarged full stop | no | pneumothorax period"
LOST = "small left effusion | heart is enlarged | no | pneumothorax"
MANIFEST = {
    "name": "lab",
    "resolution": {"px_per_deg": 30},
    "tables": {
        "readings": {
            "file": "readings.csv",
            "columns": {"reading_id": "id", "width_px": "w", "height_px": "h"},
        },
        "fixations": {
            "file": "fixations.csv",
            "columns": {
                "reading_id": "id",
                "onset_s": "from",
                "offset_s": "to",
                "x_px": "x",
                "y_px": "y",
            },
        },
        "words": {
            "file": "words.csv",
            "columns": {"reading_id": "id", "text": "word", "onset_s": "from", "offset_s": "to"},
        },
    },
}


def timed(text):
    """Words of half a second; `|` is a pause of one second."""
    time_s = 0.0
    for word in text.split():
        if word == "|":
            time_s += 1.0
        else:
            yield word, time_s, time_s + 0.5
            time_s += 0.5


@pytest.fixture
def lab(tmp_path):
    texts = {"written": WRITTEN, "spoken": SPOKEN, "lost": LOST}
    words = [(key, *word) for key, text in texts.items() for word in timed(text)]
    fixations = [(key, n, n + 0.9, 10 * n + 10, 50) for key in texts for n in range(9)]
    tables = {
        "readings": [("id", "w", "h"), *((key, 200, 100) for key in texts)],
        "words": [("id", "word", "from", "to"), *words],
        "fixations": [("id", "from", "to", "x", "y"), *fixations],
    }
    (tmp_path / "raw").mkdir()
    for name, rows in tables.items():
        lines = [",".join(map(str, row)) for row in rows]
        (tmp_path / "raw" / f"{name}.csv").write_text("\n".join(lines))
    (tmp_path / "lab.yaml").write_text(yaml.safe_dump(MANIFEST))
    return tmp_path


def windows_of(lab, *options):
    """Labels of the windows of each reading, after ingest, label and associate."""
    tables, mentions, out = lab / "tables", lab / "mentions.parquet", lab / "associated"
    said = gazescribe("ingest", lab / "lab.yaml", lab / "raw", tables, "--workers", 1, *options)
    said += gazescribe("label", tables, mentions, "--workers", 1)
    gazescribe("associate", tables, mentions, out, "--workers", 1)
    labels = {}
    for row in read_table(out, "windows").to_pylist():
        if row["kind"] == "sentence":
            assert row["status"] == "ok"
            labels.setdefault(row["reading_id"], []).append(row["labels"])
    return labels, said


def test_lost_periods_cost_no_window(lab):
    labels, said = windows_of(lab)
    apart = [["Pleural abnormality"], ["Cardiomegaly"]]
    assert labels == dict.fromkeys(("written", "spoken", "lost"), apart)
    cut = "1 cut by spoken periods into 3 sentences, 1 cut by pauses into 3 sentences"
    assert f"dictations without written periods: {cut};" in said
    assert f"texts without written periods: {cut};" in said
    mentions = read_table(lab, "mentions").to_pylist()
    negative = {row["report_id"] for row in mentions if row["polarity"] == "negative"}
    assert negative == {"written", "spoken", "lost"}


def test_without_pauses_all_labels_share_a_window_and_that_is_said(lab):
    text = (ROOT / "params.yaml").read_text()
    assert "  pause_s: 0.7 " in text
    (lab / "params.yaml").write_text(text.replace("  pause_s: 0.7 ", "  pause_s: null "))
    labels, said = windows_of(lab, "--params", lab / "params.yaml")
    assert labels["written"] == labels["spoken"] != labels["lost"]
    assert labels["lost"] == [["Pleural abnormality", "Cardiomegaly"]]
    assert said.count("1 left as one sentence each") == 2
