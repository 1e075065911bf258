"""Does the search find the lag that is planted in synthetic data, and what does each idea recover?

    python benchmarks/planted_lag.py FOLDER [--readings N]

Makes synthetic data in FOLDER for each planted lag (table 1) and each kind of noise (table 2), with
the mentions known, scores them against the readers' ellipses, and prints what comes out best. All
phases count, so that there are many subjects; otherwise the parameters are those of params.yaml.
Writes FOLDER/planted-lag.svg: the curves of table 1.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import yaml
from click.testing import CliRunner
from matplotlib import rc_context
from matplotlib.figure import Figure

from gazescribe.pipeline.commands.cli import main as gazescribe
from gazescribe.pipeline.commands.params import Params, load_params
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.windows.tune.candidates import FINE_LAGS_S, Candidate, beyond, search_rules
from gazescribe.pipeline.windows.tune.cases import gather
from gazescribe.pipeline.windows.tune.results import BETWEEN, Results, best_fine_lag, ranking
from gazescribe.pipeline.windows.tune.run import search

PLANTED_S = (0.5, 1.0, 1.5, 2.0, 3.0)
NOISE = {
    "as planted": {},
    "spread 1 s": {"lag_spread_s": 1.0},
    "distraction 40 %": {"wander_rate": 0.4},
    "both": {"lag_spread_s": 1.0, "wander_rate": 0.4},
}
KINDS = ("window", "soft window", "contrast", "context")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readings", type=int, default=400)
    arguments = parser.parse_args()
    fine = [rule for rule in search_rules() if "fine" in rule.stage]
    curves = {}
    print("planted lag (s) | best fine lag (s) | interval (95 %) | IoU | cases | subjects")
    for lag_s in PLANTED_S:
        params = demo(arguments.folder / f"lag{lag_s}", arguments.readings, {"lag_s": lag_s})
        results, counts = scored(arguments.folder / f"lag{lag_s}", params, fine)
        best = best_fine_lag(results, params.tune.confidence)
        curves[lag_s] = results.cross_validated[: len(FINE_LAGS_S)]
        low, high = best["interval_s"]
        print(
            f"{lag_s:15.2f} | {best['lag_s']:17.2f} | {low:5.2f} to {high:5.2f}"
            f"  | {results.cross_validated.max(initial=0, where=ruled(results)):.3f}"
            f" | {counts['n_readings']:5d} | {counts['n_subjects']}",
            flush=True,
        )
    draw(curves, [rule.lag_s for rule in fine], arguments.folder / "planted-lag.svg")
    heads = (f"best {kind}, IoU (95 % interval behind the best of all)" for kind in KINDS)
    print("\nnoise | " + " | ".join(heads))
    for name, noise in NOISE.items():
        folder = arguments.folder / name.replace(" ", "-").replace("%", "percent")
        params = demo(folder, arguments.readings, noise)
        results, _ = scored(folder, params, [*search_rules(), *beyond(params.tune)])
        print(f"{name} | " + " | ".join(best_of_kinds(results)), flush=True)


def demo(folder: Path, readings: int, planted: dict) -> Params:
    """Make tables and mentions, once; give the parameters, with all phases and all ideas."""
    folder.mkdir(parents=True, exist_ok=True)
    content = yaml.safe_load(resource("params.yaml").read_text())
    content["demo"] |= planted
    content["tune"]["phases"] = [1, 2, 3]
    for idea in ("soft", "contrast", "context"):
        content["tune"][idea]["used"] = True
    params = folder / "params.yaml"
    params.write_text(yaml.safe_dump(content))
    if not (folder / "mentions.csv").is_file():
        run("demo", folder / "raw", "--readings", readings, "--images", "none", "--params", params)
        run("ingest", "reflacx", folder / "raw" / "reflacx", folder / "tables", "--params", params)
        write_mentions(folder / "raw" / "ground_truth.jsonl", folder / "mentions.csv")
    return load_params(params)


def run(*arguments: object) -> None:
    result = CliRunner().invoke(gazescribe, [str(argument) for argument in arguments])
    if result.exit_code:
        raise SystemExit(result.output)


def write_mentions(truth: Path, path: Path) -> None:
    columns = ("char_start", "char_end", "label", "polarity")
    with truth.open() as lines, path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["report_id", *columns])
        for reading in map(json.loads, lines):
            if reading["dataset"] == "reflacx":
                writer.writerows(
                    [reading["reading_id"], *(mention[column] for column in columns)]
                    for mention in reading["mentions"]
                )


def scored(folder: Path, params: Params, rules: list[Candidate]) -> tuple[Results, dict]:
    label_map = load_label_map()
    cases, counts = gather(folder / "tables", folder / "mentions.csv", params, label_map)
    return search(cases, rules, params, label_map.channels), counts


def ruled(results: Results) -> np.ndarray:
    return np.array([one.stage not in BETWEEN for one in results.candidates])


def best_of_kinds(results: Results) -> list[str]:
    rows = ranking(results, 0.95)
    kind = rows["stage"].where(rows["stage"].isin(KINDS), "window")
    firsts = [rows[(kind == one) & rows["rank"].notna()].iloc[0] for one in KINDS]
    return [
        f"{row['rule']}, {row['iou_cross_validated']:.3f}"
        f" ({row['behind_best_low']:.3f} to {row['behind_best_high']:.3f})"
        for row in firsts
    ]


def draw(curves: dict[float, np.ndarray], lags_s: list, path: Path) -> None:
    figure = Figure((5, 3.4), layout="constrained")
    axes = figure.subplots()
    order = np.argsort(lags_s)
    for number, (planted_s, iou) in enumerate(curves.items()):
        axes.plot(np.array(lags_s)[order], iou[order], marker=".", label=f"{planted_s} s planted")
        axes.axvline(planted_s, color=f"C{number}", linewidth=0.6, linestyle=":")
    axes.set_xlabel("delay of the window (s)")
    axes.set_ylabel("macro mean IoU, cross-validated")
    axes.legend(fontsize=7)
    with rc_context({"svg.hashsalt": "gazescribe"}):
        figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main()
