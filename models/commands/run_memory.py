"""What `configure` says of the memory that runs need, before there is a GPU to try them on."""

import importlib
import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import click

from gazescribe.models.core.config import Config, settings_of
from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import GazeError, ParamsError, quote

UNITS = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}
SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(MB|GB|MiB|GiB)")
LEAST_PX = 256
"""Smaller images are for trying things out: their networks fit anywhere."""
NEEDED = ("torch", "pytorch_lightning", "timm")


class MemorySize(click.ParamType):  # type: ignore[type-arg]  # not generic in older click
    """A number of bytes, as in 24GB or 24GiB."""

    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Read a size; refuse what is none."""
        if isinstance(value, int):
            return value
        match = SIZE.fullmatch(value)
        if match is None or not float(match[1]):
            self.fail(f"{quote(value)} is no size; expected is one as 24GB or 22.5GiB.", param, ctx)
        return int(float(match[1]) * UNITS[match[2]])


@dataclass(frozen=True)
class Needed:
    """Memory that runs of the same network and sizes need, each of them.

    `bytes` has the parts and the total, by name.
    """

    runs: tuple[Any, ...]
    bytes: dict[str, int]

    @property
    def models(self) -> str:
        """Name the models."""
        return ", ".join(dict.fromkeys(run.model for run in self.runs))


def estimated(config: Config, *, everything: bool) -> list[Needed]:
    """Estimate the runs of a CONFIG; without `everything` only those of images of some size.

    Raises GazeError where what the networks are made of is not installed.
    """
    runs = [run for run in config.runs if everything or min(image_px(run)) >= LEAST_PX]
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for run in runs:
        settings = asdict(run)
        key = tuple(map(repr, (settings[name] for name in settings_of(config.system).MEMORY)))
        groups.setdefault(key, []).append(run)
    if not groups:
        return []
    if lacking := [name for name in NEEDED if not importlib.util.find_spec(name)]:
        message = f"memory cannot be estimated without {', '.join(lacking)}."
        raise GazeError(message, remedy="pip install gazescribe[train], or leave --memory out.")
    # By name: what a CONFIG says does not depend on the networks, nor does its DVC stage.
    module = importlib.import_module(f"gazescribe.models.{config.system}.estimate")
    needed = []
    for alike in progress(list(groups.values()), "memory", total=len(groups)):
        estimate = module.estimate(alike[0], config.inputs)
        parts = {**asdict(estimate), "allowance": estimate.allowance, "total": estimate.total}
        needed.append(Needed(tuple(alike), parts))
    return needed


def image_px(run: Any) -> tuple[int, int]:
    """Give height and width of the images of a run."""
    if hasattr(run, "image_size"):
        return run.image_size, run.image_size
    return run.image_height, run.image_width


def table_of(needed: Sequence[Needed]) -> list[str]:
    """Write a line for each network, in GiB, the total first."""
    if not needed:
        return []
    parts = list(needed[0].bytes)
    columns = ["total", *[part for part in parts if part != "total"]]
    lines = [
        "device memory in GiB, estimated:",
        "  ".join([*columns, "batch × height × width, precision", "models"]),
    ]
    for alike in needed:
        numbers = [f"{alike.bytes[part] / 2**30:.2f}".rjust(len(part)) for part in columns]
        lines.append("  ".join([*numbers, sizes_of(alike.runs[0]), alike.models]))
    return lines


def sizes_of(run: Any) -> str:
    """Say what of a run decides on memory, and can be lowered."""
    height, width = image_px(run)
    text = f"{run.batch_size} × {height} × {width}, {run.precision}"
    return f"{text}, checkpointing" if getattr(run, "checkpointing", False) else text


def check_fit(needed: Sequence[Needed], limit: int) -> None:
    """Refuse runs that need more than a device has, all at once."""
    faults = []
    for alike in needed:
        if alike.bytes["total"] > limit:
            gib = f"{alike.bytes['total'] / 2**30:.1f} GiB"
            faults.append(
                f"{alike.models} ({sizes_of(alike.runs[0])}): {gib}; lower {remedy(alike, limit)}"
            )
    if faults:
        message = f"these models need more than the {limit / 2**30:.1f} GiB of the device."
        raise ParamsError(message, where="--memory", faults=faults)


def remedy(alike: Needed, limit: int) -> str:
    """Say what to change in the profile."""
    run, parts = alike.runs[0], alike.bytes
    # All but the weights and what goes with them grows with the batch; of the allowance its share.
    fixed = parts["weights"] + parts["gradients"] + parts["optimiser"]
    by_batch = parts["batch"] + parts["activations"] + parts["working"]
    room = (limit - (parts["total"] - by_batch)) / by_batch
    n_images = max(int(run.batch_size * room), 0) if fixed < limit else 0
    choices = [f"batch_size to {n_images} or less"] if n_images else ["the image size"]
    if run.precision == "32":
        choices.append("set precision: 16-mixed")
    if getattr(run, "checkpointing", None) is False:
        choices.append("set checkpointing: true")
    return ", or ".join(choices)


def as_counts(needed: Sequence[Needed]) -> Mapping[str, Mapping[str, int]]:
    """Give the bytes of every run by its name."""
    return {run.name: alike.bytes for alike in needed for run in alike.runs}
