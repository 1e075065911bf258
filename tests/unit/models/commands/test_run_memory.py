import json

import pytest
import yaml

from gazescribe.models.commands.configure import config_of
from gazescribe.models.commands.run_memory import MemorySize, Needed, check_fit, estimated, remedy
from gazescribe.pipeline.core.errors import GazeError, ParamsError
from gazescribe.pipeline.core.resources import resource
from tests.running import gazescribe, invoke
from tests.unit.models.cooperative.cooperative_cases import small_run
from tests.unit.models.mil.mil_cases import RUN

PARTS = ("weights", "gradients", "optimiser", "batch", "activations", "working", "allowance")


def needed(run, *sizes):
    parts = dict(zip(PARTS, sizes, strict=True))
    return Needed((run,), {**parts, "total": sum(sizes)})


@pytest.fixture
def params(tmp_path):
    """Parameters of two networks that differ in memory, and one that does not."""
    (tmp_path / "params").mkdir()
    (tmp_path / "params.yaml").write_text(resource("params.yaml").read_text())
    profile = yaml.load(resource("params/demo.yaml").read_text(), yaml.CSafeLoader)
    profile["mil"].update(models=["unannotated", "et", "ellipse"], seeds=[0, 1])
    (tmp_path / "params/demo.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    return tmp_path / "params.yaml"


@pytest.mark.parametrize(
    ("text", "size"), [("24GB", 24 * 10**9), ("22.5 GiB", 22.5 * 2**30), ("900MB", 9 * 10**8)]
)
def test_a_size(text, size):
    assert MemorySize()(text) == size


@pytest.mark.parametrize("text", ["24", "GB", "-1GB", "0GB", "24gb", "1e3GB"])
def test_no_size(tmp_path, text):
    result = invoke("configure", "mil", tmp_path / "c.json", f"--memory={text}")
    assert result.exit_code == 2
    assert "is no size; expected is one as 24GB or 22.5GiB" in result.output


def test_small_images_are_estimated_on_request_alone(params, monkeypatch):
    config = config_of("mil", params)
    assert estimated(config, everything=False) == []
    listed = estimated(config, everything=True)
    names = [[run.name for run in alike.runs] for alike in listed]
    assert names[0] == ["unannotated-seed0", "unannotated-seed1"]
    assert sorted(map(len, names)) == [2, 2, 2]
    assert all(alike.bytes["total"] > 2**30 for alike in listed)
    monkeypatch.setattr("gazescribe.models.commands.run_memory.LEAST_PX", 32)
    assert estimated(config, everything=False) == listed


def test_it_prints_and_refuses(params, tmp_path):
    arguments = ("configure", "mil", tmp_path / "c.json", "--params", params)
    text = gazescribe(*arguments, "--memory", "24GB")
    assert text.startswith("device memory in GiB, estimated:\ntotal  weights")
    assert "10 × 64 × 64, 32  unannotated\n" in text
    counts = json.loads(gazescribe(*arguments, "--memory", "24GB", "--json"))
    assert set(counts["memory"]) == set(counts["runs"])
    (tmp_path / "c.json").unlink()
    result = invoke(*arguments, "--memory", "10MB")
    assert result.exit_code == 2
    assert "these models need more than the 0.0 GiB of the device" in result.output
    for model in ("unannotated", "et", "ellipse"):
        assert f"  - {model} (10 × 64 × 64, 32): 1." in result.output
    assert not (tmp_path / "c.json").exists()


def test_all_that_do_not_fit_are_named_with_what_to_lower():
    large = needed(RUN, 10, 10, 30, 50, 400, 50, 50)
    dense = needed(small_run("contrastive"), 10, 10, 30, 50, 400, 50, 50)
    check_fit([large, dense], 600)
    with pytest.raises(ParamsError) as refused:
        check_fit([large, dense], 350)
    message = str(refused.value)
    assert "et (2 × 32 × 32, 32): 0.0 GiB; lower batch_size to 1 or less" in message
    assert "set precision: 16-mixed" in message
    assert message.count("set checkpointing: true") == 1


def test_nothing_of_the_batch_fits():
    assert remedy(needed(RUN, 10, 10, 30, 50, 400, 50, 50), 100).startswith("the image size")


def test_without_torch(params, tmp_path, monkeypatch):
    monkeypatch.setattr("gazescribe.models.commands.run_memory.NEEDED", ("no_torch",))
    with pytest.raises(GazeError, match="memory cannot be estimated without no_torch"):
        estimated(config_of("mil", params), everything=True)
    monkeypatch.setattr("gazescribe.models.commands.run_memory.LEAST_PX", 32)
    line = gazescribe("configure", "mil", tmp_path / "c.json", "--params", params)
    assert "c.json; memory cannot be estimated without no_torch" in line
    assert (tmp_path / "c.json").exists()
