"""The command `label`."""

from collections import Counter
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.dictation.labeler.punctuation import SpokenMarks
from gazescribe.pipeline.dictation.reports import read_reports, writing
from gazescribe.pipeline.dictation.run import load_labeler, run
from gazescribe.pipeline.dictation.sentence_counts import count_ends, say_ends


@options.command("label")
@click.argument("source", metavar="IN", type=options.FOLDER)
@click.argument("out", metavar="OUT", type=options.FOLDER)
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder.  [default: ./rules]")
@options.encoding_option
@options.shared_options
def label(
    source: Path, out: Path, rules: Path | None, encoding: str, shared: options.Shared
) -> None:
    """Find what reports mention, and whether it is denied or doubted.

    IN is a csv, jsonl or parquet file with report_id and text, or an ingested folder. OUT is a
    csv, jsonl or parquet file.
    """
    conventions = load_params(shared.params_file).label
    # First of all: a faulty rule stops here, before OUT is begun.
    book = load_labeler(rules and rules.resolve(), conventions).book
    left_out: Counter[str] = Counter()
    mentions: Counter[str] = Counter()
    without_periods: dict[str, dict[str, int]] = {}
    n_reports = 0
    with writing(out) as write:
        read = read_reports(source, left_out, encoding=encoding)
        reports = count_ends(read, SpokenMarks(book.punctuation), without_periods)
        for rows in run(reports, conventions, rules=rules, **shared.parallel):
            write(rows)
            mentions.update(f"{row['label']}: {row['polarity']}" for row in rows)
            n_reports += 1
    details = {
        "reports": n_reports,
        "left_out": dict(left_out),
        "mentions": dict(mentions),
        "without_periods": without_periods,
        "rules_sha256": book.sha256,
        "conventions": conventions.model_dump(),
    }
    shared.summarise(_line(details, out), details)


def _line(details: dict[str, Any], out: Path) -> str:
    total = Counter[str]()
    for name, count in details["mentions"].items():
        total[name.rpartition(": ")[2]] += count
    by_polarity = ", ".join(f"{n} {polarity}" for polarity, n in total.most_common())
    mentions = f"{sum(total.values())} mentions" + (f" ({by_polarity})" if total else "")
    left_out = "".join(f"; {n} left out {why}" for why, n in details["left_out"].items())
    endless = say_ends(details["without_periods"], "texts")
    return (
        f"{details['reports']} reports, {mentions}{left_out};{f' {endless};' if endless else ''}"
        f" rules {details['rules_sha256'][:12]} → {out}"
    )
