import json

import pytest
import yaml

from gazescribe.models.core.config import read_config
from gazescribe.pipeline.commands.params import load_profile
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.resources import resource
from tests.running import gazescribe, invoke


@pytest.fixture
def folder(tmp_path):
    """A copy of the parameters that a test may change."""
    (tmp_path / "params").mkdir()
    for name in ("params.yaml", "params/demo.yaml"):
        (tmp_path / name).write_text(resource(name).read_text())
    return tmp_path


def change(path, **values):
    content = yaml.load(path.read_text(), yaml.CSafeLoader)
    content["mil"].update(values)
    path.write_text(yaml.safe_dump(content))


def test_it_writes_a_config(tmp_path):
    line = gazescribe("configure", "mil", tmp_path / "config.json")
    config = read_config(tmp_path / "config.json")
    assert line.startswith(f"{len(config.runs)} runs of mil, profile {config.profile} → ")
    counts = json.loads(gazescribe("configure", "mil", tmp_path / "config.json", "--json"))
    assert counts["runs"] == [run.name for run in config.runs]


def test_the_same_parameters_give_the_same_bytes(tmp_path):
    for name in ("one.json", "two.json"):
        gazescribe("configure", "mil", tmp_path / name)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_both_files_count(folder):
    change(folder / "params.yaml", lambda_annotated=10)
    change(folder / "params/demo.yaml", epochs=7, models=["et"], seeds=[1, 2])
    gazescribe("configure", "mil", folder / "config.json", "--params", folder / "params.yaml")
    runs = read_config(folder / "config.json").runs
    assert [run.name for run in runs] == ["et-seed1", "et-seed2"]
    assert {(run.lambda_annotated, run.epochs) for run in runs} == {(10, 7)}


def test_files_below_the_working_folder_are_named_from_there(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for given, written in ((folder / "w/a.pth", "w/a.pth"), ("/data/a.pth", "/data/a.pth")):
        change(folder / "params/demo.yaml", weights=str(given))
        gazescribe("configure", "mil", "config.json")
        content = json.loads((folder / "config.json").read_text())
        assert {run["weights"] for run in content["runs"]} == {written}


@pytest.mark.parametrize(
    ("network", "faults"),
    [
        ("mil", ["mil.weights is null", "resnet50-0676ba61.pth (torchvision"]),
        (
            "cooperative",
            [
                "cooperative.densenet_weights is null",
                "densenet201-c1103571.pth (torchvision",
                "cooperative.inception_weights is null",
                "inception_resnet_v2-940b1cd6.pth (timm",
            ],
        ),
    ],
)
def test_what_networks_start_from_has_to_be_said(folder, network, faults, monkeypatch):
    # Estimates of paper-size networks take seconds each; test_run_memory.py has them.
    monkeypatch.setattr("gazescribe.models.commands.run_memory.LEAST_PX", 5000)
    (folder / "params/paper.yaml").write_text(resource("params/paper.yaml").read_text())
    content = yaml.load((folder / "params.yaml").read_text(), yaml.CSafeLoader)
    (folder / "params.yaml").write_text(yaml.safe_dump({**content, "profile": "paper"}))
    options = (network, folder / "c.json", "--params", folder / "params.yaml")
    result = invoke("configure", *options)
    assert result.exit_code == 2
    assert "params/paper.yaml: profile paper does not say" in result.output
    for fault in faults:
        assert result.output.count(fault) == 1
    assert not (folder / "c.json").exists()
    profile = yaml.load((folder / "params/paper.yaml").read_text(), yaml.CSafeLoader)
    profile["mil"]["weights"] = profile["cooperative"]["densenet_weights"] = "scratch"
    profile["cooperative"]["inception_weights"] = "timm.pth"
    # In their order: a stage stands behind the one it starts from.
    (folder / "params/paper.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    gazescribe("configure", *options)
    said = {run.weights for run in read_config(folder / "c.json").runs}
    assert said == ({"scratch"} if network == "mil" else {"scratch", "timm.pth", None})
    content = json.loads((folder / "c.json").read_text())
    content["runs"][0]["weights"] = None
    (folder / "c.json").write_text(json.dumps(content))
    with pytest.raises(ParamsError, match="so it is not said what"):
        read_config(folder / "c.json")


def test_a_folder_gets_a_config_for_each_run_of_every_model(folder):
    params = ("--params", folder / "params.yaml")
    line = gazescribe("configure", "cooperative", folder / "out", *params)
    names = {path.stem for path in (folder / "out").glob("[a-z]*.json")}
    assert {"contrastive-seed0", "mt_unet_paper-seed0"} < names  # the second is not listed
    assert line.startswith(f"{len(names)} runs of cooperative, profile demo → ")
    config = read_config(folder / "out" / "contrastive-seed0.json")
    assert [run.name for run in config.runs] == ["contrastive-seed0"]


def test_the_config_of_a_run_does_not_change_with_others(folder):
    params = ("--params", folder / "params.yaml")
    gazescribe("configure", "mil", folder / "out", *params)
    before = {path.name: path.read_bytes() for path in (folder / "out").glob("[a-z]*.json")}
    change(folder / "params/demo.yaml", models=["et"], seeds=[0, 3])
    gazescribe("configure", "mil", folder / "out", *params)
    after = {path.name: path.read_bytes() for path in (folder / "out").glob("[a-z]*.json")}
    assert before.items() < after.items()
    assert "et-seed3.json" in after


def test_it_names_what_the_profile_sets_otherwise(folder):
    profile = yaml.load((folder / "params/demo.yaml").read_text(), yaml.CSafeLoader)
    profile["overrides"]["mil"] = {"normalise": "twice", "augment": {"degrees": 30}}
    (folder / "params/demo.yaml").write_text(yaml.safe_dump(profile, sort_keys=False))
    arguments = ("configure", "mil", folder / "c.json", "--params", folder / "params.yaml")
    line = gazescribe(*arguments).strip()
    said = "in place of params.yaml, the profile sets mil.normalise: twice, mil.augment.degrees: 30"
    assert line.endswith(f"c.json; {said}")
    overrides = json.loads(gazescribe(*arguments, "--json"))["overrides"]
    assert overrides == {"mil.normalise": "twice", "mil.augment.degrees": 30}
    (settings, *_) = read_config(folder / "c.json").runs
    assert (settings.normalise, settings.augment.degrees) == ("twice", 30)
    assert settings.augment.translate == 0.15


def test_a_setting_in_the_wrong_file(folder):
    change(folder / "params/demo.yaml", lambda_annotated=10)
    result = invoke("configure", "mil", folder / "c.json", "--params", folder / "params.yaml")
    assert result.exit_code == 2
    assert "demo.yaml" in result.output
    assert "mil.lambda_annotated is unknown" in result.output
    assert not (folder / "c.json").exists()


def test_parameters_without_profiles_beside_them(folder):
    change(folder / "params.yaml", lambda_annotated=10)
    (folder / "params/demo.yaml").unlink()
    (folder / "params").rmdir()
    gazescribe("configure", "mil", folder / "config.json", "--params", folder / "params.yaml")
    assert read_config(folder / "config.json").runs[0].lambda_annotated == 10


def test_no_such_profile(folder):
    with pytest.raises(ParamsError, match="no profile 'papre'; known are demo, paper, published"):
        load_profile("papre", folder / "params.yaml")


@pytest.mark.parametrize("name", ["../params", "Demo", "a b"])
def test_a_profile_is_a_name(folder, name):
    content = yaml.load((folder / "params.yaml").read_text(), yaml.CSafeLoader)
    (folder / "params.yaml").write_text(yaml.safe_dump({**content, "profile": name}))
    result = invoke("configure", "mil", folder / "c.json", "--params", folder / "params.yaml")
    assert result.exit_code == 2
    assert "profile: String should match pattern" in result.output
