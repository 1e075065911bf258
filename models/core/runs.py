"""The runs that a CONFIG names: choose some, and tell whether what is there came of the same.

A run has a hash of all that decides its weights. Training and evaluation write it into what they
leave, and a second call does again only what has another hash.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gazescribe.models.core.checkpoint import FILE, read_metadata
from gazescribe.models.core.config import Config
from gazescribe.pipeline.core.errors import ParamsError

WITHOUT_EFFECT = ("workers", "log")
"""Settings that leave the weights as they are."""
HASHED_BYTES = 2**26
"""Files up to this size are hashed; larger ones, such as shards at full size, count by theirs."""


def choose_runs(config: Config, names: Sequence[str]) -> list[Any]:
    """Choose the runs of these names, which CONFIG must have; all where there are no names."""
    runs = {run.name: run for run in config.runs}
    unknown = sorted(set(names) - set(runs))
    if unknown:
        message = f"there is no run {', '.join(unknown)}."
        raise ParamsError(message, remedy=f"Known are {', '.join(runs)}.")
    return [run for name, run in runs.items() if name in names or not names]


def run_hash(run: Any, data: str, models: Path) -> str:
    """Identify a run: by its settings, by the data, and by the weights it starts from.

    Those of an earlier run count by its own hash, those of a file by its bytes; one that is not
    there is missed where the network is built. Raises ParamsError if that run is not trained yet.
    """
    settings = dataclasses.asdict(run)
    decisive = {name: value for name, value in settings.items() if name not in WITHOUT_EFFECT}
    first = settings.get("init_from")
    if first and not (models / first / FILE).is_file():
        message = f"{run.name} starts from the weights of {first}, which is not trained yet."
        raise ParamsError(message, where=models / first / FILE, remedy=f"Train {first} first.")
    first_hash = read_metadata(models / first / FILE)["run_hash"] if first else None
    parts = [decisive, data, first_hash]
    if (file := settings.get("weights")) and Path(file).is_file():
        with Path(file).open("rb") as content:
            parts.append(hashlib.file_digest(content, "sha256").hexdigest())
    return hash_of(*parts)


def portable(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings as results keep them: of a weight file the name, not where it lay."""
    weights = settings.get("weights")
    if not weights or not Path(weights).is_absolute():
        return dict(settings)
    return {**settings, "weights": Path(weights).name}


def hash_of(*parts: Any) -> str:
    """Identify content that fits JSON, by 32 hexadecimal digits."""
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def data_hash(config: Config) -> str:
    """Identify the inputs: names and sizes of all files, and what those up to 64 MiB say."""
    inputs = vars(config.inputs)
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode())
    for folder in sorted(value for value in inputs.values() if isinstance(value, str)):
        # Sorted: the order in which a file system lists is its own affair.
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                digest.update(f"{path.as_posix()} {path.stat().st_size}\n".encode())
                if path.stat().st_size <= HASHED_BYTES:
                    digest.update(path.read_bytes())
    return digest.hexdigest()
