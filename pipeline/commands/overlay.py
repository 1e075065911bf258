"""The command `overlay`."""

from pathlib import Path

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.file_names import check_file_names, safe_name
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.core.tables import read_table, table_path
from gazescribe.pipeline.images.paths import find_radiograph, radiographs_root
from gazescribe.pipeline.maps.heatmaps import read_windows
from gazescribe.pipeline.maps.overlay import ALL_GAZE, SEEN, choose_maps, draw_overlay


@options.command(
    "overlay",
    example="gazescribe overlay data/tables/reflacx data/associated/reflacx data/demo overlays",
    section="heatmaps",
)
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.argument("associated", type=options.EXISTING_FOLDER)
@click.argument("images", type=options.EXISTING_FOLDER)
@click.argument("out", type=options.FOLDER)
@click.option("--reading", "reading_ids", multiple=True, help="Only this reading; can be repeated.")
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    help="How many pictures at most.",
)
@options.params_option
def overlay(
    tables: Path,
    associated: Path,
    images: Path,
    out: Path,
    reading_ids: tuple[str, ...],
    count: int,
    params_file: Path | None,
) -> None:
    """Draw heatmaps, fixations and ellipses over the radiographs of IMAGES, in OUT.

    TABLES is an ingested folder, ASSOCIATED what `gazescribe associate` made of it.
    Each picture is written as PNG, PDF and SVG, as wide as a column of a journal.
    The heatmaps are those of labels; where no label has gaze, those of all gaze.
    """
    # matplotlib takes its time: `--help` does without
    from gazescribe.pipeline.core.figures import save

    params = load_params(params_file)
    readings = {row["reading_id"]: row for row in read_table(tables, "readings").to_pylist()}
    check_file_names(readings, "reading_id", table_path(tables, "readings"))
    paths = [row["image_path"] for row in readings.values() if row["image_path"]]
    root = radiographs_root(images, paths)
    maps = choose_maps(read_windows(tables, associated, readings), reading_ids, count)
    captions = {}
    absent = 0
    with replacing_folder(out, "overlays", obsolete=()) as folder:
        for rows in maps:
            reading = readings[rows[0]["reading_id"]]
            path = find_radiograph(root, reading["image_path"])
            if path is None:
                absent += 1
                continue
            figure = draw_overlay(tables, associated, reading, rows, path, params.heatmaps)
            name = f"{rows[0]['reading_id']}-{safe_name(rows[0]['label'])}"
            save(figure, folder, name, params.figures)
            title = f"{rows[0]['label']}, {rows[0]['reading_id']}"  # without what was said
            captions[name] = {"title": title, "caption": SEEN}
        write_json(captions, folder / "captions.json")
    line = f"{len(captions)} pictures, {absent} radiographs absent"
    if not maps:
        line = "nothing was drawn: no window has gaze"
    elif maps[0][0]["label"] == ALL_GAZE:
        line += "; of all gaze, for no label has gaze"
    click.echo(f"{line} → {out}")
