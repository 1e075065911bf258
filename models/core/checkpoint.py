"""A trained network in one file: `model.safetensors`, weights and what one must know to use them.

The metadata is one JSON text under the key "gazescribe", so that the same weights give the same
bytes. Nothing in it depends on the machine or the hour.
"""

import dataclasses
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from gazescribe.models.core.card import model_card
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import replacing

if TYPE_CHECKING:  # torch takes seconds to import, and metadata is read without it
    from torch import Tensor, nn

FORMAT = 1
KEY = "gazescribe"
FILE = "model.safetensors"
LIBRARIES = ("gazescribe", "numpy", "pytorch-lightning", "timm", "torch", "torchvision")


def library_versions() -> dict[str, str]:
    """Versions that are installed; this project is 'unknown' where it runs from a copy."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "unknown"
    return versions


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


def read_metadata(path: Path) -> dict[str, Any]:
    """Read what a checkpoint says, without its weights; raises as `load_checkpoint` does."""
    if not path.is_file():
        raise SchemaError("there is no such checkpoint.", where=path)
    try:
        with safe_open(path, framework="np") as file:
            text = (file.metadata() or {}).get(KEY)
    except (SafetensorError, OSError) as fault:
        raise SchemaError(f"this is not a safetensors file ({fault}).", where=path) from fault
    if text is None:
        remedy = f"Give a {FILE} that `gazescribe train` wrote."
        raise SchemaError("this file has weights but is not ours.", where=path, remedy=remedy)
    try:
        metadata: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError as fault:
        raise SchemaError(f"its metadata is not JSON ({fault}).", where=path) from fault
    if metadata.get("format") != FORMAT:
        message = f"format {metadata.get('format')!r} found, {FORMAT} expected."
        raise SchemaError(message, where=path, remedy="Train it again, or use another version.")
    return metadata


def load_checkpoint(path: Path, *, system: str | None = None) -> Checkpoint:
    """Read a checkpoint, of this system if one is named.

    Raises SchemaError if the file is not a checkpoint of ours, or is of another format or system.
    """
    metadata = read_metadata(path)
    names = _metadata_names()
    absent = sorted(set(names) - set(metadata))
    if absent:
        raise SchemaError(f"its metadata lacks {', '.join(absent)}.", where=path)
    if system is not None and metadata["system"] != system:
        raise SchemaError(f"a {system} network expected, {metadata['system']} found.", where=path)
    with safe_open(path, framework="pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no dict
    return Checkpoint(**{name: metadata[name] for name in names}, weights=weights)


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
