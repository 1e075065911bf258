"""`docs/differences.md`: each row names its switch; profiles `paper` and `published` set it."""

import dataclasses
import re
import shutil

import pytest
import yaml

from gazescribe.models.cooperative.settings import cooperative_runs
from gazescribe.models.core.runs import WITHOUT_EFFECT
from gazescribe.models.mil.settings import mil_runs
from gazescribe.pipeline.commands.params import load_params, load_profile, overridden
from tests.conftest import ROOT

PROFILES = ("paper", "published")
SWITCH = re.compile(r"`((?:profile |model )?[\w.]+): ([^`]+)`(?:, published `([^`]+)`|( in both))")
TEXT = (ROOT / "docs" / "differences.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("|") and not line.startswith(("| what |", "|---"))
]
SWITCHES = {
    key: (yaml.safe_load(paper), yaml.safe_load(paper if both else published))
    for *_, cell in ROWS
    for key, paper, published, both in SWITCH.findall(cell)
}


@pytest.fixture(scope="module")
def resolved(tmp_path_factory):
    """Parameters, profile and the runs of the first seed by network and model, by profile."""
    content = yaml.load((ROOT / "params.yaml").read_text(), yaml.CSafeLoader)
    found = {}
    for name in PROFILES:
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(ROOT / "params", folder / "params")
        path = folder / "params.yaml"
        path.write_text(yaml.safe_dump({**content, "profile": name}, sort_keys=False))
        params, profile = load_params(path), load_profile(name, path)
        runs = {
            "mil": mil_runs(params.mil, profile.mil),
            "cooperative": cooperative_runs(params.cooperative, profile.cooperative),
        }
        first = {
            (network, run.model): dataclasses.asdict(run)
            for network, of_network in runs.items()
            for run in of_network
            if run.seed == 0
        }
        found[name] = params, profile, first
    return found


def part_of(settings, key):
    for name in key.split("."):
        settings = settings[name] if isinstance(settings, dict) else getattr(settings, name)
    return settings


def value_of(key, params, profile, runs):
    kind, _, rest = key.rpartition(" ")
    if kind == "model":
        model, _, field = rest.partition(".")
        value = runs["cooperative", model][field]
        value = value.removesuffix("-seed0") if field == "init_from" and value else value
    else:
        value = part_of(profile if kind == "profile" else params, rest)
    return list(value) if isinstance(value, tuple) else value


def test_rows_are_found():
    assert len(ROWS) > 50
    assert all(len(row) == 5 for row in ROWS)
    assert len(SWITCHES) > 45


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_row_names_its_switch_or_says_why_there_is_none(row):
    cell = row[-1]
    assert SWITCH.match(cell) or re.match(r"none: \w+", cell), cell


@pytest.mark.parametrize("key", SWITCHES)
def test_the_profiles_set_it(key, resolved):
    paper, published = SWITCHES[key]
    assert value_of(key, *resolved["paper"]) == paper
    assert value_of(key, *resolved["published"]) == published


def test_all_that_the_profile_published_sets_is_in_a_row(resolved):
    flipped = {key for key, (paper, published) in SWITCHES.items() if paper != published}
    params_of = [resolved[name][0] for name in PROFILES]
    profiles = [resolved[name][1] for name in PROFILES]
    assert overridden(profiles[0]) == {}
    overrides = overridden(profiles[1])
    for key in overrides:
        before, after = (part_of(params, key) for params in params_of)
        assert before != after, key
    sizes = set()
    for network in ("mil", "cooperative"):
        paper, published = (vars(getattr(profile, network)) for profile in profiles)
        differing = {name for name in paper if paper[name] != published[name]} - {"models"}
        sizes |= {f"profile {network}.{name}" for name in differing}
    assert {key for key in flipped if not key.startswith("model ")} == {*overrides} | sizes
    # What is set for all models, what follows from where a run starts, and what changes no weight.
    general = {key.split(".")[1] for key in {*overrides} | sizes} | {"weights", *WITHOUT_EFFECT}
    models = set()
    runs = [resolved[name][2] for name in PROFILES]
    for network, model in runs[0].keys() & runs[1].keys():
        paper, published = (of_profile[network, model] for of_profile in runs)
        for name in paper:
            if paper[name] != published[name]:
                models.add((model, name))
    named = {tuple(key.removeprefix("model ").split(".")) for key in flipped if "model " in key}
    assert named <= models
    assert {(model, name) for model, name in models - named if name not in general} == set()
