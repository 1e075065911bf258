"""A run with one image that four readings of two data sets are of, one of them in other pixels."""

from pathlib import Path

import numpy as np
from PIL import Image

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.windows.associate import run as associate
from tests.synthetic import fixation, mention, reading, table, write_tables

SIZE = (360, 480)  # height and width of the image
PATH = "files/p99/p99000001/s99000001/one"
TEXTS = {
    "A1": "there is mild edema . no effusion .",
    "A2": "there is edema . <b>heart</b> is large .",
    "A3": "there is no edema .",
    "B1": "there is edema and effusion .",
}
FIXATIONS = {  # x, y and length: all lie in the window of the first sentence
    "A1": [(120.0, 100.0, 0.4), (150.0, 130.5, 0.6)],
    "A2": [(130.0, 110.0, 0.5), (300.0, 200.0, 0.3)],
    "A3": [(240.0, 300.0, 0.3)],
    "B1": [(140.0, 118.0, 0.2), (125.25, 90.0, 0.5)],
}
BOXES = {"A1": (80.0, 60.0, 200.0, 160.0), "A2": (100.0, 60.0, 200.0, 180.0)}  # xmin, ymin, …
DEGREE = {"px_per_deg_x": 30.0, "px_per_deg_y": 24.0}  # pixels, the spread of a fixation
SIDES = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")


def make_shared_run(folder: Path) -> Path:
    """Write a project folder as `dvc repro` leaves it.

    A1, A2 and A3 are of the data set reflacx, B1 is of egd; X1, of egd too, says another size of
    the same image. A3 says edema is absent. A1 and A2 have an ellipse of it, A1 a faint one too.
    """
    of_image = {"dicom_id": "shared-image", "image_path": PATH, "split": "train"}
    size = {"height_px": SIZE[0], "width_px": SIZE[1]}
    rows = {
        reading_id: reading(reading_id, text, **of_image, **size)
        for reading_id, text in TEXTS.items()
    }
    rows["B1"]["dataset"] = "egd"
    other = reading("X1", "edema .", dataset="egd", **of_image) | {"height_px": 90, "width_px": 120}
    alone = reading("Z1", "clear .", dataset="egd")
    ellipses = [
        {"reading_id": reading_id, "ellipse": 0, "label": "Pulmonary edema", "certainty": 4}
        | dict(zip(SIDES, box, strict=True))
        for reading_id, box in BOXES.items()
    ]
    faint = {**ellipses[0], "ellipse": 1, "certainty": 2, "xmax_px": 400.0}
    _write(folder, "reflacx", [rows[name] for name in ("A1", "A2", "A3")], [*ellipses, faint])
    _write(folder, "egd", [rows["B1"], other, alone], [])
    root = folder / "data/demo/mimic-cxr-jpg"
    (root / PATH).parent.mkdir(parents=True)
    (root / "mimic-cxr-2.0.0-metadata.csv").write_text("")
    ramp = np.linspace(0, 255, SIZE[1]) * np.ones((SIZE[0], 1))
    Image.fromarray(ramp.astype(np.uint8)).save(root / f"{PATH}.jpg")
    return folder


def _write(folder: Path, dataset: str, readings: list, ellipses: list) -> None:
    tables = folder / f"data/tables/{dataset}"
    fixations = []
    for row in readings:
        onset_s = 0.0
        for number, (x, y, length_s) in enumerate(FIXATIONS.get(row["reading_id"], ())):
            place = {"reading_id": row["reading_id"], "x_px": x, "y_px": y}
            fixations.append(fixation(number, onset_s, onset_s + length_s, **place, **DEGREE))
            onset_s += length_s
    write_tables(tables, readings=readings, fixations=fixations, ellipses=ellipses)
    mentions = []
    for row in readings:
        text = row["text"]
        if "edema" in text:
            polarity = "negative" if "no edema" in text else "positive"
            about = {"report_id": row["reading_id"], "polarity": polarity}
            mentions.append(mention(text, "edema", "pulmonary edema", **about))
    write_table(table(mentions, "mentions"), folder, "mentions")
    path = folder / f"data/mentions/{dataset}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "mentions.parquet").rename(path)
    associate(
        tables, path, folder / f"data/associated/{dataset}", load_params().associate, workers=1
    )
