import dataclasses
import sys
from types import SimpleNamespace

import pytest
import yaml

from gazescribe.models.core.config import SYSTEMS, Config
from gazescribe.models.core.stages import HEAD, stages_file, stages_of


@dataclasses.dataclass(frozen=True)
class Run:
    model: str
    seed: int
    supervision: str = "none"
    init_from: str | None = None

    @property
    def name(self):
        return f"{self.model}-seed{self.seed}"


@dataclasses.dataclass(frozen=True)
class Inputs:
    images: str
    maps: str
    channels: dict


ABOVE = {
    "configure-small": {"deps": ["models/core"], "params": ["profile"]},
    "train-small": {"deps": ["data/all", "models/core", "pipeline/core"]},
    "evaluate-small": {"deps": ["data/all", "models/evaluating"]},
    "tabulate-small": {
        "cmd": "gazescribe tabulate small data/scores/small results/small\n--rules rules",
        "deps": ["data/scores/small", "rules/labels.yaml", "pipeline/results"],
        "params": ["tabulate"],
        "outs": ["results/small"],
    },
}


@pytest.fixture
def config(monkeypatch):
    settings = SimpleNamespace(
        training_inputs=lambda run, inputs: {
            "images": inputs.images,
            "channels": inputs.channels,
            **({} if run.supervision == "none" else {"maps": inputs.maps}),
        },
        scoring_inputs=lambda _, inputs: {"images": inputs.images, "maps": inputs.maps},
    )
    monkeypatch.setitem(SYSTEMS, "small", "small_settings")
    monkeypatch.setitem(sys.modules, "small_settings", settings)
    runs = (
        *(Run("plain", seed) for seed in (0, 1)),
        *(Run("other", seed) for seed in (0, 1)),
        *(Run("gazed", seed, "gaze") for seed in (0, 1)),
        *(Run("heir", seed, "gaze", f"plain-seed{seed}") for seed in (0, 1)),
    )
    inputs = Inputs("data/images", "data/maps", {"a": ()})
    return Config("small", "demo", inputs, runs, None)


def test_runs_that_read_the_same_share_a_stage(config):
    stages = stages_of(config, ["plain-seed0"], ABOVE)
    groups = ("none", "gaze", "after-plain")
    assert list(stages) == [
        "configure-small",
        *(f"{kind}-small-{group}" for group in groups for kind in ("train", "evaluate")),
        "tabulate-small",
    ]
    assert stages["train-small-none"]["matrix"] == {"model": ["plain", "other"], "seed": [0, 1]}


def test_a_run_depends_on_what_it_reads(config):
    stages = stages_of(config, ["plain-seed0"], ABOVE)
    item = "${item.model}-seed${item.seed}"
    own = f"data/configs/small/{item}.json"
    assert stages["configure-small"]["outs"] == ["data/configs/small"]
    train = stages["train-small-none"]
    assert train["cmd"] == f"gazescribe train {own} data/runs/small"
    assert train["deps"] == [own, "data/images", "models/core", "pipeline/core"]
    assert train["outs"] == [f"data/runs/small/{item}"]
    heir = stages["train-small-after-plain"]
    first = "data/runs/small/plain-seed${item.seed}"
    assert heir["deps"] == [own, first, "data/images", "data/maps", "models/core", "pipeline/core"]
    scored = stages["evaluate-small-after-plain"]
    assert scored["cmd"] == f"gazescribe evaluate {own} data/runs/small data/runs/small-scores"
    model = f"data/runs/small/{item}"
    assert scored["deps"] == [own, model, first, "data/images", "data/maps", "models/evaluating"]


def test_tables_are_of_the_runs_that_the_profile_lists(config):
    stage = stages_of(config, ["plain-seed0", "heir-seed1"], ABOVE)["tabulate-small"]
    assert stage["cmd"] == (
        "gazescribe tabulate small data/runs/small-scores results/small-runs --rules rules"
        " --config data/configs/small.json"
    )
    assert stage["deps"] == [
        "data/configs/small.json",
        "data/runs/small-scores/plain-seed0",
        "data/runs/small-scores/heir-seed1",
        "rules/labels.yaml",
        "pipeline/results",
    ]
    assert stage["outs"] == ["results/small-runs"]


def test_the_file_is_plain_yaml(config):
    text = stages_file([config], [dataclasses.replace(config, runs=config.runs[:1])], ABOVE)
    assert text.startswith(HEAD)
    assert "&id" not in text
    content = yaml.safe_load(text)
    assert content["vars"] == ["../params.yaml:profile"]
    assert content["stages"] == stages_of(config, ["plain-seed0"], ABOVE)
