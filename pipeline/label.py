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
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import click

from pipeline.console import (
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    parallel_options,
    params_option,
    summarise,
)
from pipeline.labeler import Conventions, Labeler, Mention
from pipeline.labeler.files import Report, read_reports, writing
from pipeline.parallel import map_tasks
from pipeline.params import load_params

REPORTS_A_TASK = 5000


def run(
    reports: Iterable[Report],
    conventions: Conventions,
    *,
    rules: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Label reports.

    Parameters
    ----------
    reports : iterable of Report
        Read as they are needed; only some thousands are held at once.
    conventions : Conventions
        Where practice differs, which side to take.
    rules : pathlib.Path, optional
        Rules folder; else `rules/` here, else the packaged one.
    workers, scheduler : optional
        As in `pipeline.parallel.map_tasks`.

    Yields
    ------
    list of dict
        For each report the rows of table `mentions`.
    """
    waiting = iter(reports)
    for rows in map_tasks(
        partial(label_reports, rules=rules and rules.resolve(), conventions=conventions),
        iter(lambda: list(islice(waiting, REPORTS_A_TASK)), []),
        workers=workers,
        scheduler=scheduler,
        description="reports",
    ):
        yield from rows


def label_reports(
    reports: list[Report], *, rules: Path | None, conventions: Conventions
) -> list[list[dict[str, Any]]]:
    """Label some reports: one task."""
    found = _labeler(rules, conventions).label(
        [report.text for report in reports], [report.sentences for report in reports]
    )
    return [
        [_row(report, mention) for mention in mentions]
        for report, mentions in zip(reports, found, strict=True)
    ]


@cache
def _labeler(rules: Path | None, conventions: Conventions) -> Labeler:
    return Labeler.from_rules(rules, **conventions.model_dump())


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
@parallel_options
@json_option
def label(
    source: Path,
    out: Path,
    rules: Path | None,
    params_file: Path | None,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Find what reports mention, and whether it is denied or doubted.

    IN is a csv, jsonl or parquet file with report_id and text, or an ingested folder. OUT is a
    csv, jsonl or parquet file.
    """
    conventions = load_params(params_file).label
    sha256 = _labeler(rules and rules.resolve(), conventions).rules_sha256
    left_out: Counter[str] = Counter()
    mentions: Counter[str] = Counter()
    n_reports = 0
    with writing(out) as writer:
        reports = read_reports(source, left_out)
        for rows in run(reports, conventions, rules=rules, workers=workers, scheduler=scheduler):
            writer.write(rows)
            mentions.update(f"{row['label']}: {row['polarity']}" for row in rows)
            n_reports += 1
    details = {
        "reports": n_reports,
        "left_out": dict(left_out),
        "mentions": dict(mentions),
        "rules_sha256": sha256,
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
        f" rules {details['rules_sha256'][:12]} → {out}"
    )
