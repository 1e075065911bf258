"""The command `review`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.resampling import Draws
from gazescribe.pipeline.dictation.reviews.run import run

SCORES = ("n", "precision", "recall", "f1")
COLUMNS = "{:<48} {:<10} {:>5} {:>10} {:>7} {:>6}"


@options.command(
    "review",
    example="gazescribe review reviews --tables data/tables/reflacx --out mine/gold/reviewed.yaml",
    section="label",
)
@click.argument("reviews", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True)
@click.option(
    "--tables",
    type=options.EXISTING_FOLDER,
    multiple=True,
    help="Ingested folder with the texts, where the reviews do not hold them; may be given"
    " several times.",
)
@click.option(
    "--out", type=options.FOLDER, help="Write gold sentences to this file, of a folder's gold/."
)
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder.  [default: ./rules]")
@options.params_option
@options.json_option
def review(
    reviews: tuple[Path, ...],
    tables: tuple[Path, ...],
    out: Path | None,
    rules: Path | None,
    params_file: Path | None,
    as_json: bool,
) -> None:
    """Score the labeler on what readers say of its mentions, and the readers on one another.

    REVIEWS are files that the inspector saved, or folders of them (docs/reviewing.md). Readings
    that somebody reviewed to the end are labelled again, and become gold sentences for
    `check-rules`. What stands in reports is printed nowhere, and written only to --out.
    """
    params = load_params(params_file)
    scored = params.evaluate_labels
    summary = run(
        reviews,
        tables,
        out,
        rules=rules,
        conventions=params.label,
        draws=Draws(scored.n_bootstrap, scored.confidence, scored.seed),
    )
    if not as_json:
        for line in _describe(summary):
            click.echo(line)
    options.summarise(_line(summary, out), summary, as_json=as_json)


def _describe(summary: Mapping[str, Any]) -> Iterator[str]:
    """Say the scores by label and polarity, and how far each two reviewers agree."""
    if "scores" in summary:
        yield COLUMNS.format("label", "polarity", *SCORES)
    for row in summary.get("scores", []):
        rates = (_number(row[name]) for name in SCORES[1:])
        yield COLUMNS.format(row["label"], row["polarity"], row["n"], *rates)
    for row in summary["agreement"]:
        yield (
            f"{' and '.join(row['reviewers'])}: {plural(row['n'], 'mention')} of"
            f" {plural(row['n_readings'], 'reading')} both reviewed, same polarity"
            f" {_number(row['agreement'])}, kappa {_number(row['kappa'])}; span and label, too:"
            f" {_number(row['agreement_in_all'])}"
        )


def _line(summary: Mapping[str, Any], out: Path | None) -> str:
    verdicts = ", ".join(f"{n} {verdict}" for verdict, n in summary["verdicts"].items())
    line = (
        f"{plural(summary['n_readings'], 'reading')} of"
        f" {plural(len(summary['reviewers']), 'reader')}: {verdicts or 'no mention reviewed'};"
        f" {plural(summary['n_sentences'], 'sentence')} reviewed to the end"
    )
    if "macro" in summary:
        line += f", macro F1 {_number(summary['macro']['f1']['value'])}"
        baseline = summary["baseline"]
        line += f" ({baseline['name']}: {_number(baseline['macro']['f1']['value'])})"
    if "gold" in summary:
        line += f"; {plural(sum(summary['gold'].values()), 'gold sentence')} → {out}"
    left_out = ", ".join(f"{n} {why}" for why, n in summary["left_out"].items())
    return f"{line}; left out: {left_out or 'none'}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
