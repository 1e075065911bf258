"""Gaussians for the windows of a small world, and the shards that are drawn from them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from gazescribe.models.mil.settings import MilInputs
from gazescribe.pipeline.core.tables import read_table, write_table
from tests.running import gazescribe
from tests.synthetic import table

STEP = 2**-11
"""Of float16 below 1: sums in another order may round to neighbours."""


def with_gaussians(inputs: MilInputs, image_px: tuple[int, int], size: int) -> MilInputs:
    """Draw the maps of a world into shards, from three Gaussians a window."""
    drawn = {}
    for associated in ("associated", "egd_associated"):
        add_gaussians(Path(getattr(inputs, associated)), image_px)
    for associated, tables, maps, kind in (
        ("associated", "reflacx", "label_maps", "label"),
        ("associated", "reflacx", "report_maps", "report"),
        ("egd_associated", "egd", "egd_maps", "label"),
        ("associated", "reflacx", "ellipse_maps", "ellipse"),
    ):
        folder = Path(getattr(inputs, associated))
        drawn[maps] = str(folder.with_name(f"drawn-{maps}"))
        sized = ("--kind", kind, "--size", size)
        gazescribe("heatmaps", getattr(inputs, tables), folder, drawn[maps], *sized)
    return replace(inputs, **drawn)


def add_gaussians(associated: Path, image_px: tuple[int, int]) -> None:
    """Add three Gaussians of each window, on images of this (height, width), to a folder."""
    rng = np.random.default_rng(0)
    height, width = image_px
    windows = read_table(associated, "windows").to_pylist()
    gaussians = []
    for row in windows:
        row |= {"width_px": width, "height_px": height}
        gaussians += [
            {name: row[name] for name in ("reading_id", "window")}
            | {"fixation": fixation, "weight_s": rng.uniform(0.1, 1)}
            | {"x_px": rng.uniform(0.2, 0.8) * width, "y_px": rng.uniform(0.2, 0.8) * height}
            | {"sigma_x_px": 9.0, "sigma_y_px": 9.5}
            | {"clip_xmin_px": 0, "clip_ymin_px": 0}
            | {"clip_xmax_px": width, "clip_ymax_px": height}
            for fixation in range(3)
        ]
    for name, rows in (("windows", windows), ("gaussians", gaussians)):
        write_table(table(rows, name), associated, name)
