"""A folder as `gazescribe predict` writes it, without a network."""

import json
from pathlib import Path

import numpy as np

from gazescribe.pipeline.core.shards import write_shard
from gazescribe.pipeline.core.tables import table_path, write_table


def write_predictions(
    folder: Path,
    pictures: dict[str, tuple[int, int]],
    maps: dict[tuple[str, str], np.ndarray],
    *,
    network: str = "et-seed0",
    left_out: tuple[str, ...] = (),
) -> Path:
    """Write the answers of one network.

    Parameters
    ----------
    pictures : dict of str to tuple of int
        Path of each picture, and its (height, width).
    maps : dict of tuple of str to ndarray of float32, shape (h, w)
        Kind and label of each map, the same for all pictures; none writes no shards.
    left_out : tuple of str
        Paths of pictures that could not be read.
    """
    folder.mkdir(parents=True)
    images, rows = [], []
    for number, (path, (height, width)) in enumerate(pictures.items()):
        side = max(height, width)
        frame = {"height": 8, "width": 8, "scale": 8 / side, "pad_y_px": 0.0, "pad_x_px": 0.0}
        name = path.rpartition(".")[0].replace("/", "_") or path
        images.append(
            {
                "name": name,
                "path": path,
                "probabilities": {"Edema": 0.75, "Fracture": 0.125},
                "frame": frame,
                "width_px": width,
                "height_px": height,
            }
        )
        for place, (kind, label) in enumerate(sorted(maps)):
            row = {"reading_id": name, "kind": kind, "label": label, "dataset": "predicted"}
            rows.append({**row, "dicom_id": "one", "shard": number, "row": place, **frame})
        if maps:
            drawn = [maps[key] for key in sorted(maps)]
            write_shard(folder, number, (len(maps), *drawn[0].shape), drawn)
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        write_table(columns, folder, "heatmaps")
        table_path(folder, "heatmaps").rename(folder / "index.parquet")
    content = {
        "checkpoint": {"name": network, "system": "mil", "run_hash": "0"},
        "map": "decoder",
        "images": images,
        "left_out": [
            {"name": path.rpartition(".")[0], "path": path, "reason": "no picture."}
            for path in left_out
        ],
    }
    (folder / "predictions.json").write_text(json.dumps(content))
    return folder
