"""Who may import what (design: section 1), read from the source: also inside functions."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PIPELINE = sorted((ROOT / "pipeline").rglob("*.py"))
MODELS = sorted((ROOT / "models").rglob("*.py")) if (ROOT / "models").is_dir() else []
GEOMETRY = [path for path in PIPELINE if path.parent.name == "geometry"]
BARE = [ROOT / "pipeline" / f"{name}.py" for name in ("schemas", "labels", "errors")]
FOR_MODELS = (
    "schemas",
    "labels",
    "geometry",
    "shards",
    "errors",
    "console",
    "tables",
    "radiographs",
)


def imports(source, package="pipeline"):
    """Dotted names that a source imports; relative ones from its package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = ".".join(filter(None, [package if node.level else "", node.module]))
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            yield from (one.value for one in node.args if isinstance(one, ast.Constant))


def top_level(path):
    """Dotted names that are imported when the module is."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    plain = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    return list(imports("\n".join(map(ast.unparse, plain))))


def is_of(name, packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imports_of(path):
    package = ".".join(path.relative_to(ROOT).parent.parts)
    return list(imports(path.read_text(encoding="utf-8"), package))


def forbidden(path, allowed=None, banned=()):
    return [
        name
        for name in imports_of(path)
        if is_of(name, banned) or not (allowed is None or is_of(name, allowed))
    ]


def name(path):
    return str(path.relative_to(ROOT))


def test_imports_are_found_wherever_they_stand():
    source = """
import os.path
def f():
    import torch.nn as nn
    from models import mil
    from . import schemas
    importlib.import_module("gazescribe.models.training.run")
if True:
    from torch import Tensor
"""
    assert sorted(imports(source)) == [
        "gazescribe.models.mil",
        "gazescribe.models.training.run",
        "os.path",
        "gazescribe.pipeline.core.schemas",
        "torch.Tensor",
        "torch.nn",
    ]
    assert is_of("torch.nn", ["torch"])
    assert not is_of("torchvision", ["torch"])


def test_there_is_something_to_check():
    assert len(PIPELINE) > 20
    assert len(GEOMETRY) >= 5
    assert all(path.is_file() for path in BARE)


@pytest.mark.parametrize("path", PIPELINE, ids=name)
def test_pipeline_imports_neither_torch_nor_models(path):
    banned = ("torch", "torchvision", "pytorch_lightning", "lightning", "torchmetrics", "models")
    assert forbidden(path, banned=banned) == []


@pytest.mark.parametrize("path", GEOMETRY, ids=name)
def test_geometry_imports_numpy_alone(path):
    allowed = (
        *sys.stdlib_module_names,
        "numpy",
        "gazescribe.pipeline.core.errors",
        "gazescribe.pipeline.geometry",
    )
    assert forbidden(path, allowed) == []


@pytest.mark.parametrize("path", BARE, ids=name)
def test_what_models_share_imports_next_to_nothing(path):
    assert forbidden(path, (*sys.stdlib_module_names, "numpy", "pyarrow")) == []


def test_shards_import_no_more_than_models_have():
    allowed = (
        *sys.stdlib_module_names,
        "numpy",
        "pyarrow",
        "gazescribe.pipeline.core.errors",
        "gazescribe.pipeline.core.schemas",
    )
    assert forbidden(ROOT / "pipeline" / "shards.py", allowed) == []


@pytest.mark.parametrize("module", ["radiographs", "console", "tables"])
def test_what_models_share_is_light_to_import(module):
    """Machines that train have none of pydantic, dask, spaCy and pydicom."""
    of_pipeline = [f"pipeline.{one}" for one in ("errors", "schemas", "geometry")]
    allowed = (*sys.stdlib_module_names, "numpy", "pyarrow", "click", *of_pipeline)
    found = top_level(ROOT / "pipeline" / f"{module}.py")
    assert any(is_of(one, ["gazescribe.pipeline.core.errors"]) for one in found)
    assert [one for one in found if not is_of(one, allowed)] == []


@pytest.mark.parametrize("path", MODELS, ids=name)
def test_models_import_little_of_pipeline(path):
    of_pipeline = [one for one in imports_of(path) if is_of(one, ["pipeline"])]
    shared = [f"pipeline.{module}" for module in FOR_MODELS]
    assert [one for one in of_pipeline if not is_of(one, shared)] == []
