"""`dvc.yaml` names what each stage depends on: the module of its command and all it imports."""

import ast
import functools
import re
import shlex
import shutil

import click
import networkx as nx
import pytest
import yaml
from dvc.repo import Repo

from gazescribe.pipeline.commands.cli import main, module_of
from gazescribe.pipeline.commands.params import Overrides
from tests.conftest import ROOT
from tests.running import gazescribe

COMMANDS_ROOMS = ("pipeline/commands", "models/commands")
"""Rooms of commands hold no arithmetic: a change in them changes no table."""

CHOSEN_BY_SYSTEM = {
    "configure": ("gazescribe.models.{}.settings",),
    "train": ("gazescribe.models.{}.settings", "gazescribe.models.{}.training"),
    "evaluate": ("gazescribe.models.{}.settings", "gazescribe.models.{}.evaluation"),
    "tabulate": ("gazescribe.pipeline.results.{}.stage",),
}
"""Modules that a command loads by the system that its CONFIG or its argument names."""

STAGES = yaml.load((ROOT / "dvc.yaml").read_text(), yaml.CSafeLoader)["stages"]


@functools.cache  # each file lies behind many stages
def imports(path):
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@functools.cache
def files_of(module):
    path = ROOT.joinpath(*module.split(".")[1:])
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return [candidate for candidate in candidates if candidate.is_file()]


def room_of(path):
    """The room of a module: the folder below `pipeline/` or `models/`."""
    return "/".join(path.relative_to(ROOT).parts[:2])


def rooms_behind(path):
    """Rooms of all that a command's module imports, at any depth or place, but for other commands.

    `commands/params.py` imports the settings of every stage; DVC watches the values themselves.
    """
    seen, waiting = set(), [path]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for module in imports(path):
            if module.startswith("gazescribe."):
                files = files_of(module)
                waiting += [file for file in files if room_of(file) not in COMMANDS_ROOMS]
    packages = {ROOT / "pipeline" / "__init__.py", ROOT / "models" / "__init__.py"}
    return {room_of(path) for path in seen - packages} - {*COMMANDS_ROOMS}


@pytest.mark.parametrize("name", STAGES)
def test_stage_depends_on_the_rooms_it_imports(name):
    stage = STAGES[name]
    command = stage["cmd"].split()[1]
    (module,) = files_of(module_of(command))
    needed = rooms_behind(module)
    for chosen in CHOSEN_BY_SYSTEM.get(command, ()):
        (module,) = files_of(chosen.format(stage_system(stage)))
        needed |= rooms_behind(module)
    assert needed
    rooms = [dep for dep in stage["deps"] if dep.startswith(("pipeline", "models"))]
    assert sorted(needed) == sorted(rooms)


NOT_READ = {"ellipses": {"data/associated/reflacx"}}
"""Paths that a command names and leaves alone."""


@pytest.mark.parametrize("name", STAGES)
def test_stage_depends_on_what_its_command_names(name):
    """Else DVC may run it first: its order is that of the dependencies alone."""
    stage = STAGES[name]
    known = {*stage["deps"], *stage["outs"], "data/demo"}
    words = {word.strip('"') for word in stage["cmd"].split()}
    paths = {word for word in words if word.startswith(("data/", "results/"))}
    above = {path for path in paths if any(path.startswith(f"{dep}/") for dep in known)}
    assert paths - known - above == NOT_READ.get(name, set())


@pytest.mark.parametrize("name", STAGES)
def test_another_profile_runs_again_what_reads_a_section_that_it_can_set(name):
    ours, of_profile = [], []
    for entry in STAGES[name].get("params", []):
        if isinstance(entry, str):
            ours.append(entry.partition(".")[0])
        else:
            (keys,) = entry.values()
            assert list(entry) == ["params/${profile}.yaml"]
            of_profile += keys
    named = {key.removeprefix("overrides.") for key in of_profile if key.startswith("overrides.")}
    assert named == {*ours} & {*Overrides.model_fields}


def stage_system(stage):
    """The network that a stage is about, as its command names it."""
    return "cooperative" if "cooperative" in stage["cmd"] else "mil"


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


RUNS = yaml.load((ROOT / "runs" / "dvc.yaml").read_text(), yaml.CSafeLoader)["stages"]


@pytest.mark.parametrize("system", ["mil", "cooperative"])
@pytest.mark.parametrize("kind", ["train", "evaluate", "tabulate"])
def test_runs_one_by_one_depend_together_on_what_the_family_does(kind, system):
    """`runs/dvc.yaml` does run by run what the stages above do in one process."""

    def others(deps):
        places = ("data/runs", "data/models", "data/scores", "data/configs", "data/maps")
        return {dep for dep in deps if not dep.startswith(places)}

    name = f"{kind}-{system}"
    members = [stage for key, stage in RUNS.items() if key.startswith(name)]
    together = set().union(*(others(stage["deps"]) for stage in members))
    assert together == others(STAGES[name]["deps"])
    assert {stage["wdir"] for stage in members} == {".."}


def behind(name, maps, folder):
    """Names of all stages that `dvc repro` of a stage runs, as parameter `maps` has it."""
    shutil.copytree(ROOT / "params", folder / "params")
    shutil.copy(ROOT / "dvc.yaml", folder)
    text = (ROOT / "params.yaml").read_text()
    (folder / "params.yaml").write_text(re.sub(r"(?m)^maps: \w+", f"maps: {maps}", text))
    with Repo.init(str(folder), no_scm=True) as repo:
        (stage,) = (stage for stage in repo.index.stages if stage.name == name)
        return {one.name for one in nx.descendants(repo.index.graph, stage)}


@pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # of DVC's trie
@pytest.mark.parametrize("network", ["mil", "cooperative"])
def test_networks_that_draw_their_maps_need_no_shards(network, tmp_path):
    name = f"tabulate-{network}@papers"
    drawing, reading = (behind(name, maps, tmp_path / maps) for maps in ("gaussians", "shards"))
    assert {"associate@egd", f"train-{network}@papers"} <= drawing & reading
    assert f"maps-gaussians@papers-{network}" in drawing - reading
    of_shards = ("heatmaps", "ellipses")
    assert not [stage for stage in drawing if stage.startswith(of_shards)]
    assert [stage for stage in reading if stage.startswith(of_shards)]


def test_runs_one_by_one_are_those_of_the_profile_paper(tmp_path, monkeypatch):
    for name in ("params", "rules"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "dvc.yaml").symlink_to(ROOT / "dvc.yaml")
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(re.sub(r"(?m)^profile: \w+", "profile: paper", text))
    monkeypatch.chdir(tmp_path)
    gazescribe("runs", "dvc")
    written = (tmp_path / "runs" / "dvc.yaml").read_text()
    hint = "write it again: set `profile: paper`, call `gazescribe runs dvc`"
    assert written == (ROOT / "runs" / "dvc.yaml").read_text(), hint


def test_metrics_are_the_few_numbers_of_stages():
    """Whole summaries would make `dvc exp show` hundreds of columns wide."""
    outs = {out for stage in STAGES.values() for out in stage["outs"]}
    metrics = yaml.load((ROOT / "dvc.yaml").read_text(), yaml.CSafeLoader)["metrics"]
    assert metrics
    for path in metrics:
        folder, _, name = path.rpartition("/")
        assert name == "headline.json"
        assert folder in outs
