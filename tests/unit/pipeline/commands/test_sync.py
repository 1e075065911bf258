import pytest

from gazescribe.pipeline.commands.sync import lines
from tests.running import invoke
from tests.unit.pipeline.gaze.sync.dictations import SYNC, write


@pytest.mark.parametrize(
    ("value_s", "said"),
    [
        pytest.param(0.4, "gaze leads words by 0.40 s (0.30 to 0.50)", id="before"),
        pytest.param(-0.1, "gaze follows words by 0.10 s (0.00 to 0.20)", id="after"),
    ],
)
def test_gaze_before_and_after_speech(value_s, said):
    found = {"value_s": value_s, "low_s": value_s - 0.1, "high_s": value_s + 0.1}
    found |= {"n_phrases": 9, "n_readings": 5, "p": 0.01}
    told = list(
        lines({**dict.fromkeys(("lead", "arrival", "offset"), found), "sessions": {}}, SYNC)
    )
    assert told[0].startswith(said)
    after = value_s < 0
    assert f"{'after' if after else 'before'} the sentence; 1.5 s before it was expected" in told[1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(["--apply", "new"], "belong together", id="apply-alone"),
        pytest.param(["--what", "drift"], "belong together", id="what-alone"),
        pytest.param(["--apply", "new", "--what", "drift"], "needs sessions", id="no-raw"),
        pytest.param(["--apply", "tables", "--what", "offset"], "something here", id="in-place"),
        pytest.param(
            ["--apply", "tables/new", "--what", "offset"], "folder that it is", id="below"
        ),
        pytest.param(["--raw", "."], "no egd tree is here", id="no-tree"),
    ],
)
def test_requests_that_cannot_be_met_are_said(tmp_path, monkeypatch, options, said):
    write(tmp_path / "tables", n=5)
    monkeypatch.chdir(tmp_path)
    shown = invoke("sync", "tables", *options)
    assert shown.exit_code == 2
    assert said in shown.output
    assert not (tmp_path / "new").exists()
