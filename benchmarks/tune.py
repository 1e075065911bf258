"""How fast the window search is, against a literal restatement of the published one.

    python benchmarks/tune.py FOLDER [--readings N] [--params FILE]

Makes synthetic data in FOLDER, once: N readings, by default REFLACX's number, so 545 of phases 1
and 2. Prints ratios of one reading in this one process, and the time of the whole command on this
machine's cores: with the paper's choice of readings, and with all of the two phases.
"""

import argparse
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from heatmaps import published
from planted_lag import run, write_mentions
from ratio import Ratio, in_turns

from gazescribe.pipeline.commands.params import Params, load_params
from gazescribe.pipeline.core.tables import read_table, write_table
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.geometry.canvas import Canvas, join_ellipses
from gazescribe.pipeline.geometry.iou import (
    ALL_THRESHOLDS,
    PUBLISHED_THRESHOLDS,
    Curves,
    iou_curves,
)
from gazescribe.pipeline.geometry.published import published_ellipse_mask, published_resize
from gazescribe.pipeline.windows.tune.candidates import Candidate, search_rules
from gazescribe.pipeline.windows.tune.cases import Case, gather
from gazescribe.pipeline.windows.tune.layers import Drawing
from gazescribe.pipeline.windows.tune.run import run as tune
from gazescribe.pipeline.windows.tune.score import score_case

SIZE = (512, 512)
RELEASE = 3052
FEW = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readings", type=int, default=RELEASE)
    parser.add_argument("--params", type=Path)
    arguments = parser.parse_args()
    folder, params = arguments.folder, load_params(arguments.params)
    tables, everybody, mentions = prepare(folder, arguments.readings)
    for ratio in compared(everybody, mentions, params):
        print(f"{ratio.name}: {ratio.ours_s * 1e3:.2f} ms, {ratio.ratio:.3g} times {ratio.peer}")
    whole("the paper's choice", tables, mentions, folder / "out", params)
    whole("all of the two phases", everybody, mentions, folder / "all", params)


def prepare(folder: Path, readings: int) -> tuple[Path, Path, Path]:
    tables, everybody, mentions = folder / "tables", folder / "everybody", folder / "mentions.csv"
    if not mentions.is_file():
        run("demo", folder / "raw", "--readings", readings, "--images", "none")
        run("ingest", "reflacx", folder / "raw" / "reflacx", tables)
        table = read_table(tables, "readings")
        place = table.column_names.index("split")
        train = pa.array(["train"] * table.num_rows)
        write_table(table.set_column(place, "split", train), everybody, "readings")
        for name in ("fixations", "words", "sentences", "ellipses"):
            (everybody / f"{name}.parquet").symlink_to((tables / f"{name}.parquet").resolve())
        write_mentions(folder / "raw" / "ground_truth.jsonl", mentions)
    return tables, everybody, mentions


def ratios(folder: Path) -> Iterator[Ratio]:
    """A reading of the window search."""
    os.environ["GAZE_WORKERS"] = "1"
    _, everybody, mentions = prepare(folder, FEW)
    yield from compared(everybody, mentions, load_params())


def compared(tables: Path, mentions: Path, params: Params) -> Iterator[Ratio]:
    cases, _ = gather(tables, mentions, params, load_label_map())
    rules = search_rules()
    case = min(cases, key=lambda one: len(one.spoken))
    ours = partial(score_case, case, rules, Drawing(SIZE, "direct", "mass"))
    work = f"one reading under {len(rules)} rules at {len(ALL_THRESHOLDS):,} thresholds"
    some = rules[::8]
    plain = partial(straightforward, case, some)
    ours_s, plain_s = in_turns(ours, plain, clock=time.process_time)
    peer = "map by map and label by label, `np.histogram`"
    yield Ratio("tune-histogram", work, peer, ours_s, plain_s * len(rules) / len(some))
    of_fine = next(rule for rule in rules if rule.stage == "fine")
    published_way = partial(literal, case, of_fine)
    ours_s, literal_s = in_turns(ours, published_way, rounds=2, clock=time.process_time)
    peer = f"published: full-size maps, {len(PUBLISHED_THRESHOLDS)} thresholds"
    yield Ratio("tune-published", work, peer, ours_s, literal_s * len(rules))


def straightforward(case: Case, rules: list[Candidate]) -> list[Curves]:
    """Every rule's map of every label drawn and counted, as one would write it first."""
    boxes = case.boxes.items()
    masks = {label: join_ellipses(px, case.image_size, SIZE, "direct") for label, px in boxes}
    curves = []
    for rule in rules:
        weights_s = rule.weigh(case)
        for label, mask in masks.items():
            joined = np.zeros(SIZE, np.float32)
            for spoken, weight_s in zip(case.spoken, weights_s, strict=True):
                if label in spoken.labels:
                    canvas = Canvas(case.gaussians | {"weight_s": weight_s}, case.image_size, SIZE)
                    drawn, _ = canvas.label_map(np.unique(canvas.window))
                    joined = np.maximum(joined, drawn)
            everywhere, inside = (
                np.histogram(values, len(ALL_THRESHOLDS), (0, 1))[0][None]
                for values in (joined, joined[mask])
            )
            curves.append(iou_curves(everywhere, inside, int(mask.sum())))
    return curves


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
    summary = tune(tables, mentions, out, params, params.figures)
    seconds = time.perf_counter() - begin
    print(
        f"{name}: {summary['n_readings']} readings with an ellipse, {summary['n_rules']} rules,"
        f" 1,001 thresholds: {seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
