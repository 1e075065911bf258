"""`runs/dvc.yaml`: a stage of DVC for each run, so that each is trained and cached on its own.

Runs that read the same and start alike share an entry, with models and seeds as its matrix. What
each stage does and which rooms it depends on is as in `dvc.yaml`, whose stages do all runs of a
network in one process.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gazescribe.models.core.config import Config, settings_of

HEAD = """\
# Written by `gazescribe runs dvc` from params.yaml and its profile; not by hand. There is a stage
# for each run of every model. `dvc repro runs/dvc.yaml:tabulate-mil` trains, scores and tabulates
# those that the profile lists, `dvc repro runs/dvc.yaml:train-mil-gaze@et-0` is one run. A run
# depends on its own settings alone, and can be done by another machine. What comes before (data)
# stands in the dvc.yaml above.

"""
ITEM = "${item.model}-seed${item.seed}"
ROOMS = ("models/", "pipeline/")

Stages = dict[str, dict[str, Any]]


def stages_file(every: Sequence[Config], listed: Sequence[Config], above: Mapping[str, Any]) -> str:
    """Give the text of `runs/dvc.yaml`.

    `every` has, for each network, all runs there are, `listed` those that the profile lists;
    `above` are the stages of `dvc.yaml`.
    """
    import yaml  # not where networks train

    class WithoutAnchors(yaml.SafeDumper):
        """Writes out each time what several stages share."""

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  its signature
            """Take nothing for the same."""
            return True

    stages: Stages = {}
    for config, of_profile in zip(every, listed, strict=True):
        stages |= stages_of(config, [run.name for run in of_profile.runs], above)
    content = {"vars": ["../params.yaml:profile"], "stages": stages}
    return HEAD + yaml.dump(
        content, Dumper=WithoutAnchors, sort_keys=False, default_flow_style=None, width=100
    )


def stages_of(config: Config, listed: Sequence[str], above: Mapping[str, Any]) -> Stages:
    """Give the stages of one network.

    Parameters
    ----------
    config : Config
        All runs there are.
    listed : sequence of str
        Names of the runs that the profile lists.
    above : mapping
        Stages of `dvc.yaml`.
    """
    system = config.system
    configs, runs = f"data/configs/{system}", f"data/runs/{system}"
    scores = f"{runs}-scores"
    configure = above[f"configure-{system}"]
    stages: Stages = {
        f"configure-{system}": {
            "desc": "Resolve the settings of each run.",
            "wdir": "..",
            "cmd": f"gazescribe configure {system} {configs}",
            "deps": configure["deps"],
            "params": configure["params"],
            "outs": [configs],
        }
    }
    settings = settings_of(system)
    for group, members in _groups(config.runs).items():
        matrix = {
            "model": list(dict.fromkeys(run.model for run in members)),
            "seed": sorted({run.seed for run in members}),
        }
        first = _first_model(members[0])
        start = [f"{runs}/{first}-seed${{item.seed}}"] if first else []
        config_path = f"{configs}/{ITEM}.json"
        stages[f"train-{system}-{group}"] = {
            "desc": "Train one model with one seed.",
            "wdir": "..",
            "matrix": matrix,
            "cmd": f"gazescribe train {config_path} {runs}",
            "deps": [
                config_path,
                *start,
                *_folders(settings.training_inputs(members[0], config.inputs)),
                *_rooms(above[f"train-{system}"]),
            ],
            "outs": [f"{runs}/{ITEM}"],
        }
        stages[f"evaluate-{system}-{group}"] = {
            "desc": "Score one model with one seed.",
            "wdir": "..",
            "matrix": matrix,
            "cmd": f"gazescribe evaluate {config_path} {runs} {scores}",
            "deps": [
                config_path,
                f"{runs}/{ITEM}",
                *start,
                *_folders(settings.scoring_inputs(members[0], config.inputs)),
                *_rooms(above[f"evaluate-{system}"]),
            ],
            "outs": [f"{scores}/{ITEM}"],
        }
    stages[f"tabulate-{system}"] = _tabulate(system, runs, scores, listed, above)
    return stages


def _groups(runs: Sequence[Any]) -> dict[str, list[Any]]:
    """Group runs that read the same and start from the same model, by what they share."""
    groups: dict[str, list[Any]] = {}
    for run in runs:
        first = _first_model(run)
        groups.setdefault(f"after-{first}" if first else _read_by(run), []).append(run)
    return groups


def _read_by(run: Any) -> str:
    """Name what decides which data a run reads, in letters that the name of a stage may have."""
    supervision = getattr(run, "supervision", "alone")
    if isinstance(supervision, str):
        return supervision
    return "-".join("-".join([kind, *names]) for kind, names in supervision.items())


def _first_model(run: Any) -> str | None:
    """Name the model that a run starts from."""
    first = getattr(run, "init_from", None)
    return first and str(first).removesuffix(f"-seed{run.seed}")


def _folders(inputs: Mapping[str, Any]) -> list[str]:
    return [value for value in inputs.values() if isinstance(value, str)]


def _rooms(stage: Mapping[str, Any]) -> list[str]:
    return [dep for dep in stage["deps"] if dep.startswith(ROOMS)]


def _tabulate(
    system: str, runs: str, scores: str, listed: Sequence[str], above: Mapping[str, Any]
) -> dict[str, Any]:
    """Do as the stage above does, with the runs that the profile lists."""
    stage = above[f"tabulate-{system}"]
    places = {
        f"data/scores/{system}": scores,
        f"data/models/{system}": runs,
        f"results/{system}": f"results/{system}-runs",
    }
    config = f"data/configs/{system}.json"
    words = [places.get(word, word) for word in stage["cmd"].split()]
    deps = [config]
    for dep in stage["deps"]:
        if dep in places:
            deps += [f"{places[dep]}/{name}" for name in listed]
        else:
            deps.append(dep)
    return {
        "desc": "Make the paper's tables from the runs that the profile lists.",
        "wdir": "..",
        "cmd": " ".join([*words, "--config", config]),
        "deps": deps,
        "params": stage["params"],
        "outs": [places[out] for out in stage["outs"]],
    }
