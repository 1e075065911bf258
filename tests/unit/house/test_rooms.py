"""Who may import what (docs/architecture.md), read from the source: also inside functions."""

import ast
import subprocess
import sys
from functools import cache

import pytest

from tests.conftest import ROOT

FLOORS = (
    ("models/commands",),
    ("pipeline/commands", "models/mil", "models/cooperative"),
    ("pipeline/report", "models/predicting"),
    (
        "pipeline/export",
        "pipeline/windows",
        "pipeline/scanpaths",
        "pipeline/measures",
        "models/evaluating",
    ),
    ("pipeline/maps", "pipeline/gaze", "models/training"),
    ("pipeline/results", "pipeline/images", "pipeline/ingest", "models/core"),
    (
        "pipeline/geometry",
        "pipeline/dictation",
        "pipeline/demo",
        "pipeline/sources",
        "pipeline/formats",
        "pipeline/speech",
    ),
    ("pipeline/core",),
)
"""Rooms from top to bottom; each imports from floors below its own alone."""

FILES = sorted(path for root in ("pipeline", "models") for path in (ROOT / root).rglob("*.py"))
MODULES = {
    "gazescribe." + ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in FILES
}
FOR_MODELS = ("pipeline/core", "pipeline/geometry", "pipeline/images")
"""Rooms of the pipeline that the networks use, on machines that have little but torch."""
LIGHT = {*sys.stdlib_module_names, "numpy", "pyarrow", "torch", "torchvision", "timm"}
LIGHT |= {"pytorch_lightning", "torchmetrics", "pandas", "safetensors", "skimage", "click", "rich"}
"""What such machines have (design: section 7)."""


@cache  # several tests ask about each file
def imports(source):
    """Dotted names that a source imports when it runs, wherever it does."""
    names = []
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", None) == "TYPE_CHECKING":
            node.body = []  # type checkers alone see it
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def imports_at_top(path):
    """Dotted names that are imported when the module is; not those for type checkers alone."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    plain = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    return list(imports("\n".join(map(ast.unparse, plain))))


def module_of(name):
    """The project module that a dotted name lies in, or is; None for other packages."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or None


def project_imports(path):
    found = (module_of(name) for name in imports(path.read_text(encoding="utf-8")))
    return {module for module in found if module}


def room_of(module):
    return "/".join(module.split(".")[1:3])


def relative(path):
    return str(path.relative_to(ROOT))


def own_module(path):
    return module_of("gazescribe." + ".".join(path.relative_to(ROOT).with_suffix("").parts))


PIPELINE = [path for path in FILES if relative(path).startswith("pipeline")]
MODELS = [path for path in FILES if relative(path).startswith("models")]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def test_imports_are_found_wherever_they_stand():
    source = """
import os.path
def f():
    import torch.nn as nn
    from gazescribe.models import mil
if TYPE_CHECKING:
    import pandas
if True:
    from torch import Tensor
"""
    assert sorted(imports(source)) == [
        "gazescribe.models.mil",
        "os.path",
        "torch.Tensor",
        "torch.nn",
    ]
    assert (
        module_of("gazescribe.pipeline.core.errors.GazeError") == "gazescribe.pipeline.core.errors"
    )
    assert module_of("torch.nn") is None


def test_each_room_has_a_floor():
    rooms = {room_of(own_module(path)) for path in FILES} - {"pipeline", "models"}
    assert rooms == set(FLOOR_OF)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_arrows_between_rooms_go_down(path):
    room = room_of(own_module(path))
    upwards = [
        module
        for module in sorted(project_imports(path))
        if room_of(module) in FLOOR_OF
        and room_of(module) != room
        and FLOOR_OF[room_of(module)] <= FLOOR_OF[room]
    ]
    assert upwards == []


def test_no_circle_between_files():
    graph = {own_module(path): project_imports(path) for path in FILES}
    done, trail = set(), []

    def visit(module):
        assert module not in trail, " -> ".join([*trail[trail.index(module) :], module])
        if module in done:
            return
        trail.append(module)
        for target in sorted(graph[module] - {module}):
            visit(target)
        trail.pop()
        done.add(module)

    for module in sorted(graph):
        visit(module)
    assert len(done) > 200


@pytest.mark.parametrize("path", PIPELINE, ids=relative)
def test_pipeline_imports_neither_torch_nor_models(path):
    banned = {"torch", "torchvision", "pytorch_lightning", "lightning", "torchmetrics"}
    names = list(imports(path.read_text(encoding="utf-8")))
    assert [name for name in names if name.split(".")[0] in banned] == []
    assert [name for name in names if name.startswith("gazescribe.models")] == []


@pytest.mark.parametrize("path", MODELS, ids=relative)
def test_models_import_little_of_pipeline(path):
    if relative(path).startswith("models/commands"):
        pytest.skip("commands bind both halves together")
    modules = [name for name in project_imports(path) if name.startswith("gazescribe.pipeline")]
    assert [module for module in modules if room_of(module) not in FOR_MODELS] == []
    heavy = [name for name in imports_at_top(path) if not name.startswith("gazescribe")]
    assert [name for name in heavy if name.split(".")[0] not in LIGHT] == []


@pytest.mark.parametrize(
    "path", [p for p in FILES if relative(p).startswith("pipeline/geometry")], ids=relative
)
def test_geometry_imports_numpy_alone(path):
    allowed = (*sys.stdlib_module_names, "numpy", "gazescribe")
    names = list(imports(path.read_text(encoding="utf-8")))
    assert [name for name in names if name.split(".")[0] not in allowed] == []


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("pipeline.windows", ["pydantic", "click", "spacy", "torch", "yaml", "dask"]),
        ("pipeline.windows.windows", ["pydantic", "click", "spacy", "torch", "yaml", "dask"]),
        ("pipeline.geometry.canvas", ["pydantic", "click", "pyarrow", "pandas"]),
        ("pipeline.core.files", ["pydantic", "click", "pyarrow", "pandas"]),
        ("pipeline.core.tables", ["pydantic", "click", "pandas", "dask"]),
        ("pipeline.core.shards", ["pydantic", "click", "pandas", "dask"]),
        ("pipeline.images.reading", ["pydantic", "click", "pydicom", "dask", "skimage"]),
    ],
)
def test_pure_modules_are_light(module, absent):
    """Machines that train have no pydantic; arithmetic needs no commands."""
    code = f"import sys, gazescribe.{module}; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(ran.stdout.split())
    assert f"gazescribe.{module}" in loaded
    assert sorted(loaded & set(absent)) == []
