"""The model card inside a checkpoint, in Markdown."""

from collections.abc import Mapping
from typing import Any

from gazescribe.pipeline.core.values import OF_MIMIC

PAPERS = """\
- R. Bigolin Lanfredi, J. D. Schroeder, T. Tasdizen. Localization supervision of chest x-ray
  classifiers using label-specific eye-tracking annotation. Frontiers in Radiology 3:1088068 (2023).
- Z. Qiu, H. Rivaz, Y. Xiao. Joint enhancement of automatic chest X-ray diagnosis and radiological
  gaze prediction with multi-stage cooperative learning. Medical Physics 52(7):e17977 (2025).
"""
USE = """\
For research on how gaze supervises networks. **Not for diagnosis**: it was validated on no clinical
question, and its probabilities are not calibrated.
"""
DATA = """\
REFLACX (restricted), EGD and MIMIC-CXR-JPG (credentialed access) come under PhysioNet's data use
agreements, and so do weights trained on them: keep them local, or share them on PhysioNet, and do
not try to get patients' data out of them. Weights trained on this project's synthetic data are free
of that, and say nothing about people.
"""


def model_card(metadata: Mapping[str, Any]) -> str:
    """Describe a network from the metadata of its checkpoint (`models.core.checkpoint`)."""
    run, size = metadata["run"], metadata["input"]
    about = (
        f"A network of gazescribe ({metadata['system']}). Input: {size['height']} × {size['width']}"
        f" pixels, letterboxed, {size['channels']} channels, normalised {size['normalise']}."
        f" Output: {', '.join(metadata['labels'])}.{_start(metadata)}\n"
    )
    parts = [
        f"# {run['name']}\n",
        about,
        "## Intended use\n",
        USE,
        "## Training data\n",
        _table(metadata["training"]),
        "## Data and licence\n",
        DATA + _of_others(metadata),
        "## Scores\n",
        _table(metadata["metrics"]) if metadata["metrics"] else "Not evaluated yet.\n",
        "## Settings\n",
        _table(run),
        "## Versions\n",
        _table(metadata["versions"]),
        "## How to cite\n",
        PAPERS,
    ]
    return "\n".join(parts)


def _of_others(metadata: Mapping[str, Any]) -> str:
    """Say under what the data of others came, where there are any."""
    data = metadata["training"].get("training")
    sources = data.get("split_source", {}) if isinstance(data, Mapping) else {}
    others = sorted(set(sources) - {*OF_MIMIC})
    if not others:
        return ""
    return f"It learnt from {', '.join(others)}, too: what may be done with it, their makers say.\n"


def _start(metadata: Mapping[str, Any]) -> str:
    """Say what training began from; nothing of checkpoints that do not know."""
    data = metadata["training"].get("training")
    match data.get("started_from") if isinstance(data, Mapping) else None:
        case {"run": run}:
            return f" It started from the weights of {run}."
        case {"file": file, "sha256": digest}:
            return f" It started from the weights in {file} (SHA-256 {digest})."
        case {"weights": _}:
            return " It started from random weights."
    return ""


def _table(content: Mapping[str, Any]) -> str:
    rows = "".join(f"| {key} | {value} |\n" for key, value in sorted(_flat(content)))
    return f"| what | value |\n| --- | --- |\n{rows}"


def _flat(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for key, value in content.items():
        if isinstance(value, Mapping):
            rows += _flat(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", str(value)))
    return rows
