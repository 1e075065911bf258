"""How fast the window search is, against a literal restatement of the published one.

    python benchmarks/tune.py FOLDER [--readings N] [--literal-rules N]

Makes synthetic data in FOLDER, once: REFLACX's number of readings, so 545 of phases 1 and 2. Prints
seconds a reading and rule of both ways in this one process (ours with 1,001 thresholds, theirs with
their 26), their ratio, and the time of the whole command on this machine's cores: with the paper's
choice of readings, and with all 545 of the two phases.
"""

import argparse
import time
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
from heatmaps import published
from planted_lag import run, write_mentions

from gazescribe.pipeline.commands.params import Params, load_params
from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.geometry.iou import PUBLISHED_THRESHOLDS
from gazescribe.pipeline.geometry.published import published_ellipse_mask, published_resize
from gazescribe.pipeline.windows.tune.candidates import Candidate, search_rules
from gazescribe.pipeline.windows.tune.cases import Case, gather
from gazescribe.pipeline.windows.tune.layers import Drawing
from gazescribe.pipeline.windows.tune.run import run as tune
from gazescribe.pipeline.windows.tune.score import score_case

SIZE = (512, 512)
RELEASE = 3052


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readings", type=int, default=12, help="timed one by one")
    parser.add_argument("--literal-rules", type=int, default=2)
    arguments = parser.parse_args()
    tables, everybody, mentions = prepare(arguments.folder)
    params = load_params()
    cases, _ = gather(tables, mentions, params, load_label_map())
    one_by_one(cases[:: max(len(cases) // arguments.readings, 1)], arguments.literal_rules)
    whole("the paper's choice", tables, mentions, arguments.folder / "out", params)
    whole("all of the two phases", everybody, mentions, arguments.folder / "all", params)


def prepare(folder: Path) -> tuple[Path, Path, Path]:
    tables, everybody, mentions = folder / "tables", folder / "everybody", folder / "mentions.csv"
    if not mentions.is_file():
        run("demo", folder / "raw", "--readings", RELEASE, "--images", "none")
        run("ingest", "reflacx", folder / "raw" / "reflacx", tables)
        readings = read_table(tables, "readings")
        place = readings.column_names.index("split")
        train = pa.array(["train"] * readings.num_rows)
        write_table(readings.set_column(place, "split", train), everybody, "readings")
        for name in ("fixations", "words", "sentences", "ellipses"):
            (everybody / f"{name}.parquet").symlink_to((tables / f"{name}.parquet").resolve())
        write_mentions(folder / "raw" / "ground_truth.jsonl", mentions)
    return tables, everybody, mentions


def one_by_one(cases: list[Case], literal_rules: int) -> None:
    rules = search_rules()
    ours = median(timed(score_case, case, rules, Drawing(SIZE, "direct", "mass")) for case in cases)
    case = min(cases, key=lambda one: len(one.spoken))
    of_fine = [rule for rule in rules if rule.stage == "fine"][:literal_rules]
    theirs = median(timed(literal, case, rule) for rule in of_fine)
    print(
        f"ours:      {ours / len(rules) * 1e3:8.2f} ms a reading and rule ({len(cases)} readings)"
    )
    print(f"published: {theirs * 1e3:8.2f} ms a reading and rule, restated ({len(of_fine)} rules)")
    print(f"ratio:     {theirs / ours * len(rules):8.0f}")


def literal(case: Case, rule: Candidate) -> dict[str, list[float]]:
    """One reading under one rule as the published scripts go about it."""
    of_y, of_x = published_resize(case.image_size, SIZE)
    maps = {label: np.zeros(SIZE) for spoken in case.spoken for label in spoken.labels}
    for spoken, weight_s in zip(case.spoken, rule.weigh(case), strict=True):
        counted = weight_s > 0
        if counted.any():
            gaze = {name: values[counted] for name, values in case.gaussians.items()}
            gaze["weight_s"] = weight_s[counted]
            resized = of_y @ published(gaze, case.image_size) @ of_x.T
            for label in spoken.labels:
                maps[label] = np.maximum(maps[label], resized)
    highest = max((one.max() for one in maps.values()), default=0.0)
    found = {}
    for label, boxes in case.boxes.items():
        mask = np.any([published_ellipse_mask(b, case.image_size, SIZE) for b in boxes], axis=0)
        stored = (maps.get(label, np.zeros(SIZE)) / (highest or 1) * 65535).astype(np.uint16)
        values = (stored / 65535 * highest).astype(np.float32)
        found[label] = [iou(values > threshold, mask) for threshold in PUBLISHED_THRESHOLDS]
    return found


def iou(predicted: np.ndarray, mask: np.ndarray) -> float:
    return np.sum(predicted * mask) / max(np.sum(np.maximum(predicted, mask)), 1)


def whole(name: str, tables: Path, mentions: Path, out: Path, params: Params) -> None:
    begin = time.perf_counter()
    summary = tune(tables, mentions, out, params)
    seconds = time.perf_counter() - begin
    print(
        f"{name}: {summary['n_readings']} readings with an ellipse, {summary['n_rules']} rules,"
        f" 1,001 thresholds: {seconds:.1f} s"
    )


def timed(function: object, *arguments: object) -> float:
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
