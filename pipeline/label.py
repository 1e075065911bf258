"""Stage `label`: reports in, mentions out.

Reads: a csv, jsonl or parquet file with `report_id` and `text`, or the tables `readings`,
`sentences` and `words` of an ingested folder. There the sentences are those that dictated periods
end, and are never split again.
Writes: the table `mentions`, as jsonl, csv or parquet; all three polarities.
Params: section `label`. Drops: reports without text, counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import click

from pipeline.console import (
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    params_option,
    progress,
    summarise,
)
from pipeline.labeler import Labeler, Mention
from pipeline.labeler.files import CHUNK, Report, read_reports, writing
from pipeline.params import load_params


def run(reports: Iterable[Report], labeler: Labeler) -> Iterator[list[dict[str, Any]]]:
    """Label reports.

    Parameters
    ----------
    reports : iterable of Report
        Read as they are needed; only a few are held at once.
    labeler : Labeler
        The rules and conventions.

    Yields
    ------
    list of dict
        For each report the rows of table `mentions`.
    """
    waiting = iter(reports)
    while chunk := list(islice(waiting, CHUNK)):
        found = labeler.label(
            [report.text for report in chunk], [report.sentences for report in chunk]
        )
        for report, mentions in zip(chunk, found, strict=True):
            yield [_row(report, mention) for mention in mentions]


def _row(report: Report, mention: Mention) -> dict[str, Any]:
    onset_s, offset_s = None, None
    if report.words is not None:
        onset_s, offset_s = report.words.span(mention.char_start, mention.char_end)
    times = {"onset_s": onset_s, "offset_s": offset_s}
    return {"report_id": report.report_id, **asdict(mention), **times}


@command("label")
@click.argument("source", metavar="IN", type=FOLDER)
@click.argument("out", metavar="OUT", type=FOLDER)
@click.option("--rules", type=EXISTING_FOLDER, help="Rules folder.  [default: ./rules]")
@params_option
@json_option
def label(
    source: Path, out: Path, rules: Path | None, params_file: Path | None, as_json: bool
) -> None:
    """Find what reports mention, and whether it is denied or doubted.

    IN is a csv, jsonl or parquet file with report_id and text, or an ingested folder. OUT is a
    csv, jsonl or parquet file.
    """
    conventions = load_params(params_file).label
    labeler = Labeler.from_rules(rules, **conventions.model_dump())
    left_out: Counter[str] = Counter()
    mentions: Counter[str] = Counter()
    n_reports = 0
    with writing(out) as writer:
        for rows in progress(run(read_reports(source, left_out), labeler), "reports"):
            writer.write(rows)
            mentions.update(f"{row['label']}: {row['polarity']}" for row in rows)
            n_reports += 1
    details = {
        "reports": n_reports,
        "left_out": dict(left_out),
        "mentions": dict(mentions),
        "rules_sha256": labeler.rules_sha256,
        "conventions": conventions.model_dump(),
    }
    summarise(_line(details, out), details, as_json=as_json)


def _line(details: dict[str, Any], out: Path) -> str:
    total = Counter[str]()
    for name, count in details["mentions"].items():
        total[name.rpartition(": ")[2]] += count
    by_polarity = ", ".join(
        f"{total[one]} {one}" for one in sorted(total, key=lambda one: -total[one])
    )
    left_out = "".join(f"; {n} left out {why}" for why, n in details["left_out"].items())
    return (
        f"{details['reports']} reports, {sum(total.values())} mentions ({by_polarity}){left_out};"
        f" rules {details['rules_sha256'][:12]} -> {out}"
    )
