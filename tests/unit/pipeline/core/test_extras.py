"""The package without its extras: what needs none works, what needs one names it."""

import subprocess
import sys
import tomllib

import pytest

from gazescribe.pipeline.core.extras import EXTRAS, lacking_extra
from tests.conftest import ROOT
from tests.running import invoke

MODULES = [module for modules in EXTRAS.values() for module in modules]
WITHOUT_EXTRAS = f"""
import importlib, sys
for module in {MODULES!r}:
    sys.modules[module] = None  # makes an import fail
import gazescribe
from gazescribe.pipeline.commands.cli import COMMANDS, module_of
from gazescribe.pipeline.core.errors import GazeError
gazescribe.label(["No edema."])
gazescribe.open_shards, gazescribe.render
for name in COMMANDS:
    try:
        importlib.import_module(module_of(name))
    except ModuleNotFoundError as error:
        print(name, error.name)
"""
NEED_ONE = {"train", "runs", "evaluate", "predict"}


def test_commands_load_without_extras_but_those_that_need_one():
    run = [sys.executable, "-c", WITHOUT_EXTRAS]
    printed = subprocess.run(run, capture_output=True, text=True, check=False)
    assert printed.returncode == 0, printed.stderr
    lacking = {line.split()[0] for line in printed.stdout.splitlines()}
    assert lacking == NEED_ONE


def test_every_extra_is_in_the_package_with_what_it_brings():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    names = {"skimage": "scikit-image", "I2MC": "i2mc"}
    for extra, modules in EXTRAS.items():
        assert f"{extra}," in extras["all"][0].replace("]", ",")
        for module in modules:
            package = names.get(module, module.replace("_", "-"))
            assert any(line.startswith(f"{package}>=") for line in extras[extra]), module
            assert not any(line.startswith(f"{package}>=") for line in project["dependencies"])


def test_a_command_names_the_extra_that_it_lacks(tmp_path, monkeypatch):
    error = ModuleNotFoundError("No module named 'torch'", name="torch")
    monkeypatch.setattr("importlib.import_module", lambda _: (_ for _ in ()).throw(error))
    result = invoke("train", tmp_path / "c.json", tmp_path / "out")
    assert result.exit_code == 2
    assert "torch is not installed, which this needs." in result.output
    assert 'pip install "gazescribe[networks]"' in result.output


@pytest.mark.parametrize("name", ["gazescribe.pipeline.no_such", "numpy", None])
def test_other_modules_are_a_bug(name):
    assert lacking_extra(ModuleNotFoundError("absent", name=name)) is None


def test_a_part_of_a_module_names_it_too():
    lack = lacking_extra(ModuleNotFoundError("absent", name="zarr.storage"))
    assert "gazescribe[formats]" in str(lack)
