"""The command `degrade`."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands.options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    params_option,
    summarise,
)
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.dictation.degrade import run


@command("degrade")
@click.argument("mentions", type=EXISTING_FILE)
@click.argument("out", type=FOLDER)
@click.option("--label", help="The channel whose mentions suffer.")
@click.option("--drop", "drop_share", type=float, help="Share of the cases that lose it.")
@click.option("--add", "add_share", type=float, help="Share of the other cases that get it.")
@click.option("--seed", type=int, help="Another seed chooses other cases.")
@click.option("--against", type=EXISTING_FOLDER, help="Tables of REFLACX, to score by.")
@click.option("--rules", type=EXISTING_FOLDER, help="Rules folder.  [default: ./rules]")
@params_option
@json_option
def degrade(
    mentions: Path,
    out: Path,
    against: Path | None,
    rules: Path | None,
    params_file: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Make the mentions of one label worse: write MENTIONS with some dropped and some made up.

    MENTIONS is what `gazescribe label` wrote, OUT its like, both as .parquet. With --against,
    recall and precision before and after are told, by the readers' certainties.
    """
    params = override(load_params(params_file).degrade, **options)
    summary = run(mentions, out, params, against=against, rules=rules)
    summarise(f"{_line(summary)} → {out}", summary, as_json=as_json)


def _line(summary: Mapping[str, Any]) -> str:
    counts = Counter(summary["counts"])
    line = (
        f"{summary['params']['label']}: dropped in {counts['cases_dropped']} of"
        f" {counts['cases_with_label']} cases, added in {counts['cases_added']} of"
        f" {counts['cases_without_label']}"
    )
    if "before" in summary:
        pairs = [
            f"{rate} {_said(summary['before'], rate)} → {_said(summary['after'], rate)}"
            for rate in ("recall", "precision")
        ]
        line += f"; {', '.join(pairs)} ({summary['n_scored']} readings)"
    return line


def _said(scores: Mapping[str, Any], rate: str) -> str:
    value = scores["certainty_above_0"][rate]
    return "undefined" if value is None else f"{value:.3f}"
