"""A copy of the tables in which gaze or speech is moved by the estimates of `sync`."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.files import entries, replacing_folder, settle, write_json
from gazescribe.pipeline.core.foreign_tables import parquet_schema
from gazescribe.pipeline.core.tables import (
    TableWriter,
    copy_table,
    has_table,
    read_pieces,
    read_table,
    table_path,
)
from gazescribe.pipeline.gaze.sync.drift import AXES
from gazescribe.pipeline.gaze.sync.estimates import SPEECH
from gazescribe.pipeline.ingest.chunks import INGESTED
from gazescribe.pipeline.ingest.quality import on_image

MARK = "sync"
GAZE = ("fixations", "samples")


def check_target(tables: Path, out: Path) -> None:
    """Refuse an `out` that is not new or lies in `tables`, and to move what was moved before."""
    settle(out)
    if out.exists() and (not out.is_dir() or entries(out)):
        problem = "there is something here already; the copy goes to a new folder."
        raise SchemaError(problem, where=out, remedy="Name another folder, or empty this one.")
    if out.resolve().is_relative_to(tables.resolve()):
        problem = "the copy would lie in the folder that it is made from."
        raise SchemaError(problem, where=out, remedy="Name a folder outside it.")
    paths = {name: table_path(tables, name) for name in (*GAZE, *SPEECH)}
    moved = [
        name
        for name, path in paths.items()
        if path.is_file() and MARK.encode() in (parquet_schema(path).metadata or {})
    ]
    if moved:
        problem = f"{', '.join(moved)} were moved by sync already; moving twice is no correction."
        raise SchemaError(problem, where=tables, remedy="Start from the folder that ingest wrote.")


def moves_of(tables: Path, result: Mapping[str, Any]) -> pd.DataFrame:
    """Turn drifts to moves of gaze: calibration first, anatomy where there is none.

    `result` is from `run`, with sessions. Gives x_px, y_px, width_px, height_px by reading. An axis
    whose interval holds 0, or is not known, is not moved; readings that are not moved are absent.
    """
    columns = ["reading_id", "px_per_deg_x", "px_per_deg_y"]
    fixations = read_table(tables, "fixations", columns).to_pandas()
    sizes = read_table(tables, "readings", ["reading_id", "width_px", "height_px"]).to_pandas()
    moves = fixations.groupby("reading_id").first().join(sizes.set_index("reading_id"))
    shifts = pd.DataFrame.from_dict(
        {
            key: [-drift[axis]["value"] if is_told(drift[axis]) else 0.0 for axis in AXES]
            for session in result["sessions"].values()
            if (drift := session["calibration"] or session["anatomy"])
            for key in session["readings"]
        },
        orient="index",
        columns=list(AXES),
        dtype=float,
    )
    moves = moves.join(shifts[(shifts != 0).any(axis=1)], how="inner")
    for axis in "xy":
        moves[f"{axis}_px"] = moves[f"{axis}_deg"] * moves[f"px_per_deg_{axis}"]
    moved: pd.DataFrame = moves[["x_px", "y_px", "width_px", "height_px"]].astype(float)
    return moved


def is_told(estimate: Mapping[str, Any], unit: str = "") -> bool:
    """Tell whether an estimate has an interval that does not hold 0."""
    low, high = estimate[f"low{unit}"], estimate[f"high{unit}"]
    return low is not None and not low <= 0 <= high


def apply_to(
    tables: Path, out: Path, result: Mapping[str, Any], moves: pd.DataFrame, offset_s: float
) -> dict[str, Any]:
    """Write the copy, whole or not at all; give readings moved, seconds added, rows by table.

    `moves` are by reading: x_px and y_px, which are added to its gaze, and width_px and height_px
    of its image. `offset_s` is added to the times of words and sentences; 0 leaves them. `result`
    is the summary of `sync`; the copy holds it as `sync.json`.
    """
    applied: dict[str, Any] = {"offset_s": offset_s, "n_readings_moved": len(moves), "rows": {}}
    moved = (GAZE if len(moves) else ()) + (SPEECH if offset_s else ())
    with replacing_folder(out, "tables", mark="sync.json") as folder:
        present = [name for name in INGESTED if has_table(tables, name)]
        files = {table_path(tables, name).name for name in present}

        def ours(inside: str, _: list[str]) -> set[str]:
            return files if Path(inside) == tables else set()

        shutil.copytree(tables, folder, dirs_exist_ok=True, ignore=ours)
        for name in present:
            if name in moved:
                applied["rows"][name] = _write(tables, folder, name, moves, offset_s)
            else:
                copy_table(tables, name, folder)
        write_json({**result, "applied": applied}, folder / "sync.json")
    return applied


def _write(tables: Path, out: Path, name: str, moves: pd.DataFrame, offset_s: float) -> int:
    """Write one table, a row group at a time, for samples are many."""
    metadata = parquet_schema(table_path(tables, name)).metadata or {}
    extra = {key.decode(): value.decode() for key, value in metadata.items()}
    extra[MARK] = f"{'gaze' if name in GAZE else 'speech'} moved by gazescribe sync, see sync.json"
    with TableWriter(out, name, extra) as writer:
        for piece in read_pieces(tables, name):
            changed = (
                _shifted(piece, moves)
                if name in GAZE
                else {time: pc.add(piece[time], offset_s) for time in ("onset_s", "offset_s")}
            )
            for column, values in changed.items():
                place = piece.schema.get_field_index(column)
                piece = piece.set_column(place, column, values)  # noqa: PLW2901  in steps
            writer.write(piece)
    return writer.n_rows


def _shifted(piece: pa.Table, moves: pd.DataFrame) -> dict[str, pa.Array]:
    """Give the columns of gaze that change: positions, and whether they are inside the image."""
    row = moves.index.get_indexer(piece["reading_id"].to_pandas())
    is_moved = row >= 0  # of others the row is -1, the last one: not to be used
    changed = {}
    for name in ("x_px", "y_px"):
        values = piece[name].to_numpy()
        changed[name] = values + np.where(is_moved, moves[name].to_numpy()[row], 0.0)
    if "inside" in piece.column_names:
        size: list[Any] = [moves[name].to_numpy()[row] for name in ("width_px", "height_px")]
        within = on_image(changed["x_px"], changed["y_px"], *size)
        changed["inside"] = np.where(is_moved, within, piece["inside"].to_numpy())
    return {name: pa.array(values, from_pandas=True) for name, values in changed.items()}
