"""The line about pages; what they show is tested in `report/`."""

import json

from tests.running import gazescribe, invoke
from tests.synthetic import reading, write_tables


def test_the_line_counts_inspectors_and_radiographs(tmp_path):
    write_tables(tmp_path / "run/data/tables/reflacx", readings=[reading("R1", "edema .")])
    report = ("report", tmp_path / "run", tmp_path / "out", "--no-images")
    result = invoke(*report)
    assert result.exit_code == 0, result.output
    line = f"1 inspectors of 1 readings; radiographs: 1 left out → {tmp_path / 'out/index.html'}"
    assert line in result.output
    assert json.loads(gazescribe(*report, "--json"))["n_inspectors"] == 1


def test_audio_is_counted_and_a_folder_without_it_refused(tmp_path):
    write_tables(tmp_path / "run/data/tables/reflacx", readings=[reading("R1", "edema .")])
    (tmp_path / "voices").mkdir()
    report = ("report", tmp_path / "run", tmp_path / "out", "--audio", tmp_path / "voices")
    result = invoke(*report)
    assert result.exit_code == 2
    assert "no audio of the 1 readings is here" in result.output
    (tmp_path / "voices/R1.wav").write_bytes(b"sound")
    result = invoke(*report)
    assert result.exit_code == 0, result.output
    assert "1 inspectors of 1 readings, 1 with audio" in result.output


def test_a_folder_that_is_no_run(tmp_path):
    result = invoke("report", tmp_path, tmp_path / "out")
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()
