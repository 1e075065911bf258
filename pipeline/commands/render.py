"""The command `render`."""

from pathlib import Path
from typing import Any

import click
import numpy as np

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.geometry.canvas import FloatMap
from gazescribe.pipeline.geometry.sizes import parse_size
from gazescribe.pipeline.maps.render import (
    COMBINATIONS,
    choose_image_windows,
    choose_windows,
    combine_maps,
    draw_windows,
)


@options.command(
    "render",
    example="gazescribe render data/associated/reflacx map.png --reading P300R891130 --label Edema",
    section="heatmaps",
    takes_addresses=True,
)
@click.argument("associated", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option("--reading", "reading_id", help="Reading id.")
@click.option("--image", "dicom_id", help="Image (dicom_id) in place of a reading; see --tables.")
@click.option("--window", type=int, help="Number of one window.")
@click.option("--label", help="One of the labels: the maximum over all its windows.")
@click.option("--size", default="native", show_default=True, help="native, N or HxW model pixels.")
@click.option("--reader", help="With --image: a reading id, or the attribute `reader`.")
@click.option(
    "--combine", type=click.Choice(COMBINATIONS), help="With --image: join its readings' maps."
)
@click.option(
    "--tables",
    type=options.EXISTING_FOLDER,
    help="With --image: TABLES of the readings; data/tables/X where ASSOCIATED is "
    "data/associated/X.",
)
@options.params_option
def render(
    associated: Path,
    out: Path,
    reading_id: str | None,
    dicom_id: str | None,
    size: str,
    tables: Path | None,
    params_file: Path | None,
    **selection: Any,
) -> None:
    """Draw one map of ASSOCIATED into OUT.npy (float32) or OUT.png.

    Without --window and --label it is of all gaze: the saliency map.
    """
    window, label = selection["window"], selection["label"]
    if (reading_id is None) == (dicom_id is None):
        raise GazeError("give either --reading or --image.")
    if window is not None and label is not None:
        raise GazeError("give --window or --label, not both.")
    if out.suffix not in (".npy", ".png"):
        raise GazeError(f"the suffix must be .npy or .png, not {out.suffix!r}.", where=out)
    params = load_params(params_file).heatmaps
    if dicom_id is not None:
        tables = tables or _tables_beside(associated)
        chosen = choose_image_windows(tables, associated, dicom_id, **selection)
    elif tables or selection["reader"] or selection["combine"]:
        raise GazeError("--reader, --combine and --tables go with --image.")
    else:
        windows = read_table(associated, "windows")
        chosen = [choose_windows(windows, str(reading_id), window, label)]
    maps = [draw_windows(associated, rows, parse_size(size), params) for rows in chosen]
    heatmap = combine_maps(maps, selection["combine"] or "max")
    _save(heatmap, out)
    height, width = heatmap.shape
    drawn = plural(sum(map(len, chosen)), "window")
    names = ", ".join(rows[0]["reading_id"] for rows in chosen)
    click.echo(f"{drawn} of {names}, {height}×{width}, maximum {heatmap.max():.4f} → {out}")


def _tables_beside(associated: Path) -> Path:
    """Find the tables of a project: `dvc.yaml` names both folders after the data set."""
    folder = associated.resolve()
    tables = folder.parent.parent / "tables" / folder.name
    if not tables.is_dir():
        message = (
            f"--image needs the tables that ASSOCIATED was made from; {tables} does not exist."
        )
        raise GazeError(message, remedy="Give --tables TABLES.")
    return tables


def _save(heatmap: FloatMap, out: Path) -> None:
    with replacing(out) as beside, beside.open("wb") as file:
        if out.suffix == ".npy":
            np.save(file, heatmap, allow_pickle=False)
            return
        from matplotlib import colormaps
        from PIL import Image

        picture = (colormaps["inferno"](heatmap)[:, :, :3] * 255).round().astype(np.uint8)
        Image.fromarray(picture).save(file, format="PNG")
