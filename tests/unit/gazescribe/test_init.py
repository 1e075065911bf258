"""The public interface: lazy, and each name documented by an example that runs."""

import ast
import doctest
import inspect
import subprocess
import sys

import pytest

import gazescribe as gs
from tests.conftest import ROOT
from tests.report_run import make_run
from tests.running import gazescribe
from tests.unit.models.predicting.predicting_cases import checkpoint, picture, save

CONSTANTS = {"__version__", "GazeError"}
METHODS = ("readings", "mentions", "windows", "heatmap", "image", "overlay")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    folder = make_run(tmp_path_factory.mktemp("public"))
    parts = [folder / f"data/{part}/reflacx" for part in ("tables", "associated")]
    gazescribe("heatmaps", *parts, folder / "data/heatmaps/reflacx-label", "--workers", 1)
    checkpoint(folder / "model.safetensors")
    for name in ("first", "second"):
        save(folder / "radiographs" / f"{name}.png", picture())
    return folder


@pytest.mark.parametrize("name", sorted({*gs.__all__} - CONSTANTS))
def test_examples_run(name, run_folder, monkeypatch):
    monkeypatch.chdir(run_folder)
    finder = doctest.DocTestFinder()
    tests = [test for test in finder.find(getattr(gs, name), name) if test.examples]
    assert tests
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    printed = []
    for test in tests:
        assert not any(doctest.SKIP in example.options for example in test.examples)
        runner.run(test, out=printed.append)
    assert not runner.summarize(verbose=False).failed, "".join(printed)


@pytest.mark.parametrize("name", sorted(gs.__all__))
def test_names_are_where_they_are_said_to_be(name):
    value = getattr(gs, name)
    assert value is getattr(gs, name)
    if name == "__version__":
        assert value[0].isdigit()
    else:
        assert value.__name__ == name
        assert inspect.getdoc(value)
    assert name in dir(gs)


def test_type_checkers_see_the_same_names():
    tree = ast.parse((ROOT / "gazescribe" / "__init__.py").read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"gazescribe.{module}" for name, module in gs._MODULES.items()}
    assert {*seen, "__version__"} == {*gs.__all__}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'gazescribe' has no attribute 'lable'"):
        gs.lable  # noqa: B018  # it is the access that fails


def test_the_import_loads_next_to_nothing():
    code = "import sys; before = {*sys.modules}; import gazescribe; print(*{*sys.modules} - before)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert "gazescribe" in loaded
    assert {name.split(".")[0] for name in loaded} <= {*sys.stdlib_module_names, "gazescribe"}
    assert [name for name in loaded if name.startswith("gazescribe.")] == []


def test_a_copy_that_is_not_installed_has_a_version(monkeypatch):
    from importlib import metadata

    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    assert gs._version() == "0+unknown"
