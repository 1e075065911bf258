import pickle

import pytest

from gazescribe.pipeline.core.errors import (
    MAX_SHOWN,
    GazeError,
    SchemaError,
    nearest,
    quote,
    shorten,
)


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


def nested(depth):
    value = ["x"] * 10
    for _ in range(depth):
        value = [value] * 10
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("drum", "'drum'", id="text"),
        pytest.param({"b": 1, "a": [None, 2.5]}, "{'b': 1, 'a': [None, 2.5]}", id="order"),
        pytest.param("x" * 10**6, "'" + "x" * 78 + "…", id="long"),
        pytest.param(10**5000, "a number of 16610 bits", id="digits"),
        pytest.param(nested(30), "[[[[...], [...], [...]", id="more than any memory holds"),
        pytest.param({n: n for n in range(99)}, "{0: 0, 1: 1, 2: 2, 3: 3", id="many keys"),
    ],
)
def test_quote(value, text):
    assert quote(value).startswith(text)
    assert len(quote(value)) <= 80


def test_shorten():
    assert shorten("a\n  b") == "a b"
    assert shorten("x" * 10**6, 5) == "xxxx…"


def test_a_message_is_never_longer_than_a_page():
    error = SchemaError("x" * 10**6 + " It ends.", faults=["y" * 10**6])
    assert len(str(error)) < 5_000
    assert " It ends." in str(error)


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
