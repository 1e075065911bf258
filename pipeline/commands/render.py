"""The command `render`."""

from pathlib import Path

import click
import numpy as np

from gazescribe.pipeline.commands.options import EXISTING_FOLDER, FOLDER, command, params_option
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.geometry.canvas import FloatMap
from gazescribe.pipeline.geometry.sizes import parse_size
from gazescribe.pipeline.maps.render import choose_windows, draw_windows


@command("render")
@click.argument("associated", type=EXISTING_FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--reading", "reading_id", required=True, help="Reading id.")
@click.option("--window", type=int, help="Number of one window.")
@click.option("--label", help="One of the labels: the maximum over all its windows.")
@click.option("--size", default="native", show_default=True, help="native, N or HxW model pixels.")
@params_option
def render_command(
    associated: Path,
    out: Path,
    reading_id: str,
    window: int | None,
    label: str | None,
    size: str,
    params_file: Path | None,
) -> None:
    """Draw one map of ASSOCIATED into OUT.npy (float32) or OUT.png."""
    if (window is None) == (label is None):
        raise GazeError("give either --window or --label.")
    if out.suffix not in (".npy", ".png"):
        raise GazeError(f"the suffix must be .npy or .png, not {out.suffix!r}.", where=out)
    params = load_params(params_file).heatmaps
    rows = choose_windows(read_table(associated, "windows"), reading_id, window, label)
    how = {"amplitude": params.amplitude, "resize": params.resize}
    heatmap = draw_windows(associated, rows, parse_size(size), **how)
    _save(heatmap, out)
    height, width = heatmap.shape
    drawn = f"{len(rows)} window{'s' if len(rows) > 1 else ''}"
    click.echo(f"{drawn} of {reading_id}, {height}×{width}, maximum {heatmap.max():.4f} → {out}")


def _save(heatmap: FloatMap, out: Path) -> None:
    with replacing(out) as beside, beside.open("wb") as file:
        if out.suffix == ".npy":
            np.save(file, heatmap, allow_pickle=False)
            return
        from matplotlib import colormaps
        from PIL import Image

        picture = (colormaps["inferno"](heatmap)[:, :, :3] * 255).round().astype(np.uint8)
        Image.fromarray(picture).save(file, format="PNG")
