"""The command `diff`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.report.diff import Change, compare, find_tables, ids_of, summary
from gazescribe.pipeline.report.diff_words import say

IDS_SHOWN = 5
PATH = click.Path(exists=True, path_type=Path)


@options.command("diff", example="gazescribe diff data/associated/reflacx other --out changes.csv")
@click.argument("before", type=PATH)
@click.argument("after", type=PATH)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=0.15,
    show_default=True,
    help="Maps are compared above it.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV with a row for each change.",
)
@click.option(
    "--page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="HTML with the readings that changed most, before and after.",
)
@options.json_option
def diff(
    before: Path,
    after: Path,
    threshold: float,
    out: Path | None,
    page: Path | None,
    *,
    as_json: bool,
) -> None:
    """Say which mentions, windows and maps differ between BEFORE and AFTER.

    Both are folders with what the stages wrote (a copy of `data`, say), or two files of one table.
    """
    sides = find_tables(before), find_tables(after)
    common = [part for part in sides[0] if part in sides[1]]
    if not common:
        remedy = "Give two folders that hold mentions, windows or heatmaps at the same places."
        raise SchemaError("there is nothing to compare.", where=f"{before}, {after}", remedy=remedy)
    ids = [set().union(*(ids_of(*side[part]) for part in common)) for side in sides]
    if all(ids) and ids[0].isdisjoint(ids[1]):  # a side without rows is a change, no mix-up
        remedy = "Compare two runs over the same data."
        message = "there is no reading in common."
        raise AlignmentError(message, where=f"{before}, {after}", remedy=remedy)
    changes: list[Change] = []
    places = {part: [side[part][1] for side in sides] for part in common}
    for part, paths in places.items():
        changes += compare(part, sides[0][part][0], paths, threshold)
    if out:
        import pandas as pd

        with replacing(out) as beside:
            rows = pd.DataFrame([change.as_row() for change in changes])
            rows.convert_dtypes().to_csv(beside, index=False)  # counts stay whole beside blanks
    if page:
        from gazescribe.pipeline.report.diff_page import write_diff_page  # jinja2, matplotlib

        with replacing(page) as beside:
            write_diff_page(beside, changes, places, f"{before} → {after}")
    counts = summary(changes, common, sides)
    if not as_json:
        _show(counts)
    line = f"{plural(len(changes), 'change')} in {plural(len(common), 'table')}"
    written = ", ".join(str(path) for path in (out, page) if path)
    options.summarise(f"{line} → {written}" if written else line, counts, as_json=as_json)


def _show(counts: Mapping[str, Any]) -> None:
    for part, changed in counts["tables"].items():
        text = say(changed)
        ids = changed["ids"]
        if ids:
            more = f" … {len(ids) - IDS_SHOWN} more" if len(ids) > IDS_SHOWN else ""
            text += f" ({', '.join(ids[:IDS_SHOWN])}{more})"
        click.echo(f"{part}: {text}")
    for side, names in counts["only"].items():
        if names:
            click.echo(f"only {side}: {', '.join(names)}")
