import dataclasses
import json
from pathlib import Path

import pytest

from gazescribe.models.commands.configure import resolved
from gazescribe.models.core.config import naming, read_config, read_settings
from gazescribe.models.mil.settings import MilInputs, MilRun
from gazescribe.pipeline.core.errors import GazeError, ParamsError


@pytest.fixture(scope="module")
def written():
    return json.dumps(resolved("mil"))


@pytest.fixture
def content(written):
    return json.loads(written)


@pytest.fixture
def read(tmp_path):
    def write_and_read(content):
        path = tmp_path / "config.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return read_config(path)

    return write_and_read


def test_it_reads_what_configure_writes(read, content):
    config = read(content)
    assert (config.system, config.profile) == ("mil", content["profile"])
    assert len(config.runs) == len(content["runs"]) > 3
    assert isinstance(config.inputs, MilInputs)
    assert all(isinstance(run, MilRun) for run in config.runs)
    assert config.runs[0].layers == (3, 4)
    assert config.runs[0].augment.degrees == 45
    assert config.inputs.channels["mimic-cxr-jpg"]["Pneumonia"] == ("Opacity",)
    assert json.loads(json.dumps(dataclasses.asdict(config.runs[0]))) == content["runs"][0]


def changed(content, path, value):
    *path, last = path
    for part in path:
        content = content[part]
    content[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        pytest.param(("runs", 0, "lr"), 0, r"runs\.0\.lr: more than 0 expected, found 0", id="lr"),
        pytest.param(("runs", 0, "lr"), "1e-3", "a number expected, found '1e-3'", id="text"),
        pytest.param(("runs", 0, "lr"), True, "a number expected, found True", id="truth"),
        pytest.param(("runs", 0, "lr"), float("nan"), "NaN is no number", id="nan"),
        pytest.param(("runs", 1, "epochs"), 1.5, "a whole number expected, found 1.5", id="epochs"),
        pytest.param(
            ("runs", 0, "annotated_share"), 2, "at least 0 and at most 1 expected, found 2", id="1"
        ),
        pytest.param(("runs", 0, "amsgrad"), 1, "true or false expected, found 1", id="bool"),
        pytest.param(("runs", 0, "layers"), [3, 5], r"layers\.1: one of 3, 4 expected", id="layer"),
        pytest.param(("runs", 0, "layers"), 3, "layers: a list expected, found 3", id="no list"),
        pytest.param(("runs", 0, "layers"), [4, 4], r"layers: 3, 4 or both", id="4, 4"),
        pytest.param(
            ("runs", 0, "augment", "scale_max"),
            0.5,
            "augment: scale_min 0.85 is above scale_max 0.5",
            id="up",
        ),
        pytest.param(("runs", 0, "balanced"), "of", "one of 'published', 'all', 'off'", id="word"),
        pytest.param(("runs", 0, "weights"), 3, "weights: text expected, found 3", id="weights"),
        pytest.param(("runs", 0, "augment"), [], "augment: an object expected", id="augment"),
        pytest.param(
            ("runs", 0, "augment", "degree"), 1, "degree is unknown; the nearest is degrees", id="k"
        ),
        pytest.param(("inputs", "channels"), [], "channels: an object expected", id="channels"),
        pytest.param(("inputs", "image"), "a", "image is unknown; the nearest is images", id="key"),
        pytest.param(("run",), [], "run is unknown; the nearest is runs", id="top"),
        pytest.param(("runs",), [], "runs is empty", id="no runs"),
        pytest.param(("runs", 0, "seed"), 7, "is not <model>-seed<seed> of model", id="seed"),
        pytest.param(("runs", 0, "name"), "../x", r"'\.\./x' is not <model>-seed", id="name"),
        pytest.param(("runs", 0, "model"), "../x", "is not <model>-seed<seed>", id="model"),
        pytest.param(("schema_version",), 2, "schema_version is 2, 1 expected", id="version"),
        pytest.param(("system",), "mill", "system is 'mill'; known are mil, ", id="system"),
    ],
)
def test_what_does_not_fit(read, content, path, value, message):
    changed(content, path, value)
    with pytest.raises(ParamsError, match=message) as raised:
        read(content)
    assert raised.value.where.endswith("config.json")


def test_all_faults_at_once(read, content):
    del content["runs"][0]["lr"]
    content["runs"][1]["seed"] = -1
    content["runs"].append(content["runs"][2])
    with pytest.raises(ParamsError) as raised:
        read(content)
    faults = raised.value.faults
    assert "runs.0.lr is missing" in faults
    assert "runs.1.seed: at least 0 expected, found -1" in faults


def test_the_same_run_twice(read, content):
    content["runs"].append(content["runs"][2])
    name = content["runs"][2]["name"]
    with pytest.raises(ParamsError, match=f"runs: {name} stands there twice"):
        read(content)


@pytest.mark.parametrize("text", ["{", "[]", "\ufffe"], ids=["cut", "list", "bytes"])
def test_files_that_are_no_config(read, text):
    with pytest.raises(ParamsError, match=r"this is not JSON|a JSON object was expected"):
        read(text)


def test_no_file(tmp_path):
    with pytest.raises(ParamsError, match="there is no such file"):
        read_config(tmp_path / "none.json")


def test_settings_alone(content):
    run = read_settings(MilRun, content["runs"][0], where="model.safetensors")
    assert run.name == content["runs"][0]["name"]
    content["runs"][0]["grid"] = 0
    with pytest.raises(ParamsError, match=r"(?s)model\.safetensors: .*run\.grid: at least 1"):
        read_settings(MilRun, content["runs"][0], where="model.safetensors")


def test_what_speaks_of_config_names_its_file():
    with pytest.raises(GazeError) as told, naming(Path("runs/mil.json")):
        raise GazeError("names nothing.", where="CONFIG")
    assert str(told.value) == "runs/mil.json: names nothing."
    with pytest.raises(GazeError) as told, naming(Path("runs/mil.json")):
        raise GazeError("is empty.", where="tables")
    assert str(told.value) == "tables: is empty."
