"""The command `label`."""

from collections import Counter
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.dictation.reviews.applying import say_reviews
from gazescribe.pipeline.dictation.run import label_file
from gazescribe.pipeline.dictation.sentence_counts import say_ends


@options.command(
    "label",
    example="gazescribe label data/tables/reflacx data/mentions/reflacx.parquet",
    section="label",
)
@click.argument("source", metavar="IN", type=options.FOLDER)
@click.argument("out", metavar="OUT", type=options.FOLDER)
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder.  [default: ./rules]")
@options.reviews_option
@options.encoding_option
@options.shared_options
def label(
    source: Path,
    out: Path,
    rules: Path | None,
    reviews: tuple[Path, ...],
    encoding: str,
    shared: options.Shared,
) -> None:
    """Find what reports mention, and whether it is denied or doubted.

    IN is a csv, jsonl or parquet file with report_id and text, or an ingested folder. OUT is a
    csv, jsonl or parquet file. --reviews correct the mentions that readers looked at.
    """
    conventions = load_params(shared.params_file).label
    details = label_file(
        source,
        out,
        conventions,
        rules=rules,
        reviews=reviews,
        encoding=encoding,
        **shared.parallel,
    )
    shared.summarise(_line(details, out), details)


def _line(details: dict[str, Any], out: Path) -> str:
    total = Counter[str]()
    for name, count in details["mentions"].items():
        total[name.rpartition(": ")[2]] += count
    by_polarity = ", ".join(f"{n} {polarity}" for polarity, n in total.most_common())
    mentions = f"{sum(total.values())} mentions" + (f" ({by_polarity})" if total else "")
    left_out = "".join(f"; {n} left out {why}" for why, n in details["left_out"].items())
    left_out += say_reviews(details.get("reviews"))
    endless = say_ends(details["without_periods"], "texts")
    return (
        f"{details['reports']} reports, {mentions}{left_out};{f' {endless};' if endless else ''}"
        f" rules {details['rules_sha256'][:12]} → {out}"
    )
