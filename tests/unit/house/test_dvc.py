"""`dvc.yaml` names what each stage depends on: the module of its command and all it imports."""

import ast
import shlex

import click
import pytest
import yaml
from dvc.repo import Repo

from gazescribe.pipeline.commands.cli import COMMANDS, main
from tests.conftest import ROOT

PLUMBING = {
    "pipeline/__init__.py",
    "pipeline/commands/cli.py",
    "pipeline/core/console.py",
    "pipeline/core/errors.py",
    "pipeline/core/parallel.py",
    "pipeline/commands/params.py",
    "pipeline/demo/__init__.py",
    "pipeline/demo/settings.py",
    "pipeline/ingest/__init__.py",
    "pipeline/ingest/settings.py",
    "pipeline/dictation/labeler/settings.py",
    "pipeline/gaze/detection.py",
    "pipeline/networks.py",
    "pipeline/networks_cooperative.py",
    "pipeline/core/resources.py",
    "pipeline/core/yaml_files.py",
    "pipeline/sync/__init__.py",
    "pipeline/gaze/sync/settings.py",
    "models/__init__.py",
    "models/training/progress.py",
}
"""Modules that hold no arithmetic: a change in them changes no table."""

RESOLVED = {
    "configure-mil": {"pipeline/networks.py"},
    "configure-cooperative": {"pipeline/networks.py", "pipeline/networks_cooperative.py"},
}
"""Stages whose settings such modules work out."""

CHOSEN_BY_SYSTEM = {
    "train": ("models.{}.settings", "models.{}.training"),
    "evaluate": ("models.{}.settings", "models.{}.evaluation"),
    "tabulate": ("gazescribe.pipeline.results.{}.stage",),
}
"""Modules that a command loads by the system that its CONFIG or its argument names."""

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_of(module):
    path = ROOT / module.replace(".", "/")
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return [candidate for candidate in candidates if candidate.is_file()]


def closure(path):
    """All project modules that a module imports, itself included, at any depth or place."""
    seen, waiting = set(), [path]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            for module in imports(path):
                if module.split(".")[0] in {"pipeline", "models"}:
                    waiting += files_of(module)
    return {str(path.relative_to(ROOT)) for path in seen}


@pytest.mark.parametrize("name", STAGES)
def test_stage_depends_on_all_it_imports(name):
    stage = STAGES[name]
    command = stage["cmd"].split()[1]
    (module,) = files_of(COMMANDS[command][0].partition(":")[0])
    needed = closure(module)
    for chosen in CHOSEN_BY_SYSTEM.get(command, ()):
        (module,) = files_of(chosen.format(name.rpartition("-")[2]))
        needed |= closure(module)
    needed = (needed - PLUMBING) | RESOLVED.get(name, set())
    assert needed
    deps = [dep for dep in stage["deps"] if dep.startswith(("pipeline", "models"))]
    covered = {file for file in needed for dep in deps if file == dep or file.startswith(f"{dep}/")}
    assert sorted(needed - covered) == []
    used = {dep for dep in deps for file in needed if file == dep or file.startswith(f"{dep}/")}
    assert sorted(set(deps) - used) == [], "named, but not imported"


@pytest.mark.parametrize("name", STAGES)
def test_stage_is_restored_from_the_run_cache(name):
    """Outs that are uncached or persistent keep a stage out of the run cache."""
    outs = STAGES[name]["outs"]
    assert outs
    assert all(isinstance(out, str) for out in outs)
    assert STAGES[name]["desc"].endswith(".")


def test_commands_of_all_stages_parse(monkeypatch):
    """With every item of a matrix put in, as DVC runs them."""
    monkeypatch.setattr(click.Path, "convert", lambda _, value, *__: value)  # need not exist yet
    with Repo(ROOT) as repo:
        commands = {stage.cmd for stage in repo.index.stages}
    assert len(commands) > len(STAGES)
    for line in commands:
        tool, name, *words = shlex.split(line)
        assert tool == "gazescribe"
        command = main.get_command(click.Context(main), name)
        command.parse_args(click.Context(command, info_name=name), words)


@pytest.mark.parametrize("kind", ["train", "evaluate", "tabulate"])
def test_runs_one_by_one_depend_on_what_the_family_does(kind):
    """`runs/dvc.yaml` does run by run what the stages above do in one process."""
    matrix = yaml.safe_load((ROOT / "runs" / "dvc.yaml").read_text())["stages"]

    def others(deps):
        return {
            dep for dep in deps if not dep.startswith(("data/runs", "data/models", "data/scores"))
        }

    assert others(matrix[kind]["deps"]) == others(STAGES[f"{kind}-mil"]["deps"])
    assert matrix[kind]["wdir"] == ".."
