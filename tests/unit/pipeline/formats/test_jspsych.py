import json

import pytest

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.jspsych import read

SAMPLES = [{"x": 300, "y": 250, "t": 20.5}, {"x": 500, "y": None, "t": 53}]
BOX = {"left": 100, "right": 500, "top": 200, "bottom": 400}
TRIALS = [
    {"trial_index": 0, "stimulus": "<p>Look, please</p>", "rt": 900},
    {
        "trial_index": 1,
        "stimulus": "a.png",
        "webgazer_data": SAMPLES,
        "webgazer_targets": {"#i": BOX},
    },
    {
        "trial_index": 2,
        "stimulus": "b.png",
        "webgazer_data": SAMPLES[:1],
        "webgazer_targets": [BOX, BOX],
    },
]


def as_csv(trials):
    lines = ["trial_index,stimulus,webgazer_data,webgazer_targets"]
    for trial in trials:
        gaze = [
            json.dumps(trial[key]) if key in trial else ""
            for key in ("webgazer_data", "webgazer_targets")
        ]
        cells = [str(trial["trial_index"]), trial["stimulus"], *gaze]
        lines.append(",".join('"' + cell.replace('"', '""') + '"' for cell in cells))
    return "\n".join(lines)


@pytest.mark.parametrize("write", [as_csv, json.dumps])
def test_each_sample_is_a_row_with_the_columns_of_its_trial(tmp_path, rows_of, write):
    path = tmp_path / "data"
    path.write_text(write(TRIALS))
    rows = rows_of(read, path, "samples")
    assert [(row["t"], row["x"], row["y"]) for row in rows] == [
        (20.5, 300, 250),
        (53, 500, None),
        (20.5, 300, 250),
    ]
    assert [(row["target_x"], row["target_y"]) for row in rows] == [(0.5, 0.25), ("", ""), ("", "")]
    assert [(str(row["trial_index"]), row["stimulus"]) for row in rows] == [
        ("1", "a.png"),
        ("1", "a.png"),
        ("2", "b.png"),
    ]


def test_long_recordings_fit_into_a_cell(tmp_path, rows_of):
    path = tmp_path / "data.csv"
    path.write_text(as_csv([{**TRIALS[1], "webgazer_data": SAMPLES * 5_000}]))
    assert len(rows_of(read, path, "samples")) == 10_000


def test_a_cell_that_is_cut_off_is_named_by_its_row(tmp_path, rows_of):
    path = tmp_path / "data.csv"
    path.write_text('trial_index,webgazer_data\n1,"[{""x"": 3"\n')
    with pytest.raises(ManifestError, match="row 2, webgazer_data: "):
        rows_of(read, path, "samples")
