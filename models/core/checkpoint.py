"""A trained network in one file: `model.safetensors`, weights and what one must know to use them.

The metadata is one JSON text under the key "gazescribe", so that the same weights give the same
bytes. Nothing in it depends on the machine or the hour.
"""

import dataclasses
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import safe_open

from gazescribe.models.core.card import model_card
from gazescribe.pipeline.core.errors import SchemaError, quote
from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.core.foreign import parse_json, parsing, read_safetensors_metadata

if TYPE_CHECKING:  # torch takes seconds to import, and metadata is read without it
    from torch import Tensor, nn

FORMAT = 1
KEY = "gazescribe"
FILE = "model.safetensors"
KIND = "a safetensors file"
KINDS: dict[str, Any] = {
    "card": str,
    "input": dict,
    "labels": list,
    "metrics": dict | None,
    "run": dict,
    "run_hash": str,
    "system": str,
    "thresholds": dict | None,
    "training": dict,
    "versions": dict,
}
"""What the metadata has, and of which type."""
INPUT_KINDS: dict[str, type] = {"height": int, "width": int, "channels": int, "normalise": str}
LIBRARIES = ("gazescribe", "numpy", "pytorch-lightning", "timm", "torch", "torchvision")


def library_versions() -> dict[str, str]:
    """Versions that are installed; this project is 'unknown' where it runs from a copy."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        versions[name] = _installed(name)
    return versions


@cache  # to look a package up takes milliseconds, and a process saves many checkpoints
def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says, and its weights.

    Attributes
    ----------
    run : dict
        All settings of the run, as CONFIG had them.
    run_hash : str
        Of these settings, of the data and of the runs it started from.
    labels : list of str
        What the channels of its output are, in order.
    input : dict
        height, width, channels; normalise: once or twice (by mean and spread of ImageNet); resize:
        direct or published.
    training : dict
        Best epoch, score, images by source, where the splits came from.
    thresholds : dict, optional
        Of maps, by kind of map and label; known once the network is evaluated.
    metrics : dict, optional
        Scores, likewise.
    """

    system: str
    run: dict[str, Any]
    run_hash: str
    labels: list[str]
    input: dict[str, Any]
    training: dict[str, Any]
    weights: dict[str, "Tensor"] = field(repr=False)
    thresholds: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    versions: dict[str, str] = field(default_factory=library_versions)

    @property
    def metadata(self) -> dict[str, Any]:
        """All but the weights, as the file has it."""
        content = {name: getattr(self, name) for name in _metadata_names()}
        return {"format": FORMAT, **content, "card": model_card(content)}


def _metadata_names() -> list[str]:
    return [field.name for field in dataclasses.fields(Checkpoint) if field.name != "weights"]


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint, whole or not at all."""
    from safetensors.torch import save

    weights = {name: value.contiguous() for name, value in checkpoint.weights.items()}
    text = json.dumps(checkpoint.metadata, sort_keys=True)
    with replacing(path) as beside:
        beside.write_bytes(save(weights, metadata={KEY: text}))


def annotate_checkpoint(path: Path, to: Path, **changes: Any) -> None:
    """Write a copy that says more, such as thresholds or metrics; the weights stay as they are."""
    save_checkpoint(dataclasses.replace(load_checkpoint(path), **changes), to)


def read_metadata(path: Path, *, system: str | None = None) -> dict[str, Any]:
    """Read what a checkpoint says, without its weights; raises as `load_checkpoint` does."""
    if not path.exists():
        raise SchemaError("there is no such checkpoint.", where=path)
    text = read_safetensors_metadata(path).get(KEY)
    if text is None:
        remedy = f"Give a {FILE} that `gazescribe train` wrote."
        raise SchemaError("this file has weights but is not ours.", where=path, remedy=remedy)
    try:
        metadata: dict[str, Any] = parse_json(text, where=path)
    except SchemaError as fault:
        raise SchemaError(f"its metadata: {fault.what}", where=path) from fault
    if metadata.get("format") != FORMAT:
        message = f"format {quote(metadata.get('format'))} found, {FORMAT} expected."
        raise SchemaError(message, where=path, remedy="Train it again, or use another version.")
    absent = sorted(set(KINDS) - set(metadata))
    if absent:
        raise SchemaError(f"its metadata lacks {', '.join(absent)}.", where=path)
    if faults := _metadata_faults(metadata):
        message = "its metadata does not say what it must."
        raise SchemaError(message, where=path, remedy="Train it again.", faults=faults)
    if system is not None and metadata["system"] != system:
        raise SchemaError(f"a {system} network expected, {metadata['system']} found.", where=path)
    return metadata


def _metadata_faults(metadata: Mapping[str, Any]) -> list[str]:
    faults = []
    for name, kind in KINDS.items():
        if not isinstance(metadata[name], kind):
            faults.append(f"{name}: {quote(metadata[name])}")
    if faults:
        return faults
    if not isinstance(metadata["run"].get("name"), str):
        faults.append(f"run.name: {quote(metadata['run'].get('name'))}")
    for name, kind in INPUT_KINDS.items():
        value = metadata["input"].get(name)
        if type(value) is not kind or (isinstance(value, int) and value < 1):
            faults.append(f"input.{name}: {quote(value)}")
    if not all(isinstance(label, str) for label in metadata["labels"]):
        faults.append(f"labels: {quote(metadata['labels'])}")
    for kind_of_map, thresholds in (metadata["thresholds"] or {}).items():
        values = thresholds.values() if isinstance(thresholds, dict) else [None]
        if not all(type(value) in (int, float) for value in values):
            faults.append(f"thresholds.{kind_of_map}: {quote(thresholds)}")
    return faults


def load_checkpoint(path: Path, *, system: str | None = None) -> Checkpoint:
    """Read a checkpoint, of this system if one is named.

    Raises SchemaError if the file is not a checkpoint of ours, is of another format or system, or
    has weights that are not finite.
    """
    metadata = read_metadata(path, system=system)
    with parsing(path, KIND), safe_open(path, framework="pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no dict
    check_finite(weights, where=path)
    return Checkpoint(**{name: metadata[name] for name in _metadata_names()}, weights=weights)


def weights_hash(path: Path) -> str:
    """Identify the weights of a checkpoint by names, types and bytes, whatever else it says.

    The file must be one that `read_metadata` reads.
    """
    with path.open("rb") as file:
        n_bytes = int.from_bytes(file.read(8), "little")
        head = parse_json(file.read(n_bytes).decode(), where=path)
        head.pop("__metadata__", None)
        digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def check_finite(weights: Mapping[str, "Tensor"], *, where: object) -> None:
    """Refuse NaN and infinite weights; raises SchemaError naming all tensors that have some."""
    if faults := not_finite(weights):
        message = f"{len(faults)} of {len(weights)} tensors hold numbers that are not finite."
        remedy = "Take another copy of this file, or train the network again."
        raise SchemaError(message, where=where, remedy=remedy, faults=faults)


def not_finite(weights: Mapping[str, "Tensor"]) -> list[str]:
    """Name the tensors with NaN or infinite numbers, and count these."""
    faults = []
    for name, values in weights.items():
        n_wrong = int((~values.isfinite()).sum())
        if n_wrong:
            faults.append(f"{name}: {n_wrong:,} of {values.numel():,}")
    return faults


def load_weights(network: "nn.Module", weights: Mapping[str, "Tensor"], *, where: object) -> None:
    """Put weights into a network that must have exactly these.

    Raises SchemaError if one is missing, left over, or of another shape; all of them at once.
    """
    expected = network.state_dict()
    faults = [f"{name} is missing" for name in sorted(set(expected) - set(weights))]
    faults += [f"{name} is unknown" for name in sorted(set(weights) - set(expected))]
    for name in sorted(set(expected) & set(weights)):
        shape, shape_in_file = tuple(expected[name].shape), tuple(weights[name].shape)
        if shape != shape_in_file:
            faults.append(f"{name}: {shape} expected, {shape_in_file} found")
    if faults:
        raise SchemaError("these are not this network's weights.", where=where, faults=faults)
    network.load_state_dict(dict(weights))
