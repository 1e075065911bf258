"""The command `doctor`: what this machine has, and what to set before a long run.

Reads: the machine, the environment, the folder's `params.yaml` and `.dvc/config`. Writes: nothing.
Params: none. Nothing heavy is imported: versions come from the installed metadata, the GPU from its
driver's own tool.
"""

import importlib.metadata
import os
import platform
import shlex
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.extras import extra_of, install
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.shared_memory import MORE, SHARED, free_shared_memory
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.roots import find_root

DATASETS = ("reflacx", "egd", "mimic-cxr-jpg")
LIBRARIES = (
    "numpy",
    "pyarrow",
    "spacy",
    "dask",
    "dvc",
    "torch",
    "torchvision",
    "pytorch-lightning",
    "timm",
    "numba",
)
IMAGES_GB, MAPS_GB = 49, 9
"""Disk for all of MIMIC-CXR's frontal images at 512 pixels; for all maps, which networks need where
`maps` is shards."""
MEMORY_GB = 4
"""What one worker of the widest stage takes, with room for the page cache."""
SHARED_MB = 1000
"""What the loaders of the profile `paper` hold at once: 8 processes, 2 batches each."""
MARKS = {"ok": ("✓", "green"), "hint": ("•", "yellow"), "wrong": ("✗", "red")}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what is there."""

    what: str
    found: str
    state: Literal["ok", "hint", "wrong"] = "ok"  # a run does well, could do better, cannot work
    advice: str = ""  # what to set; empty when all is well


def examine(folder: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the machine, the installed libraries, the project folder and the raw data.

    `GAZE_DATA_ROOT` and `PATH` are read of the environment. What matters most comes first.
    """
    yield Finding("python", f"{platform.python_version()} on {platform.system()}")
    yield _cores(os.cpu_count() or 1)
    yield _memory(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    yield from _shared_memory(free_shared_memory())
    yield _disk(shutil.disk_usage(folder).free / 1e9, _maps_gb())
    yield _gpu(environment)
    yield from map(_library, LIBRARIES)
    yield _params()
    yield _project(folder, environment)
    yield from _data(environment.get("GAZE_DATA_ROOT"))


def _amount(what: str, amount: str, advice: str, *, enough: bool) -> Finding:
    return Finding(what, amount) if enough else Finding(what, amount, "hint", advice)


def _cores(count: int) -> Finding:
    advice = "`--scheduler ADDRESS` spreads the stages over other machines, too."
    return _amount("cores", str(count), advice, enough=count > 2)


def _memory(gigabytes: float) -> Finding:
    advice = "Give `--workers 1` to the stages that take it."
    return _amount("memory", f"{gigabytes:.0f} GB", advice, enough=gigabytes >= MEMORY_GB)


def _shared_memory(free: int | None) -> Iterator[Finding]:
    if free is None:  # a system that has no such folder
        return
    amount = f"{free / 1e6:,.0f} MB free in {SHARED}"
    advice = f"Training with several `workers` is slower, or goes without them. {MORE}"
    yield _amount("shared memory", amount, advice, enough=free / 1e6 >= SHARED_MB)


def _maps_gb() -> int:
    try:
        return MAPS_GB if load_params().maps == "shards" else 0
    except GazeError:  # said below
        return MAPS_GB


def _disk(free_gb: float, maps_gb: int = MAPS_GB) -> Finding:
    advice = f"All of MIMIC-CXR as shards takes {IMAGES_GB} GB,"
    advice += f" shards of maps {MAPS_GB} (networks draw theirs with `maps: gaussians`);"
    advice += " the demo takes 1."
    enough = free_gb >= IMAGES_GB + maps_gb
    return _amount("disk", f"{free_gb:,.0f} GB free", advice, enough=enough)


def _gpu(environment: Mapping[str, str]) -> Finding:
    tool = shutil.which("nvidia-smi", path=environment.get("PATH"))
    if tool:
        query = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
        answer = subprocess.run(query, capture_output=True, text=True, check=False)
        cards = answer.stdout.strip().splitlines()
        if answer.returncode == 0 and cards:
            return Finding("gpu", "; ".join(cards))
    advice = "The profile `paper` needs one; `demo` and `study` do not."
    return Finding("gpu", "none", "hint", advice)


def _library(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        extra = extra_of(name.replace("-", "_"))
        if extra is not None:
            return Finding(name, "not installed", "hint", install(extra))
        return Finding(name, "not installed", "wrong", "Run `make setup`, or install gazescribe.")


def _params() -> Finding:
    try:
        load_params()
    except GazeError as error:
        return Finding("params.yaml", "not valid", "wrong", str(error))
    return Finding("params.yaml", str(resource("params.yaml")))


def _project(folder: Path, environment: Mapping[str, str]) -> Finding:
    if not (folder / "dvc.yaml").is_file():
        advice = "`dvc repro` runs in a clone of the project; single commands work anywhere."
        return Finding("project", "no dvc.yaml here", "hint", advice)
    if not shutil.which("git", path=environment.get("PATH")) or not (folder / ".git").exists():
        advice = "DVC keeps track through git: install it, and work in a clone."
        return Finding("project", "no git repository", "wrong", advice)
    return Finding("project", str(folder))


def _data(root: str | None) -> Iterator[Finding]:
    if root is None:
        advice = "Set GAZE_DATA_ROOT to the folder that holds your PhysioNet downloads."
        yield Finding("data", "the synthetic data set", "hint", advice)
        return
    if not Path(root).is_dir():
        yield Finding("data", root, "wrong", "GAZE_DATA_ROOT names no folder.")
        return
    for dataset in DATASETS:
        try:
            tree = find_root(Path(root), load_manifest(dataset))
        except GazeError as error:
            yield Finding(dataset, "not found", "hint", str(error))
        else:
            advice = f"Check it: gazescribe verify {dataset} {shlex.quote(str(tree))}"
            yield Finding(dataset, str(tree), "ok", advice)


@options.command("doctor", example="gazescribe doctor")
@options.json_option
def doctor(*, as_json: bool) -> None:
    """Say what this machine has, and what to set before a long run."""
    findings = list(examine(Path.cwd(), os.environ))
    if not as_json:
        for finding in findings:
            mark, colour = MARKS[finding.state]
            click.echo(f"{click.style(mark, fg=colour)} {finding.what:<18} {finding.found}")
            if finding.advice:
                click.echo(f"{'':21}{finding.advice}")
    n = Counter(finding.state for finding in findings)
    line = f"{len(findings)} things looked at: {n['wrong']} wrong, {n['hint']} could be better"
    details = {"findings": [asdict(finding) for finding in findings]}
    options.summarise(line, details, as_json=as_json)
    if n["wrong"]:
        raise click.exceptions.Exit(2)
