"""The command `degrade`."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.dictation.degrade import run


@options.command(
    "degrade",
    example="gazescribe degrade data/mentions/reflacx.parquet worse.parquet --drop 0.45",
    section="degrade",
)
@click.argument("mentions", type=options.EXISTING_FILE)
@click.argument("out", type=options.FOLDER)
@click.option("--label", help="The channel whose mentions suffer.")
@click.option("--drop", "drop_share", type=float, help="Share of the cases that lose it.")
@click.option("--add", "add_share", type=float, help="Share of the other cases that get it.")
@click.option("--seed", type=int, help="Another seed chooses other cases.")
@click.option("--against", type=options.EXISTING_FOLDER, help="Tables of REFLACX, to score by.")
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder.  [default: ./rules]")
@options.params_option
@options.json_option
def degrade(
    mentions: Path,
    out: Path,
    against: Path | None,
    rules: Path | None,
    params_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Make the mentions of one label worse: write MENTIONS with some dropped and some made up.

    MENTIONS is what `gazescribe label` wrote, OUT its like, both as .parquet. With --against,
    recall and precision before and after are told, by the readers' certainties.
    """
    params = override(load_params(params_file).degrade, **values)
    summary = run(mentions, out, params, against=against, rules=rules)
    options.summarise(f"{_line(summary)} → {out}", summary, as_json=as_json)


def _line(summary: Mapping[str, Any]) -> str:
    counts, shares = Counter(summary["counts"]), summary["shares"]
    line = (
        f"{summary['params']['label']}: dropped in {counts['cases_dropped']} of"
        f" {counts['cases_with_label']} cases ({_asked_and_reached(shares['drop'])}),"
        f" added in {counts['cases_added']} of {counts['cases_without_label']}"
        f" ({_asked_and_reached(shares['add'])})"
    )
    possible = shares["add"]["possible"]
    if possible is not None and possible < shares["add"]["asked"]:
        line += (
            f"; more than {possible:.1%} cannot be added, for no other of these cases mentions"
            " another label"
        )
    if "before" in summary:
        rates = []
        for rate in ("recall", "precision"):
            before, after = (
                summary[time]["certainty_above_0"][rate] for time in ("before", "after")
            )
            rates.append(f"{rate} {_rounded(before)} → {_rounded(after)}")
        line += f"; {', '.join(rates)} ({summary['n_scored']} readings)"
    return line


def _asked_and_reached(shares: Mapping[str, float | None]) -> str:
    reached = shares["reached"]
    return f"{shares['asked']:.1%} asked, {'none' if reached is None else f'{reached:.1%}'} reached"


def _rounded(rate: float | None) -> str:
    return "undefined" if rate is None else f"{rate:.3f}"
