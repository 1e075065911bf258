"""Dictations with planted leads, and EGD trees with planted drifts."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from gazescribe.pipeline.commands.params import load_params
from tests.running import gazescribe
from tests.synthetic import fixation, reading, table, write_tables
from tests.unit.pipeline.ingest.egd.egd_tree import EgdTree, dicom_id

SYNC = load_params().sync.model_copy(update={"n_bootstrap": 60, "smooth_s": 1.0})


SAID = {  # a sentence of six words, the fourth of which names the box
    "cardiac silhouette": "there is normal heart seen .",
    "left lower lung zone": "there is clear left base .",
    "right upper lung zone": "there is clear right apex .",
    "trachea": "there is midline trachea seen .",
}


BOXES = {region: (30 * k, 20, 30 * k + 20, 60) for k, region in enumerate(SAID)}


def regions(reading_id="R1"):
    sides = ("xmin_px", "ymin_px", "xmax_px", "ymax_px")
    return [
        {"reading_id": reading_id, "region": name, **dict(zip(sides, box, strict=True))}
        for name, box in BOXES.items()
    ]


def dictated(rng, reading_id, lead_s, size=None):
    """A reading that names the boxes in random order, and gaze there `lead_s` before each."""
    order = rng.permutation(list(SAID)).tolist()
    size = size or {"width_px": 130, "height_px": 80}
    text = " ".join(SAID[region] for region in order)
    gaze = []
    for number in range(112):
        at_s = number * 0.25
        sentence = int((at_s + lead_s) // 6)
        named = order[sentence] if 0 <= sentence < len(order) else rng.choice(list(SAID))
        x_px = BOXES[named][0] + 10.0
        gaze.append(
            fixation(number, at_s, at_s + 0.24, reading_id=reading_id, x_px=x_px, y_px=40.0)
        )
    return reading(reading_id, text, dataset="egd", **size), gaze, regions(reading_id)


def write(folder, n=12, lead_s=1.5, name=lambda number: f"R{number}"):
    rng = np.random.default_rng(3)
    made = [dictated(rng, name(number), lead_s) for number in range(n)]
    return write_tables(
        folder,
        readings=[row for row, _, _ in made],
        fixations=[row for _, rows, _ in made for row in rows],
        regions=[row for _, _, rows in made for row in rows],
    )


def delayed(folder, seconds):
    """The same tables with a clock of speech that is ahead."""
    for name in ("words", "sentences"):
        rows = pq.read_table(folder / f"{name}.parquet").to_pandas()
        rows[["onset_s", "offset_s"]] += seconds
        spoken = table(rows.to_dict("records"), name)
        pq.write_table(spoken, folder / f"{name}.parquet")


def summary(*arguments):
    return json.loads(gazescribe("sync", *arguments, "--json"))


def planted_looks(rng, bias, n=4):
    rows = [
        {"session": session, "picture": f"p{session}", "x_deg": x, "y_deg": y}
        for session, centre in enumerate(bias)
        for x, y in rng.normal(centre, (0.3, 0.8), (n, 2))
    ]
    return pd.DataFrame(rows)


def covered(found, bias):
    return [
        found[session][axis]["low"] <= planted <= found[session][axis]["high"]
        for session, centre in enumerate(bias)
        for axis, planted in zip(("x_deg", "y_deg"), centre, strict=True)
    ]


BIAS_PX = (12.0, -50.0)  # screen pixels


def egd_tree(root, n=12, *, calibrated=True):
    """Two sessions; in the second, gaze on the calibration disc is off by BIAS_PX."""
    tree = EgdTree(root)
    for number in range(n):
        one = tree.add(number, mask=False)
        for row in tree.gaze["fixations"]:
            if row["DICOM_ID"] == one:
                row["SESSION_ID"] = 1 + number % 2
    spread = ((-8, -20), (8, 20), (-6, 10), (6, -10))
    for session, bias in ((1, (0, 0)), (2, BIAS_PX)) if calibrated else ():
        for k, (x, y) in enumerate(spread):
            place = 0.5 + (bias[0] + x) / 1920, 0.5 + (bias[1] + y) / 1080
            tree.fixation(dicom_id(session)[:-5], k, 0.5, *place, SESSION_ID=session)
        far = {"SESSION_ID": session}
        tree.fixation(dicom_id(session)[:-5], 9, 0.5, 0.9, 0.9, **far)
    return tree
