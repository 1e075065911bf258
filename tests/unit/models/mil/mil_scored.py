"""A small world to score networks on, and networks that nobody trained."""

import dataclasses
from pathlib import Path

import torch

from gazescribe.models.core.checkpoint import FILE, Checkpoint, save_checkpoint
from gazescribe.models.core.config import Config
from gazescribe.models.mil.network import network_of
from gazescribe.models.mil.settings import MilEvaluation, MilInputs, MilRun
from gazescribe.pipeline.core.class_names import TEN_LABELS
from tests.unit.models.mil.mil_cases import World

CPU = torch.device("cpu")
N_TRAINED = {
    "n": {"train": {"mimic": 7, "reflacx": 3}},
    "positive": {"train": {"mimic": {"Edema": 4}, "reflacx": {"Edema": 1}}},
}


def world(folder: Path) -> World:
    """Three images of MIMIC a split; two readings a split, one of them with two labels drawn."""
    found = World(folder)
    for at, split in enumerate(("validate", "test")):
        subject = 99_000_100 + 100 * at
        for number, states in enumerate(({"Edema": "positive"}, {"Edema": "negative"}, {})):
            found.image(f"{split}-{number}", subject + number, split, **states)
        found.reading(f"R{at}a", subject, split, said="Fracture")
        found.reading(f"R{at}b", subject + 1, split, said="Edema,Opacity")
        found.map("label", f"R{at}a", "Fracture")
        found.map("ellipse", f"R{at}a", "Edema", peak=None)
        found.map("ellipse", f"R{at}b", "Edema", peak=None)
        found.map("ellipse", f"R{at}b", "Pneumothorax", peak=None)
    return found


def config(inputs: MilInputs, *runs: MilRun, batch_size: int = 2) -> Config:
    return Config("mil", "demo", inputs, runs, MilEvaluation("published", batch_size, 0))


def save(run: MilRun, models: Path, **changes: object) -> Path:
    """Write a checkpoint of random weights, spread enough for maps to have dark and lit cells."""
    torch.manual_seed(run.seed)
    network = network_of(run, len(TEN_LABELS))
    torch.nn.init.normal_(network.classifier.weight, std=2)
    checkpoint = Checkpoint(
        system="mil",
        run=dataclasses.asdict(run),
        run_hash="of other data",
        labels=list(TEN_LABELS),
        input={"height": run.image_size, "width": run.image_size, "channels": 3}
        | {"normalise": run.normalise},
        training={"training": N_TRAINED},
        weights=network.state_dict(),
    )
    path = models / run.name / FILE
    save_checkpoint(dataclasses.replace(checkpoint, **changes), path)
    return path
