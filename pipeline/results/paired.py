"""Paired tests between models: differences over subjects and seeds, Holm's correction."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.resampling import interval
from gazescribe.pipeline.results.measures import Measure
from gazescribe.pipeline.results.rows import Format, intervals, number
from gazescribe.pipeline.results.statistics import bootstrap_p, holm, paired_t_p


def compare(model: Measure, other: Measure, confidence: float) -> dict[str, Any]:
    """Test the difference of two macro measures over subjects and over the seeds of both."""
    drawn = model.mean_draws() - other.mean_draws()
    low, high = interval(drawn, confidence)
    shared = sorted(set(model.seeds) & set(other.seeds))
    by_seed = np.array(
        [
            model.by_run[model.seeds.index(seed), 0] - other.by_run[other.seeds.index(seed), 0]
            for seed in shared
        ]
    )
    return {
        "difference": model.mean()[0] - other.mean()[0],
        "low": low[0],
        "high": high[0],
        "n_seeds": len(by_seed),
        "p_subjects": bootstrap_p(drawn[:, 0]),
        "p_seeds": paired_t_p(by_seed),
    }


def correct(frame: pd.DataFrame, tests: Sequence[str], family: Sequence[str]) -> pd.DataFrame:
    """Add to the p values of each test those that Holm corrects over the rows of a family."""
    for test in tests:
        for rows in frame.groupby(list(family)).indices.values():
            adjusted = holm(frame[f"p_{test}"].to_numpy(float)[rows])
            frame.loc[rows, f"p_{test}_holm"] = adjusted
    return frame


def withhold(
    frame: pd.DataFrame, tests: Sequence[str], min_patients: int
) -> tuple[pd.DataFrame, list[str]]:
    """Take the p values from rows whose `n_patients` are too few; give also what says so.

    To be done before `correct`: a p value that is not told is none of a family.
    """
    few = frame["n_patients"] < min_patients
    columns = [f"p_{test}" for test in tests]
    withheld = few & frame[columns].notna().any(axis=1)
    if not withheld.any():
        return frame, []
    shown = frame.copy()
    shown.loc[few, columns] = np.nan
    n_least = frame.loc[withheld, "n_patients"].min()
    note = (
        f"No p value, a dash, in {withheld.sum()} of {len(frame)} rows: fewer than {min_patients}"
        f" patients stand behind them, down to {n_least} (`tabulate.min_patients`)."
    )
    return shown, [note]


def show_tests(
    frame: pd.DataFrame, over: str, tests: Mapping[str, str]
) -> tuple[pd.DataFrame, dict[str, Format]]:
    """Put corrected tests into the form of `tables.md`: give what a table shows, and its formats.

    The frame has metric, model, other, and what `compare` and `correct` give. `over` is the heading
    of the bootstrap interval; `tests` names those to show, and their headings.
    """
    shown = frame[["metric", "model", "other", "difference"]].copy()
    shown[over] = intervals(frame, "")
    for test, name in tests.items():
        shown[f"p {name}"] = frame[f"p_{test}"]
        shown[f"{name}, Holm"] = frame[f"p_{test}_holm"]
    return shown, dict.fromkeys(shown.columns[5:], p_value)


def p_value(value: float) -> str:
    """Format a p value."""
    return "< 0.001" if value < 0.001 else number(value)
