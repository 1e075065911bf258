"""What does association that learns win over the best window, where, and what does it cost?

    python benchmarks/learned.py FOLDER [--readings N] [--seeds 1 7 11] [--only NAME...] [--time]

Makes synthetic data in FOLDER for each kind of noise and each seed, with the mentions known, and
ranks what is learnt with the 67 windows of the paper: the same cases, thresholds cross-validated by
subject, intervals of the difference paired by subject. All phases count. No ellipse is used in
learning, and no reading is explained by what its own subject taught. Prints a row for each kind and
seed, and writes FOLDER/learned.csv and FOLDER/learned-by-label.csv; pictures of each fit lie beside
its data.

Rows that begin with ">" are the data of the row above, with less or worse to learn from. "True
source" weighs each fixation by its duration in the sentence that its reader was on: what the best
association could reach with these maps.

`--time` measures computing time and memory instead, for the release's 3,052 readings, by both.
"""

import argparse
import csv
import json
import os
import resource
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow.compute as pc
from planted_lag import demo
from ratio import Ratio, in_turns

from gazescribe.pipeline.commands.params import Params
from gazescribe.pipeline.core.figures import save
from gazescribe.pipeline.core.resampling import interval
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.core.tables import read_table, usable_readings
from gazescribe.pipeline.demo import cases as demo_cases
from gazescribe.pipeline.demo import gaze as demo_gaze
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.windows.associate import run as associate
from gazescribe.pipeline.windows.learned.learn import (
    Fit,
    assign_folds,
    learn_by_folds,
    shares_by_reading,
)
from gazescribe.pipeline.windows.learned.mixture import explain, learn
from gazescribe.pipeline.windows.learned.observed import Observed
from gazescribe.pipeline.windows.learned.pairs import pair_up
from gazescribe.pipeline.windows.learned.plots import odds_by_time, places_by_label
from gazescribe.pipeline.windows.learned.run import observe_readings
from gazescribe.pipeline.windows.learned.timing import support_s
from gazescribe.pipeline.windows.learned.weights import weigh
from gazescribe.pipeline.windows.parts import Shares, Tasks
from gazescribe.pipeline.windows.tune.candidates import Candidate, overlap, search_rules
from gazescribe.pipeline.windows.tune.cases import Case, gather
from gazescribe.pipeline.windows.tune.run import search

SIZE = 256  # model pixels of the maps that are scored
RELEASE = 3052
FEW = 300
LABELS = load_label_map()


@dataclass(frozen=True)
class Kind:
    """One kind of synthetic data: what is planted, and what is changed in how it is made."""

    planted: dict[str, float]
    change: Callable[[], AbstractContextManager[Any]] = nullcontext
    wrong: float = 0.0  # share of mentions with another label


def anywhere() -> AbstractContextManager[Any]:
    """Put every lesion anywhere in the chest, whatever its label and its report say."""

    def draw_lesions(rng: np.random.Generator, *arguments: Any) -> Any:
        lesions = demo_cases.draw_lesions(rng, *arguments)
        places = rng.uniform((0.15, 0.15), (0.85, 0.8), (len(lesions), 2))
        return tuple(
            replace(lesion, x=float(x), y=float(y))
            for lesion, (x, y) in zip(lesions, places, strict=True)
        )

    return patch("gazescribe.pipeline.demo.population.draw_lesions", draw_lesions)


def out_of_order(rate: float) -> AbstractContextManager[Any]:
    """Let gaze be on the next finding while this one is said, and the other way round."""

    def plan_visits(*arguments: Any) -> Any:
        visits = list(demo_gaze.plan_visits(*arguments))
        rng = np.random.default_rng(zlib.crc32(repr(visits).encode()))
        for first in range(0, len(visits) - 1, 2):
            if rng.random() < rate:
                one, other = visits[first : first + 2]
                moved = {"sentence": other.sentence, "ellipses": other.ellipses}
                visits[first] = replace(one, **moved)
                moved = {"sentence": one.sentence, "ellipses": one.ellipses}
                visits[first + 1] = replace(other, **moved)
        return tuple(visits)

    return patch("gazescribe.pipeline.demo.readings.plan_visits", plan_visits)


def at_random() -> AbstractContextManager[Any]:
    """Deal the places of each reading's fixations out anew: gaze says nothing of when."""

    def look(rng: np.random.Generator, *arguments: Any, **settings: Any) -> Any:
        gaze = demo_gaze.look(rng, *arguments, **settings)
        dealt = rng.permutation(len(gaze.x_px))
        places = {name: getattr(gaze, name)[dealt] for name in ("x_px", "y_px", "visit")}
        return replace(gaze, **places)

    return patch("gazescribe.pipeline.demo.readings.look", look)


KINDS = {
    "as shipped": Kind({}),
    "spread 1 s": Kind({"lag_spread_s": 1.0}),
    "wander 40 %": Kind({"wander_rate": 0.4}),
    "wander 85 %": Kind({"wander_rate": 0.85}),
    "places at random": Kind({}, at_random),
    "both": Kind({"lag_spread_s": 1.0, "wander_rate": 0.4}),
    "anywhere": Kind({}, anywhere),
    "both, anywhere": Kind({"lag_spread_s": 1.0, "wander_rate": 0.4}, anywhere),
    "5 % wrong labels": Kind({}, wrong=0.05),
    "20 % wrong labels": Kind({}, wrong=0.2),
    "20 % out of order": Kind({}, partial(out_of_order, 0.2)),
    "50 % out of order": Kind({}, partial(out_of_order, 0.5)),
}
TAUGHT = ("as shipped", "both")  # kinds that are also learnt from less


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readings", type=int, default=400)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 7, 11])
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--time", action="store_true")
    arguments = parser.parse_args()
    os.environ["GAZE_WORKERS"] = "1"  # what is changed here is changed in this process alone
    if arguments.time:
        measure(arguments.folder)
        return
    print("data | seed | cases | best window | IoU | paper's | learned | gain | 95 % | true source")
    rows, by_label = [], []
    for name in arguments.only:
        for seed in arguments.seeds:
            kind = name.replace(" ", "-").replace("%", "percent").replace(",", "")
            folder = arguments.folder / f"{kind}-{seed}"
            for row, labels in rank(name, folder, arguments.readings, seed):
                rows.append(row)
                by_label += labels
                print(" | ".join(str(value) for value in row.values()), flush=True)
    write(rows, arguments.folder / "learned.csv")
    write(by_label, arguments.folder / "learned-by-label.csv")


def write(rows: list[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def rank(
    name: str, folder: Path, readings: int, seed: int
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Rank what is learnt from a kind of data with the windows; a row for each way to learn."""
    kind = KINDS[name]
    with kind.change():
        params = demo(folder, readings, {"seed": seed, **kind.planted})
    small = params.tune.model_copy(update={"size": SIZE})
    params = params.model_copy(update={"tune": small})
    mentions = mistaken(folder, kind.wrong, seed)
    observed = observe(folder, mentions, params)
    fit, shares = learn_by_folds(observed, LABELS.channels, params.learned)
    ways = {"": shares}
    draw(fit, folder)
    if name in TAUGHT:
        ways |= taught_less(observed, params, folder, seed)
    learnt = [candidate(way, shares, params) for way, shares in ways.items()]
    cases, _ = gather(folder / "tables", mentions, params, LABELS)
    rules = [*search_rules(), *learnt, Candidate("true source", true_source(folder), "learned")]
    results = search(cases, rules, params, LABELS.channels, workers=1)
    iou, n_windows = results.cross_validated, len(search_rules())
    window, source = int(np.argmax(iou[:n_windows])), len(rules) - 1
    paper = [rule.name for rule in rules].index("1.5s_startofsentence_lastmention")
    for number, way in enumerate(ways, n_windows):
        samples = results.samples[:, number] - results.samples[:, window]
        low, high = interval(samples, 0.95)
        row = {
            "data": f"> {way}" if way else name,
            "seed": seed,
            "cases": len(cases),
            "window": rules[window].name,
            "iou_window": f"{iou[window]:.3f}",
            "iou_paper": f"{iou[paper]:.3f}",
            "iou_learned": f"{iou[number]:.3f}",
            "gain": f"{iou[number] - iou[window]:+.3f}",
            "interval": f"[{float(low):+.3f}, {float(high):+.3f}]",
            "iou_source": f"{iou[source]:.3f}",
        }
        labels = [
            {
                **{column: row[column] for column in ("data", "seed")},
                "label": held.scores.label,
                "n": int(held.scores.n[:, 0].sum()),
                "iou_window": f"{held.mean()[window]:.3f}",
                "iou_learned": f"{held.mean()[number]:.3f}",
                "iou_source": f"{held.mean()[source]:.3f}",
            }
            for held in results.held
        ]
        yield row, labels


def draw(fit: Fit, folder: Path) -> None:
    """Write pictures of what all training readings teach, beside the data."""
    for name, plate in (("odds", odds_by_time(fit)), ("places", places_by_label(fit))):
        save(plate.figure, folder, f"learned-{name}", Figures(text="text"))


def mistaken(folder: Path, rate: float, seed: int) -> Path:
    """Give some mentions the label of another one; as a labeler's mistakes, both ways suffer."""
    path = folder / "mentions.csv"
    if not rate:
        return path
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rng = np.random.default_rng([seed, 5])
    others = rng.permutation(len(rows))
    for number in np.flatnonzero(rng.random(len(rows)) < rate):
        rows[number]["label"] = rows[others[number]]["label"]
    keys = set()
    spoken_again = []
    for row in rows:  # one label of one span once
        key = tuple(row[name] for name in ("report_id", "char_start", "char_end", "label"))
        if key not in keys:
            spoken_again.append(row)
        keys.add(key)
    write(spoken_again, folder / "mistaken.csv")
    return folder / "mistaken.csv"


def observe(folder: Path, mentions: Path, params: Params) -> list[Observed]:
    """Training readings as the model sees them."""
    tables = folder / "tables"
    readings = read_table(tables, "readings")
    spoken = read_mentions(mentions, readings, LABELS)
    ids, _ = usable_readings(readings.filter(pc.equal(readings["split"], "train")))
    tasks = Tasks(ids, spoken)
    return observe_readings(tables, tasks, params.associate, params.learned, LABELS)


def taught_less(
    observed: list[Observed], params: Params, folder: Path, seed: int
) -> dict[str, dict[str, Shares]]:
    """Share the same fixations out after learning from less, or from worse."""
    rng = np.random.default_rng([seed, 6])
    order = rng.permutation(len(observed))
    phases = phases_of(folder)
    several = np.array([phases[one.reading_id] < 3 for one in observed])
    n_several = int(several.sum())
    alone = np.zeros(len(observed), bool)
    alone[[number for number in order if not several[number]][:n_several]] = True
    chosen = {f"{n} readings teach": rank_of(order) < n for n in (20, 50, 200)}
    chosen[f"{n_several} readings, five readers an image"] = several
    chosen[f"{n_several} readings, one reader an image"] = alone
    ways = {way: share_out(observed, teachers, params) for way, teachers in chosen.items()}
    everybody = np.ones(len(observed), bool)
    ways["labels shuffled"] = share_out(shuffled(observed, rng), everybody, params)
    ways["without maps of labels"] = share_out(observed, everybody, params, with_labels=False)
    return ways


def phases_of(folder: Path) -> dict[str, int]:
    readings = read_table(folder / "tables", "readings")
    return dict(zip(readings["reading_id"].to_pylist(), readings["phase"].to_pylist(), strict=True))


def rank_of(order: np.ndarray) -> np.ndarray:
    ranks = np.empty(len(order), int)
    ranks[order] = np.arange(len(order))
    return ranks


def shuffled(observed: list[Observed], rng: np.random.Generator) -> list[Observed]:
    """Deal labels, sides and zones out anew among all sentences: the labels teach nothing."""
    said = [sentence for one in observed for sentence in one.said]
    dealt = iter(rng.permutation(len(said)))
    return [
        replace(
            one,
            said=tuple(
                replace(
                    sentence,
                    labels=said[other].labels,
                    side=said[other].side,
                    zone=said[other].zone,
                )
                for sentence, other in zip(one.said, dealt, strict=False)
            ),
        )
        for one in observed
    ]


def share_out(
    observed: list[Observed], teachers: np.ndarray, params: Params, *, with_labels: bool = True
) -> dict[str, Shares]:
    """Learn by folds from some readings alone; share out the fixations of all."""
    learned, labels = params.learned, LABELS.channels
    pairs = pair_up(observed, labels, learned.sigma)
    fold = assign_folds(observed, learned.folds)
    hidden = None if with_labels else np.ones(len(observed), bool)
    share = np.zeros(len(pairs.fixation))
    for held_out in range(learned.folds):
        learnt = learn(pairs, teachers & (fold != held_out), learned, len(labels))
        judged = (fold == held_out)[pairs.reading_of_sentence[pairs.sentence]]
        share[judged] = explain(pairs, learnt, learned, hidden)[judged]
    return shares_by_reading(observed, pairs, share)


def candidate(name: str, by_reading: dict[str, Shares], params: Params) -> Candidate:
    """Make a rule of shares, as `tune` does."""

    def seconds(case: Case) -> np.ndarray:
        bounds_s = [support_s(one.sentence, case.sentences, params.learned) for one in case.spoken]
        numbers = case.gaussians["fixation"]
        shares = by_reading[case.reading_id]
        of_spoken = [shares[sentence.sentence][numbers] for sentence in case.spoken]
        share = np.array(of_spoken).reshape(-1, len(numbers))
        reach_s = overlap(case, np.array(bounds_s).reshape(-1, 2))
        return weigh(reach_s, share, params.learned)

    return Candidate(name, seconds, "learned")


def true_source(folder: Path) -> Callable[[Case], np.ndarray]:
    """Weigh fixations by the sentence whose finding their reader was on, by the planted truth."""
    visits = {}
    with (folder / "raw" / "ground_truth.jsonl").open() as lines:
        for reading in map(json.loads, lines):
            visits[reading["reading_id"]] = {
                visit["sentence"]: visit["fixations"] for visit in reading["visits"]
            }

    def seconds(case: Case) -> np.ndarray:
        gaze = case.gaussians
        visited = visits[case.reading_id]
        is_on = [np.isin(gaze["fixation"], visited.get(one.sentence, [])) for one in case.spoken]
        n = len(gaze["fixation"])
        return np.array(is_on, float).reshape(-1, n) * (gaze["offset_s"] - gaze["onset_s"])

    return seconds


def associating(folder: Path, method: str, params: Params) -> Callable[[], object]:
    """The whole stage by one method, on the data of `demo` in this folder."""
    section = params.associate.model_copy(update={"method": method})
    learned = params.learned if method == "learned" else None
    where = (folder / "tables", folder / "mentions.csv", folder / method)
    return partial(associate, *where, section, learned=learned, workers=1)


def measure(folder: Path) -> None:
    """Time the whole stage on the release's number of readings; then give the highest memory."""
    release = folder / "release"
    params = demo(release, RELEASE, {})
    for method in ("window", "learned"):
        stage = associating(release, method, params)
        begin = time.process_time()
        stage()
        cpu_s = time.process_time() - begin
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"{method}: computes for {cpu_s:.1f} s; highest memory so far {peak_gb:.2f} GB")


def ratios(folder: Path) -> Iterator[Ratio]:
    """What learning costs: below 1, for it does more."""
    os.environ["GAZE_WORKERS"] = "1"
    params = demo(folder, FEW, {})
    learned, window = (associating(folder, method, params) for method in ("learned", "window"))
    work = f"association that learns, {FEW} readings"
    yield Ratio("learned", work, "the same stage by the window", *in_turns(learned, window))


if __name__ == "__main__":
    main()
