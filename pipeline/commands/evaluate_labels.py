"""The command `evaluate-labels`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.dictation.evaluation.cases import PAPER
from gazescribe.pipeline.dictation.evaluation.run import run


@options.command(
    "evaluate-labels",
    example="gazescribe evaluate-labels data/tables/reflacx data/mentions/reflacx.parquet scored",
    section="evaluate_labels",
)
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.argument("mentions", type=options.EXISTING_FILE)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--gold", type=options.EXISTING_FILE, help="Mentions to take as the truth, of any form."
)
@click.option(
    "--beside", type=options.EXISTING_FILE, help="Mentions to score beside these, likewise."
)
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder with certainties.yaml.")
@options.encoding_option
@options.params_option
@options.json_option
def evaluate_labels(
    tables: Path,
    mentions: Path,
    out: Path,
    gold: Path | None,
    beside: Path | None,
    rules: Path | None,
    encoding: str,
    params_file: Path | None,
    as_json: bool,
) -> None:
    """Score mentions against what REFLACX's readers were certain of: write CSV and JSON to OUT.

    TABLES is an ingested folder of REFLACX. MENTIONS is what `gazescribe label` wrote, or anybody's
    spans. With --gold they are also compared with these mentions, in the reports that it names.
    Beside them stands a baseline: what spaCy and negspacy make of our vocabulary in these texts.
    With --beside, OUT/disagreements.jsonl lists where two labelers differ, to be looked through.
    """
    params = load_params(params_file)
    summary = run(
        tables,
        mentions,
        out,
        params.evaluate_labels,
        gold=gold,
        beside=beside,
        rules=rules,
        conventions=params.label,
        encoding=encoding,
    )
    options.summarise(f"{_line(summary)} → {out}", summary, as_json=as_json)


def _line(summary: Mapping[str, Any]) -> str:
    left_out = ", ".join(f"{n} {why}" for why, n in summary["readings_left_out"].items() if n)
    reference, counted = PAPER
    line = (
        f"{summary['n_readings']} readings of {summary['n_images']} images of phase"
        f" {summary['params']['phase']} (left out: {left_out or 'none'}); macro over labels:"
        f" {_scores(summary['macro'][reference][counted])}"
    )
    if "gold" in summary:
        line += f"; gold, labels and polarities: {_scores(summary['gold']['macro_polarities'])}"
    if "beside" in summary:
        other = summary["beside"]
        n = sum(other["disagreements"].values())
        line += f"; {other['name']}: {_scores(other['macro'][reference][counted])}"
        line += f", differs in {n:,} mentions"
    if "baseline" in summary:
        baseline = summary["baseline"]
        f1 = {"f1": baseline["macro"][reference][counted]["f1"]}
        line += f"; {baseline['name']}: {_scores(f1)}"
        if "gold" in baseline:
            line += f", gold {_scores({'f1': baseline['gold']['macro_polarities']['f1']})}"
    return line


def _scores(macro: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{rate} undefined"
        if score["value"] is None
        else f"{rate} {score['value']:.3f} ({score['n_defined']} of {score['n_items']})"
        for rate, score in macro.items()
    )
