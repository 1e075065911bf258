"""Every example in README.md and docs/ is run or, where it needs more than the demo, checked.

All pages share one folder, which docs/tutorial.md fills; tests/documentation.py runs the blocks.
"""

import functools
import json
import re
import shutil
from collections import Counter
from contextlib import chdir
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import click
import pytest
import yaml
from dvc.utils.cli_parse import to_path_overrides
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps

from gazescribe.models.commands import configure
from gazescribe.models.core.config import read_config
from gazescribe.models.mil.settings import mil_runs
from gazescribe.pipeline.commands.cli import COMMANDS, main
from gazescribe.pipeline.commands.params import Params, load_params, load_profile
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import check
from tests.documentation import (
    FENCE,
    blocks_of,
    commands_of,
    needs,
    run_blocks,
    run_line,
    run_python,
    words_of,
)

ROOT = Path(__file__).parents[3]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
NEEDS = {
    "make": 2,
    "dvc": 10,
    "physionet": 4,
    "hours": 5,
    "gpu": 4,
    "cluster": 5,
    "store": 1,
    "images": 3,
    "a server": 1,
    "own data": 4,
    "bash": 1,
    "checkpoint": 4,
    "ChestX-Det": 1,
}
"""Blocks that cannot run here, by what they need."""
RECORDERS = {page.name for page in PAGES if page.parent.name == "recorders"}
TESTED_ELSEWHERE = {"own-data.md", *RECORDERS}  # ingest/by_manifest/test_{reader,recorders}.py
FILES = {"json", "yaml", "md", "csv", "parquet", "html"}
"""Endings by which a file is told from a key of params.yaml."""
BLOCKS = [block for page in PAGES for block in blocks_of(page)]
LINES = [
    pytest.param(line, id=f"{block.where} {line[:50]}")
    for block in BLOCKS
    for line in commands_of(block)
    if block.kind == "sh" or (block.kind == "text" and line.startswith("gazescribe "))
]


def test_the_tutorial_makes_what_it_says(project):
    assert (project / "tutorial/report/readings/P300R891130.html").is_file()
    assert (project / "tutorial/overlays/P300R891130-Opacity.png").is_file()


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.name)
        for page in PAGES
        if page.name not in {"tutorial.md", *TESTED_ELSEWHERE}
        and any(one.kind in {"sh", "python"} and not needs(one) for one in blocks_of(page))
    ],
)
def test_examples_run(page, project):
    run_blocks(page, project)


def test_blocks_that_do_not_run_are_those_we_know_of():
    found = Counter(needs(block) for block in BLOCKS if needs(block))
    assert found == NEEDS


def test_chestx_det_becomes_coco(shared, tmp_path):
    (block,) = [block for block in BLOCKS if needs(block) == "ChestX-Det"]
    source = shared / "real" / "chestxdet" / "chestxdet_80.json"
    shutil.copy(source, tmp_path / "ChestX_Det_test.json")
    with chdir(tmp_path):
        run_python(block, {})
    coco = json.loads((tmp_path / "coco.json").read_text())
    assert len(coco["images"]) == len(json.loads(source.read_text())) == 80
    assert {len(shape["segmentation"][0]) % 2 for shape in coco["annotations"]} == {0}


def test_bash_completes_commands():
    (block,) = [block for block in BLOCKS if needs(block) == "bash"]
    assert "gazescribe" in run_line(f"{block.text}complete -p gazescribe")


@pytest.mark.parametrize("line", LINES)
def test_command_lines_parse(line, monkeypatch):
    words = words_of(line)
    if words[0] == "gazescribe":
        assert words[1] in COMMANDS
        monkeypatch.setattr(click.Path, "convert", lambda _, value, *__: value)  # need not exist
        command = main.get_command(click.Context(main), words[1])
        command.parse_args(click.Context(command, info_name=words[1]), words[2:])
    elif words[0] == "dvc" and words[1] in {"repro", "exp", "commit"}:
        assert_dvc_fits(words[1:])


@functools.cache
def stages():
    """All names of stages that DVC takes."""
    return frozenset(list_stages())


def list_stages():
    datasets = load_file(ROOT / "params.yaml")["datasets"]
    for file in ("dvc.yaml", "runs/dvc.yaml"):
        prefix = "" if file == "dvc.yaml" else f"{file}:"
        for key, stage in load_file(ROOT / file)["stages"].items():
            yield f"{prefix}{key}"
            items = [""]
            for values in stage.get("matrix", {}).values():
                names = datasets if values == "${datasets}" else values
                items = [f"{item}-{name}".strip("-") for item in items for name in names]
            if "matrix" in stage:
                yield from (f"{prefix}{key}@{item}" for item in items)


def assert_dvc_fits(words):
    """Check targets against dvc.yaml, and what is set against the parameters."""
    if words[:1] == ["exp"] and words[1] != "run":
        return
    rest = iter(words[2 if words[0] == "exp" else 1 :])
    for word in rest:
        if word == "-S":
            assert_settable(next(rest))
        elif not word.startswith("-"):
            assert word in stages() or (ROOT / word).is_file()


@functools.cache
def load_file(path):
    return yaml.load(path.read_text(), yaml.CSafeLoader)


def assert_settable(setting):
    key = setting.partition("=")[0]
    file, _, key = key.rpartition(":")
    key = key.removeprefix("~")
    if key.startswith("+"):
        key = key[1:].rpartition(".")[0]
    assert found_in(load_file(ROOT / (file or "params.yaml")), key), setting


def found_in(content, key):
    for part in key.split("."):
        if not isinstance(content, dict) or part not in content:
            return False
        content = content[part]
    return True


def copy_params(folder):
    shutil.copy(ROOT / "params.yaml", folder)
    shutil.copytree(ROOT / "params", folder / "params")


def set_as_dvc(line):
    """Set what a line sets in the files of this folder; of a queue the first."""
    words = words_of(line)
    files = to_path_overrides([after for word, after in pairwise(words) if word == "-S"])
    files = get_hydra_sweeps(files)[0] if "--queue" in words else files
    for path, overrides in files.items():
        apply_overrides(path, overrides)


@pytest.mark.parametrize("line", [one for one in LINES if one.values[0].startswith("dvc exp run")])
def test_experiments_resolve_to_runs(line, tmp_path, monkeypatch):
    """As DVC sets them, each from clean files; a GPU machine would take the result."""
    # Memory is estimated in tests of its own: at paper size it takes half a minute.
    monkeypatch.setattr(configure, "estimated", lambda *_, **__: [])
    copy_params(tmp_path)
    before = {path: path.read_text() for path in tmp_path.rglob("*.yaml")}
    with chdir(tmp_path):
        set_as_dvc(line)
        assert {path: path.read_text() for path in before} != before
        for network in ("mil", "cooperative"):
            run_line(f"gazescribe configure {network} {network}.json")
            assert read_config(Path(f"{network}.json")).runs


def test_a_list_of_models_replaces_that_of_the_profile(tmp_path):
    (line,) = {one.values[0] for one in LINES if ":~cooperative.models" in one.values[0]}
    copy_params(tmp_path)
    with chdir(tmp_path):
        set_as_dvc(line)
        found = load_profile("study", Path("params.yaml")).cooperative.models
    whole = load_profile("study", ROOT / "params.yaml").cooperative.models
    assert len(found) == 7
    assert {*found} - {*whole} == {"joint_published"}
    assert {name: found[name] for name in found if name in whole} == {
        name: whole[name] for name in whole if name in found
    }


@pytest.mark.parametrize("network", ["mil", "cooperative"])
@pytest.mark.parametrize("profile", ["demo", "study", "paper", "published"])
def test_pages_count_the_models_of_a_profile(network, profile):
    text = (ROOT / "docs" / f"{network}.md").read_text()
    said = re.search(rf"^\| `{profile}` \|[^|]*\| (\d+) × (\d+)", text, re.MULTILINE)
    sizes = getattr(load_profile(profile, ROOT / "params.yaml"), network)
    assert said.groups() == (str(len(sizes.models)), str(len(sizes.seeds)))


def all_profiles():
    return sorted(path.stem for path in (ROOT / "params").glob("*.yaml"))


def test_variants_in_no_profile_are_named():
    variants = load_params(ROOT / "params.yaml").cooperative.variants
    profiles = [load_profile(one, ROOT / "params.yaml") for one in all_profiles()]
    trained = {name for one in profiles for name in one.cooperative.models}
    text = (ROOT / "docs" / "cooperative.md").read_text()
    (paragraph,) = [one for one in text.split("\n\n") if "are in no profile:" in one]
    said, _, _ = paragraph.partition("are in no profile:")
    assert set(re.findall(r"`(\w+)`", said)) == {*variants} - trained


def all_params():
    return map(load_file, (ROOT / "params.yaml", *(ROOT / "params").glob("*.yaml")))


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_named_parameters_exist(page):
    sections = "|".join(Params.model_fields)
    prose = FENCE.sub("", page.read_text())
    named = set(re.findall(rf"`((?:{sections})(?:\.[a-z_]+)+)(?:: [^`]*|)`", prose))
    files = {name for name in named if name.rpartition(".")[2] in FILES}
    missing = [
        name for name in named - files if not any(found_in(one, name) for one in all_params())
    ]
    assert not missing


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(one, id=one.where)
        for one in BLOCKS
        if one.kind == "yaml" and not one.file and one.page.name not in TESTED_ELSEWHERE
    ],
)
def test_yaml_is_valid(block):
    content = yaml.safe_load(block.text)
    assert isinstance(content, dict)
    if set(content) <= set(Params.model_fields):
        whole = merged(yaml.load((ROOT / "params.yaml").read_text(), yaml.CSafeLoader), content)
        params = check(whole, Params, ParamsError, where=block.where)
        profile = load_profile("study", ROOT / "params.yaml").mil
        models = list(content.get("mil", {}).get("variants", {})) or profile.models
        assert mil_runs(params.mil, replace(profile, models=models))


def merged(into, content):
    both = {
        key: merged(into[key], value) if isinstance(into.get(key), dict) else value
        for key, value in content.items()
    }
    return {**into, **both}


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_links_and_pictures_exist(page):
    linked = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", FENCE.sub("", page.read_text()))
    assert not [link for link in linked if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_commands_named_in_the_text_have_these_options(page):
    for code in re.findall(r"`gazescribe ([^`]+)`", FENCE.sub("", page.read_text())):
        words = re.findall(r"[^\s,]+", code)
        assert words[0] in {*COMMANDS, "COMMAND", "--help", "key"}, code  # a file of keys begins so
        if words[0] in COMMANDS:
            assert set(re.findall(r"--[a-z][a-z-]*", code)) <= options_of(words), code


def options_of(words):
    command = main.get_command(click.Context(main), words[0])
    if words[1:2] and words[1] in getattr(command, "commands", {}):
        command = command.commands[words[1]]
    return {word for option in command.params for word in option.opts} | {"--help"}


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_benchmarks_that_make_figures_exist(page):
    for name, rest in re.findall(
        r"(benchmarks/\w+\.py|tests/[\w/]+\.py)([^`\n]*)", page.read_text()
    ):
        text = (ROOT / name).read_text()
        assert not [word for word in re.findall(r"--[a-z][a-z-]*", rest) if f'"{word}"' not in text]


def test_every_command_and_page_is_in_the_table_of_contents():
    contents = (ROOT / "docs" / "README.md").read_text()
    assert {name: contents.count(f"| `{name}` |") for name in COMMANDS} == dict.fromkeys(
        COMMANDS, 1
    )
    others = {page.name for page in PAGES} - {"README.md"}
    assert len(others) > 10
    assert not [name for name in {*others} - RECORDERS if f"]({name})" not in contents]
    recorders = (ROOT / "docs" / "recorders.md").read_text()
    assert not [name for name in RECORDERS if f"](recorders/{name})" not in recorders]


def test_parameters_of_the_pages_are_those_of_the_project():
    assert load_params(ROOT / "params.yaml").demo.readings == 60, "docs/tutorial.md prints 60"
