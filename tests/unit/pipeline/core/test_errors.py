import pickle

import pytest

from gazescribe.pipeline.core.errors import MAX_SHOWN, GazeError, SchemaError, nearest


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("heatmap", "; the nearest is heatmaps", id="a letter short"),
        pytest.param("HEATMAPS", "; the nearest is heatmaps", id="case"),
        pytest.param("edma", "; the nearest is Edema", id="known name in its own case"),
        pytest.param("sync", "", id="none near"),
        pytest.param("", "", id="empty"),
    ],
)
def test_nearest(name, text):
    assert nearest(name, iter(["heatmaps", "Edema"])) == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        pytest.param({}, "It rains.", id="what"),
        pytest.param({"where": "a.csv"}, "a.csv: It rains.", id="where"),
        pytest.param({"remedy": "Wait."}, "It rains. Wait.", id="remedy"),
        pytest.param(
            {"where": "a.csv", "remedy": "Wait.", "faults": ["row 1", "row 7"]},
            "a.csv: It rains. Wait.\n  - row 1\n  - row 7",
            id="all",
        ),
    ],
)
def test_text(parts, text):
    assert str(GazeError("It rains.", **parts)) == text


def test_ten_faults_are_shown_and_the_others_counted():
    error = SchemaError("It rains.", faults=[f"row {n}" for n in range(MAX_SHOWN + 3)])
    lines = str(error).splitlines()
    assert lines[1] == "  - row 0"
    assert lines[-2:] == ["  - row 9", "  … and 3 more"]
    assert len(error.faults) == 13


def test_an_error_of_a_worker_arrives_whole():
    """Tasks run in other processes, and exceptions travel as pickles."""
    error = SchemaError("It rains.", where="a.csv", remedy="Wait.", faults=["row 1"])
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert type(arrived) is SchemaError
    assert str(arrived) == str(error)
