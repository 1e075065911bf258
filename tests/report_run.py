"""A small run for the pages: two data sets, three readings, hostile words, one radiograph."""

import json
from pathlib import Path
from typing import get_args, get_origin

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.figures import Plate, save
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.report.results import title_of
from gazescribe.pipeline.report.written import ALWAYS
from gazescribe.pipeline.results.rows import PaperTable
from gazescribe.pipeline.results.writing import NetworkResults, write_results
from gazescribe.pipeline.windows.associate import run as associate
from tests.synthetic import fixation, mention, reading, table, write_tables

HOSTILE = "</script><img src=x onerror=boom()>"
TEXTS = {
    "R1": f'mild edema . no effusion {HOSTILE} & "so" . edema is stable .',
    "R2": "small nodule seen .",
    "E1": "now the heart is enlarged .",
}
SIZE = (600, 480)  # height and width of R1, whose radiograph is there
LARGE = (1280, 1100)  # of E1: more than the inspector shows


SEARCH_FIGURES = ("iou_by_delay", "iou_by_label")


def fixations():
    """Some of R1 with a part of the image on screen alone, one off the image; none in R2."""
    zoomed = {
        f"shown_{side}_px": value
        for side, value in zip(("xmin", "ymin", "xmax", "ymax"), (120, 160, 321, 381), strict=True)
    }
    degree = {"px_per_deg_x": 28.0, "px_per_deg_y": 36.0}
    at = [(80, 120), (168.5, 244.25), (312, 360), (-16, 280), (256, 200), (360, 520), (260, 208)]
    onsets = (0.0, 0.7, 1.4, 2.1, 2.8, 9.8, 10.6)  # windows: 0 to 1 s, and 9.5 to 11 s
    rows = [
        fixation(n, onset, onset + 0.1 + 0.08 * n, x_px=x, y_px=y, **degree)
        for n, (onset, (x, y)) in enumerate(zip(onsets, at, strict=True))
    ]
    for row in rows[1:4]:
        row.update(zoomed)
    degree = {"px_per_deg_x": 60.0, "px_per_deg_y": 60.0}
    return [*rows, fixation(0, 0.5, 1.5, reading_id="E1", x_px=610.5, y_px=700.25, **degree)]


def make_run(folder: Path) -> Path:
    """Write a project folder as `dvc repro` leaves it, tables to windows, with its images."""
    path = "files/p99/p99000001/s99000001/one"
    size = {"height_px": SIZE[0], "width_px": SIZE[1]}
    first = reading("R1", TEXTS["R1"], phase=1, split="train", image_path=path, **size)
    second = reading("R2", TEXTS["R2"], split="test", image_path=f"{path}-absent", has_gaze=False)
    other = reading("E1", TEXTS["E1"], dataset="egd", diagnosis="chf")
    other |= {"height_px": LARGE[0], "width_px": LARGE[1]}
    box = {"xmin_px": 200.0, "ymin_px": 160.0, "xmax_px": 320.0, "ymax_px": 256.0}
    ellipse = {"reading_id": "R1", "ellipse": 0, "label": "Pulmonary edema", "certainty": 4, **box}
    fixed = fixations()
    write_tables(
        folder / "data/tables/reflacx",
        readings=[first, second],
        fixations=[row for row in fixed if row["reading_id"] == "R1"],
        ellipses=[ellipse, {**ellipse, "ellipse": 1, "certainty": 2, "label": "Fracture"}],
    )
    write_tables(
        folder / "data/tables/egd",
        readings=[other],
        fixations=[row for row in fixed if row["reading_id"] == "E1"],
    )
    last = TEXTS["R1"].rindex("edema")
    said = {
        "reflacx": [
            mention(TEXTS["R1"], "edema", "pulmonary edema", rule_id="default", trigger="<mild>"),
            mention(TEXTS["R1"], "effusion", "pleural effusion", polarity="negative", sentence=1),
            mention(TEXTS["R1"], "edema", "pulmonary edema", polarity="uncertain", sentence=2)
            | {"char_start": last, "char_end": last + 5},
        ],
        "egd": [
            mention(TEXTS["E1"], "heart", "enlarged cardiac silhouette", report_id="E1"),
        ],
    }
    for dataset, rows in said.items():
        _associate(folder, dataset, rows)
    _write_images(folder / "data/demo/mimic-cxr-jpg", path)
    counts = {"counts": {"readings": 2, "readings_with_gaze": 1}, "rows": {"readings": 2}}
    fault = {"severity": "loss", "loses": "words", "rows": 4, "items": 1}
    ingest = {**counts, "faults": {"bad_times": fault}, "without_gaze": {"discarded": 1}}
    (folder / "data/tables/reflacx/ingest.json").write_text(json.dumps(whole("ingest", **ingest)))
    return folder


def write_results_of(folder: Path) -> None:
    """Write results of a network, as `gazescribe tabulate` does."""
    labels = ["Edema | mild", "All"]
    shown = pd.DataFrame({"label": labels, "n_seeds": [3, 3], "mean": [0.5, None]})
    shown = shown.assign(**{"t over seeds": "–", "published": ["0.4", "0.6 †"]})
    tables = {
        "table_6": PaperTable("Table 6. IoU", shown, shown, ["A note.", "Another."]),
        "noise": PaperTable("Noise", shown, shown),
    }
    names = ("iou_by_label", "curves")
    figures = {name: Plate(Figure(), title_of(name), "Of 3 images.") for name in names}
    results = NetworkResults("Results", ["Intervals are three."], tables, figures)
    folder.mkdir(parents=True, exist_ok=True)
    write_results(results, {}, ("mil", {"iou": 0.5}), folder, Figures(text="text"))


STAGES = {
    *(f"data/tables/{name}/ingest.json" for name in ("reflacx", "reflacx-2", "mimic")),
    *(f"data/associated/{name}/associate.json" for name in ("reflacx", "reflacx-2")),
    *(f"data/associated/{name}/associate.json" for name in ("egd", "reflacx-degraded")),
    *(f"data/heatmaps/reflacx-{kind}/heatmaps.json" for kind in ("label", "2-label", "degraded")),
    "data/evaluated/labels/evaluate_labels.json",
    "data/evaluated/labels/labels.csv",
    "data/evaluated/labels/confusion.csv",
    "results/tune/tune.json",
    "results/tune/ranking.csv",
    "results/mil/tables.json",
    "data/models/mil/et-seed0/epochs.csv",
}


def write_stages(folder: Path) -> None:
    """Write what the stages of a whole run leave, with variants whose names begin alike.

    Every count is another, so that none can stand for another unseen.
    """
    write_tables(folder / "data/tables/reflacx-2", readings=[reading("Q1", "clear .")])
    alike = {"reflacx": (2, 1, 1542, 102, 139), "reflacx-2": (7, 6, 35, 8, 12)}
    alike["reflacx-degraded"] = (0, 0, 1525, 93, 126)
    for name, (n_readings, n_gaze, n_mentions, n_windows, n_maps) in alike.items():
        if name != "reflacx-degraded":
            counts = {"readings": n_readings, "readings_with_gaze": n_gaze}
            fault = {"severity": "loss", "loses": "words", "rows": 4 + n_gaze, "items": 1}
            content = {"rows": {"readings": n_readings, "a/b~c": 30_000 + n_readings}}
            content |= {"counts": counts, "faults": {"bad_times": fault}, "split_source": "seed 5"}
            _write(folder / f"data/tables/{name}/ingest.json", content)
        windows = {"reading ok": n_gaze, "sentence ok": n_windows - 3, "mention ok": 3}
        content = {"n_mentions": n_mentions, "n_windows": windows, "params": {"lag_s": 1.5}}
        content |= {"mentions_left_out": {"negative": n_mentions // 2}}
        _write(folder / f"data/associated/{name}/associate.json", content)
        kind = "reflacx-degraded" if name == "reflacx-degraded" else f"{name}-label"
        content = {"kind": "label", "n_maps": n_maps, "maps_by_label": {"Edema": n_maps - 1}}
        content["left_out"] = {"empty": {"n": n_maps // 3, "first": ["a"]}}
        _write(folder / f"data/heatmaps/{kind}/heatmaps.json", content)
    _write(folder / "data/tables/mimic/ingest.json", {"rows": {"studies": 133, "images": 1301}})
    _write_labeler(folder / "data/evaluated/labels")
    _write_search(folder / "results/tune")
    write_results_of(folder / "results/mil")
    log = folder / "data/models/mil/et-seed0/epochs.csv"
    log.parent.mkdir(parents=True)
    log.write_text("epoch,train_loss,validate_auroc,lr\n0,1250.5,0.5,1e-4\n1,1100.25,0.6251,1e-5\n")


NONE = {int: 0, str: "", dict: {}}  # nothing, by type


def whole(stage: str, **fields: object) -> dict:
    """All that a stage always writes in its JSON, nothing but for the fields given."""
    content = dict(fields)
    for name, field in ALWAYS[stage].model_fields.items():
        if field.is_required():
            kinds = (get_origin(field.annotation), field.annotation, *get_args(field.annotation))
            content.setdefault(name, next(NONE[kind] for kind in kinds if kind in NONE))
    return content


def _write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.stem in ("ingest", "associate", "heatmaps"):
        content = whole(path.stem, **content)
    path.write_text(json.dumps(content))


def _write_labeler(folder: Path) -> None:
    rates = {"f1": 0.6667, "precision": 0.5, "recall": 1.0}
    macro = {
        rate: {"value": value, "low": value / 2, "high": 1.0, "n_defined": 9, "n_items": 14}
        for rate, value in rates.items()
    }
    content = {"n_readings": 55, "n_images": 51, "params": {"phase": 3}}
    content["macro"] = {"certainty_above_0": {"positive_or_uncertain": macro}}
    _write(folder / "evaluate_labels.json", content)
    ways = [("certainty_above_0", "positive_or_uncertain"), ("certainty_from_3", "positive")]
    rows = [
        {"label": label, "reference": reference, "counted": counted, "tp": 5 + n, "fp": n, "fn": 2}
        | {f"{rate}{side}": 0.11 * (n + 1) for rate in rates for side in ("", "_low", "_high")}
        for n, (label, (reference, counted)) in enumerate(
            (label, way) for label in ("Edema", "Lung nodule / mass") for way in ways
        )
    ]
    pd.DataFrame(rows).to_csv(folder / "labels.csv", index=False)
    (folder / "confusion.csv").write_text("label,state,certainty_0\nEdema,positive,31234\n")


def _write_search(folder: Path) -> None:
    best = {"rule": "1.25s_mention", "iou_cross_validated": 0.4853, "iou_paper": 0.53185}
    best["iou_cross_validated_interval"] = [0.472341, 0.499273]
    counts = {"n_rules": 67, "n_rules_published": 46, "n_readings": 109, "n_subjects": 21}
    _write(folder / "tune.json", {**counts, "best": best})
    names = ("iou_cross_validated", "behind_best")
    rows = [
        {"rank": rank, "rule": rule, "iou_paper": 0.5 - 0.1 * n}
        | {f"{name}{side}": value for name in names for side in ("", "_low", "_high")}
        for n, (rank, rule, value) in enumerate(
            [("1", "1.25s_mention", 0.0), ("2", "single", 0.000126), ("", "whole_report", None)]
        )
    ]
    pd.DataFrame(rows).to_csv(folder / "ranking.csv", index=False)
    for name in SEARCH_FIGURES:
        save(Figure(), folder, name, Figures(text="text"))
    said = {name: {"title": title_of(name), "caption": "Seen."} for name in SEARCH_FIGURES}
    _write(folder / "captions.json", said)


def _associate(folder: Path, dataset: str, mentions: list) -> None:
    write_table(table(mentions, "mentions"), folder, "mentions")
    path = folder / f"data/mentions/{dataset}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    (folder / "mentions.parquet").rename(path)
    tables, out = folder / f"data/tables/{dataset}", folder / f"data/associated/{dataset}"
    associate(tables, path, out, load_params().associate, workers=1)


def _write_images(root: Path, path: str) -> None:
    (root / path).parent.mkdir(parents=True)
    (root / "mimic-cxr-2.0.0-metadata.csv").write_text("")
    ramp = np.linspace(0, 255, SIZE[0])[:, None] * np.ones(SIZE[1])
    Image.fromarray(ramp.astype(np.uint8)).save(root / f"{path}.jpg")
