"""The command `score-scanpaths`."""

from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.geometry.sizes import parse_size
from gazescribe.pipeline.scanpaths.score import run

SHOWN = "scanmatch"


@options.command(
    "score-scanpaths",
    example="gazescribe score-scanpaths predicted.json scanpaths/reflacx scores --size 224",
    section="score_scanpaths",
)
@click.argument("predicted", type=options.EXISTING_FILE)
@click.argument("scanpaths", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--size",
    default="native",
    show_default=True,
    help="Frame of predicted pixels where PREDICTED has no width and height: N, HxW or native.",
)
@options.shared_options
def score_scanpaths(
    predicted: Path, scanpaths: Path, out: Path, size: str, shared: options.Shared
) -> None:
    """Score PREDICTED scan paths, JSON in the form of COCO-Search18, against those of readers.

    SCANPATHS is the folder that `gazescribe scanpaths` wrote; OUT gets scores and pictures. Other
    readers of the same image are the ceiling; a sampler from the map of the finding, and a random
    walk, the floors.
    """
    params = load_params(shared.params_file)
    frame = parse_size(size)
    summary = run(
        predicted,
        scanpaths,
        out,
        params.score_scanpaths,
        size=frame,
        pictures=params.figures,
        **shared.parallel,
    )
    line = (
        f"{plural(summary['n_scanpaths'], 'scan path')} of {plural(summary['n_images'], 'image')}"
    )
    line += f" against {plural(summary['n_predicted'], 'prediction')}"
    line += f"; ScanMatch of {summary['scores']['of']}: {_values(summary['scores'])}"
    left_out = ", ".join(f"{n} {why}" for why, n in summary["left_out"].items())
    shared.summarise(f"{line}; left out: {left_out or 'none'} → {out}", summary)


def _values(scores: dict[str, Any]) -> str:
    """Say the score of each source, the predictions' with its interval."""
    parts: list[str] = []
    for source, by_measure in scores.items():
        if source == "of" or " less " in source or SHOWN not in by_measure:
            continue
        mean, low, high = by_measure[SHOWN]
        interval = "" if low is None or parts else f" ({low:.3f} to {high:.3f})"
        parts.append(f"{source.replace('_', ' ')} {mean:.3f}{interval}")
    return ", ".join(parts)
