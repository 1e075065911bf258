"""The command `maps`: what it says, and refuses; what it writes is in `test_chain.py`."""

import json

import pytest

import gazescribe as gs
from tests.running import invoke
from tests.unit.pipeline.ingest.by_manifest.lab import Lab


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lab = Lab(tmp_path)
    lab.files["words.csv"] = "id,word,from,to\nA1,effusion.,1,2\nB2,Clear.,0,1\nC3,Clear.,0,1\n"
    lab.write()
    return lab


def test_one_summary_with_counts_reasons_and_where_to_look_and_a_run_to_open(lab):
    lines = invoke("maps", "mylab.yaml", "raw", "out", "--workers", 1).stdout.splitlines()
    said = lines[2:6]
    assert [line.split()[0] for line in said] == ["degrees", "gaze", "fixations", "dictation"]
    assert lines == [
        "mylab: 2 readings, 2 with gaze, 2 images, 2 subjects",
        "understood (median of readings):",
        *said,
        "1 label map, 2 saliency maps → out/heatmaps",
        "left out:",
        "  ingest, rows of text: words unknown reading 1",
        "noticed and kept: nothing",
        "radiographs: none, for no image_path leads to one below raw (--images)",
        "look at out/report/index.html",
    ]
    summaries = json.loads(invoke("maps", "mylab.yaml", "raw", "out", "--json").stdout)
    assert summaries["heatmaps of label"]["maps_by_label"] == {"Pleural abnormality": 1}
    assert "Network" not in (lab.folder / "out" / "report" / "index.html").read_text()
    found = gs.open(lab.folder / "out").heatmap(reading_id="A1", label="Pleural abnormality")
    assert found.shape == (80, 100)
    assert found.max() == pytest.approx(1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(("mylab.yaml", "raw", "raw/out"), "OUT lies in ROOT", id="inside"),
        pytest.param(("mimic-cxr-jpg", "raw", "out"), "has no gaze", id="mimic"),
        pytest.param(("mylab", "raw", "out"), "there is no manifest 'mylab'", id="no manifest"),
        pytest.param(("mylab.yaml", ".", "../out"), "asks for", id="no tree"),
        pytest.param(
            ("mylab.yaml", "raw", "out", "--images", "raw"), "image_path is empty", id="no path"
        ),
    ],
)
def test_what_is_refused(lab, words, message):
    result = invoke("maps", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_another_data_set_is_not_mixed_in(lab):
    (lab.folder / "out" / "tables" / "mylab").mkdir(parents=True)
    lab.manifest["name"] = "other"
    lab.write()
    result = invoke("maps", "mylab.yaml", "raw", "out")
    assert result.exit_code == 2
    assert "out: maps of mylab lie here, and other would mix with them." in result.stderr
