"""Stage `evaluate-labels`: mentions of dictations against what their readers were certain of.

Reads: the tables `readings`, `attributes`, `certainties` and `sentences` of REFLACX, a mentions
table, `certainties.yaml` of the rules; with `--gold` another mentions table, taken as the truth.
Writes: `labels.csv` (precision, recall, F1), `confusion.csv` (state against certainty),
`examples.jsonl` (errors with their sentences), `baseline.csv` (as `labels.csv`, of what spaCy and
negspacy make of the same vocabulary), `evaluate_labels.json`; with a gold table also `mentions.csv`
and `polarities.csv`; with mentions beside also `beside.csv` (as `labels.csv`, of those) and
`disagreements.jsonl` (where the two differ, all of them, with their sentences).
Params: sections `evaluate_labels` and, for the baseline, `label`. Drops: readings of other phases,
those the labeler was tuned on, and those without text; certainties that are unknown; mentions whose
class serves no column. All are counted.
Source: Lanfredi et al. 2023, Table 4 and Section 2.7. A reading mentions a label when a mention of
it is positive or uncertain, and has it when its reader's certainty is above 0; dictation and label
may differ, and count as errors. The column certainty ≥ 3 and the intervals are ours: images are
resampled, not readings, since five readers saw each.
"""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazescribe.pipeline.core.files import replacing_folder, write_headline, write_json
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.tables import read_if_present, read_table, split_source, tuning_source
from gazescribe.pipeline.dictation.evaluation.cases import (
    PAPER,
    columns_of,
    confusion,
    observe,
    score_certainties,
    select_cases,
    unserved,
)
from gazescribe.pipeline.dictation.evaluation.examples import (
    certainty_errors,
    choose,
    disagreeing,
    gold_errors,
    with_sentences,
)
from gazescribe.pipeline.dictation.evaluation.gold import score_gold
from gazescribe.pipeline.dictation.evaluation.rates import RATES
from gazescribe.pipeline.dictation.evaluation.settings import EvaluateLabels
from gazescribe.pipeline.dictation.label_maps import load_certainty_map, load_label_map
from gazescribe.pipeline.dictation.labeler import Conventions, Labeler, Mention
from gazescribe.pipeline.dictation.labeler.baseline import NAME, Baseline
from gazescribe.pipeline.dictation.mentions import read_mentions

READ = ("readings", "attributes", "certainties", "sentences")
SUMMARY = "evaluate_labels.json"


def run(
    tables: Path,
    mentions: Path,
    out: Path,
    params: EvaluateLabels,
    *,
    gold: Path | None = None,
    beside: Path | None = None,
    rules: Path | None = None,
    conventions: Conventions | None = None,
    encoding: str = "utf-8",
) -> dict[str, Any]:
    """Score mentions against certainties, and against a gold table; give `evaluate_labels.json`.

    The baseline reads the same texts under `conventions`; rules without a vocabulary have none.

    Raises
    ------
    GazeError
        If tables, mentions or rules do not fit together.
    """
    label_map = load_label_map(rules)
    column_map = load_certainty_map("reflacx", tuple(label_map.targets), rules)
    table = {name: read_table(tables, name) for name in READ if name != "sentences"}
    table["sentences"] = read_if_present(tables, "sentences")  # texts alone have none
    how = {"readings": table["readings"], "label_map": label_map, "encoding": encoding}
    spoken = read_mentions(mentions, **how).to_pandas()
    readings, attributes, certainties, sentences = (table[name].to_pandas() for name in READ)
    cases, left_out = select_cases(readings, attributes, params.phase)
    of_phase = readings.loc[readings["phase"] == params.phase, "reading_id"]
    stated = certainties[certainties["reading_id"].isin(of_phase)]
    columns = columns_of(stated, column_map)
    draws = Draws(params.n_bootstrap, params.confidence, params.seed)

    images = readings.set_index("reading_id")["dicom_id"]
    truth = None if gold is None else read_mentions(gold, **how).to_pandas()

    def of_these(mentions_of_side: pd.DataFrame) -> pd.DataFrame:
        return mentions_of_side[mentions_of_side["report_id"].isin(cases["reading_id"])]

    def score_other(
        mentions_of_side: pd.DataFrame, name: str
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        others = observe(cases, stated, of_these(mentions_of_side), columns)
        table, macro = score_certainties(others, list(columns), draws)
        scored: dict[str, Any] = {"name": name, "macro": macro}
        if truth is not None and gold is not None:
            _, scored["gold"], _ = score_gold(mentions_of_side, truth, images, draws, gold)
        return table, scored

    of_cases = of_these(spoken)
    observed = observe(cases, stated, of_cases, columns)
    scores, macro = score_certainties(observed, list(columns), draws)
    results = {"labels.csv": scores, "confusion.csv": confusion(observed, list(columns))}
    errors = certainty_errors(observed)
    summary = {
        "params": params.model_dump(),
        "split_source": split_source(tables),
        "tuning_source": tuning_source(tables),
        "n_readings": len(cases),
        "n_images": int(cases["dicom_id"].nunique()),
        "readings_left_out": left_out,
        "n_certainties_unknown": int(observed["certainty"].isna().sum()),
        "mentions_without_column": unserved(of_cases, columns),
        "labels": _by_label(scores),
        "macro": macro,
    }
    if any((rules or resource("rules")).glob("vocabulary/*.yaml")):
        labeler = Labeler.from_rules(rules, **(conventions or Conventions()).model_dump())
        denied = baseline_mentions(readings, cases["reading_id"], truth, labeler)
        results["baseline.csv"], summary["baseline"] = score_other(denied, NAME)
    disagreements = None
    if beside is not None:
        other = read_mentions(beside, **how).to_pandas()
        results["beside.csv"], scored = score_other(other, beside.name)
        disagreements = disagreeing(of_cases, of_these(other))
        summary["beside"] = scored | {"disagreements": dict(Counter(disagreements["kind"]))}
    if truth is not None and gold is not None:
        files, summary["gold"], aligned = score_gold(spoken, truth, images, draws, gold)
        results |= files
        errors = pd.concat([errors, gold_errors(aligned)])
    obsolete = ("*.csv", "*.jsonl")
    with replacing_folder(out, "scores of labels", obsolete=obsolete, mark=SUMMARY) as folder:
        for name, result in results.items():
            result.to_csv(folder / name, index=False, lineterminator="\n")
        summary["errors"] = _write_examples(
            errors, readings, sentences, params, folder / "examples.jsonl"
        )
        if disagreements is not None:
            _write_lines(disagreements, readings, sentences, folder / "disagreements.jsonl")
        write_headline(folder, "labels", {"f1": _headline(macro)})
        write_json(summary, folder / SUMMARY)
    return summary


def baseline_mentions(
    readings: pd.DataFrame, cases: pd.Series, truth: pd.DataFrame | None, labeler: Labeler
) -> pd.DataFrame:
    """Give the baseline's mentions of the cases and of what a gold table names, as a table."""
    named = set(cases) | (set() if truth is None else set(truth["report_id"]))
    texts = readings.loc[readings["reading_id"].isin(named), ["reading_id", "text"]]
    mentions = Baseline(labeler).label(texts["text"].tolist())
    rows = []
    for reading_id, mentions_of_text in zip(texts["reading_id"], mentions, strict=True):
        rows += [{"report_id": reading_id, **mention._asdict()} for mention in mentions_of_text]
    columns = ["report_id", *Mention._fields]
    return pd.DataFrame(rows, columns=columns)


def _write_lines(
    errors: pd.DataFrame, readings: pd.DataFrame, sentences: pd.DataFrame, path: Path
) -> None:
    texts = dict(zip(readings["reading_id"], readings["text"], strict=True))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in with_sentences(errors, texts, sentences):
            file.write(json.dumps(example, ensure_ascii=False) + "\n")


def _headline(macro: Mapping[str, Any]) -> float | None:
    """Give F1 as Table 4 of Lanfredi et al. 2023 counts."""
    f1: float | None = macro["certainty_above_0"]["positive_or_uncertain"]["f1"]["value"]
    return f1


def _by_label(scores: pd.DataFrame) -> dict[str, dict[str, dict[str, float | None]]]:
    """Give what DVC compares between runs: rates in the paper's reading of "mentioned"."""
    scores_by_label: dict[str, dict[str, dict[str, float | None]]] = {}
    for row in scores[scores["counted"] == PAPER[1]].to_dict("records"):
        values = {rate: None if pd.isna(row[rate]) else row[rate] for rate in RATES}
        scores_by_label.setdefault(row["label"], {})[row["reference"]] = values
    return scores_by_label


def _write_examples(
    errors: pd.DataFrame,
    readings: pd.DataFrame,
    sentences: pd.DataFrame,
    params: EvaluateLabels,
    path: Path,
) -> dict[str, dict[str, int]]:
    """Write a few errors of each kind; give how many there are of each, and how many written."""
    place = np.random.default_rng(params.seed).permutation(len(readings))
    order = dict(zip(readings["reading_id"], place.tolist(), strict=True))
    chosen = choose(errors, order, params.n_examples)
    _write_lines(chosen, readings, sentences, path)
    n_errors, n_written = Counter(errors["kind"]), Counter(chosen["kind"])
    return {kind: {"n": n_errors[kind], "n_written": n_written[kind]} for kind in sorted(n_errors)}
