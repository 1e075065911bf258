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
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.resources import resource
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
)
SHARDS_GB = 58
"""Disk for all of MIMIC-CXR's frontal images at 512 pixels (49 GB) and all maps (9 GB)."""
MEMORY_GB = 4
"""What one worker of the widest stage takes, with room for the page cache."""
MARKS = {"ok": ("✓", "green"), "hint": ("•", "yellow"), "wrong": ("✗", "red")}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    what, found : str
        Its name, and what is there.
    state : {'ok', 'hint', 'wrong'}
        Whether a run will do well, could do better, or cannot work.
    advice : str
        What to set; empty when all is well.
    """

    what: str
    found: str
    state: Literal["ok", "hint", "wrong"] = "ok"
    advice: str = ""


def examine(folder: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the machine, the installed libraries, the project folder and the raw data.

    Parameters
    ----------
    folder : pathlib.Path
        The project's folder, or any other to work in.
    environment : mapping of str to str
        `GAZE_DATA_ROOT` and `PATH` are read.

    Yields
    ------
    Finding
        In the order in which they matter.
    """
    yield Finding("python", f"{platform.python_version()} on {platform.system()}")
    yield _cores(os.cpu_count() or 1)
    yield _memory(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    yield _disk(shutil.disk_usage(folder).free / 1e9)
    yield _gpu(environment)
    yield from map(_library, LIBRARIES)
    yield _params()
    yield _project(folder, environment)
    yield from _data(environment.get("GAZE_DATA_ROOT"))


def _cores(count: int) -> Finding:
    if count > 2:
        return Finding("cores", str(count))
    advice = "`--scheduler ADDRESS` spreads the stages over other machines, too."
    return Finding("cores", str(count), "hint", advice)


def _memory(gigabytes: float) -> Finding:
    found = f"{gigabytes:.0f} GB"
    if gigabytes >= MEMORY_GB:
        return Finding("memory", found)
    return Finding("memory", found, "hint", "Give `--workers 1` to the stages that take it.")


def _disk(free_gb: float) -> Finding:
    found = f"{free_gb:,.0f} GB free"
    if free_gb >= SHARDS_GB:
        return Finding("disk", found)
    advice = f"All of MIMIC-CXR as shards takes {SHARDS_GB} GB; the demo takes 1."
    return Finding("disk", found, "hint", advice)


def _gpu(environment: Mapping[str, str]) -> Finding:
    tool = shutil.which("nvidia-smi", path=environment.get("PATH"))
    if tool:
        query = [tool, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
        asked = subprocess.run(query, capture_output=True, text=True, check=False)
        cards = asked.stdout.strip().splitlines()
        if asked.returncode == 0 and cards:
            return Finding("gpu", "; ".join(cards))
    advice = "The profile `paper` needs one; `demo` and `study` do not."
    return Finding("gpu", "none", "hint", advice)


def _library(name: str) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
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
            found = find_root(Path(root), load_manifest(dataset))
        except GazeError as error:
            yield Finding(dataset, "not found", "hint", str(error))
        else:
            advice = f"Check it: gazescribe verify {dataset} {shlex.quote(str(found))}"
            yield Finding(dataset, str(found), "ok", advice)


@options.command("doctor")
@options.json_option
def doctor(*, as_json: bool) -> None:
    """Say what this machine has, and what to set before a long run."""
    findings = list(examine(Path.cwd(), os.environ))
    if not as_json:
        for one in findings:
            mark, colour = MARKS[one.state]
            click.echo(f"{click.style(mark, fg=colour)} {one.what:<18} {one.found}")
            if one.advice:
                click.echo(f"{'':21}{one.advice}")
    wrong = sum(one.state == "wrong" for one in findings)
    hints = sum(one.state == "hint" for one in findings)
    line = f"{len(findings)} things looked at: {wrong} wrong, {hints} could be better"
    options.summarise(line, {"findings": [asdict(one) for one in findings]}, as_json=as_json)
    if wrong:
        raise click.exceptions.Exit(2)
