"""The command `verify`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.ingest.settings import IngestOptions
from gazescribe.pipeline.ingest.verify import (
    SEVERITIES,
    absent_images,
    list_files,
    make_report,
    write_quality,
)
from gazescribe.pipeline.sources.faults import say_lost
from gazescribe.pipeline.sources.loading import complete_dataset, load_readable
from gazescribe.pipeline.sources.roots import find_root


@options.command("verify")
@click.argument("dataset", shell_complete=complete_dataset)
@click.argument("root", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--quality",
    "quality_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the gaze quality of each reading to this CSV file.",
)
@options.mimic_metadata_option
@click.option("--samples", is_flag=True, help="Read the gaze samples too.")
@options.parallel_options
@options.params_option
@options.json_option
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    dataset: str,
    root: Path,
    quality_file: Path | None,
    params_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Check the raw tree under ROOT; exit with 2 when it is faulty or something would be lost."""
    from gazescribe.pipeline.ingest.run import survey_tree

    manifest = load_readable(dataset)
    root = find_root(root, manifest)
    settings = load_params(params_file).ingest
    survey = survey_tree(root, manifest, settings, IngestOptions(**values))
    files = list_files(root, manifest, survey.ids)
    survey.faults.extend(absent_images(files, manifest, survey.ids))
    report = make_report(survey, files, manifest)
    if quality_file is not None:
        write_quality(survey.quality, quality_file)
    options.summarise("\n".join(as_text(report, root)), report, as_json=as_json)
    # Faults of raw data are no exception: the report says them all, the exit status that there are.
    ctx.exit(2 if report["n"]["error"] or report["n"]["loss"] else 0)


def as_text(report: Mapping[str, Any], root: Path) -> Iterator[str]:
    """Say a report in lines; the last is the summary."""
    synthetic = " (synthetic)" if report["synthetic"] else ""
    yield f"{report['dataset']} {report['version']}{synthetic} in {root}"
    yield from _counts_as_text(report["counts"])
    yield from _faults_as_text(report["faults"])
    yield from _files_as_text(report["files"])
    if report["quality"]:
        yield "gaze quality (5 %, median, 95 % of readings):"
        for name, parts in report["quality"].items():
            yield f"  {name:18}" + "".join(f"{part:>12g}" for part in parts.values())
    n = report["n"]
    reasons = ", ".join(plural(n[word], word, words) for word, words in SEVERITIES.items())
    lost = say_lost(report)
    yield f"reasons: {reasons}; " + (f"lost: {lost}" if lost else "nothing is lost")


def _counts_as_text(counts: Mapping[str, Any]) -> Iterator[str]:
    is_published = any(count["full_release"] is not None for count in counts.values())
    yield "counts (full release):" if is_published else "counts:"
    for name, count in counts.items():
        number = "-" if count["found"] is None else f"{count['found']:,}"
        full = "" if count["full_release"] is None else f" ({count['full_release']:,})"
        yield f"  {name:26}{number:>9}{full}"


def _faults_as_text(faults: Mapping[str, Any]) -> Iterator[str]:
    for severity, title in SEVERITIES.items():
        reasons = {code: fault for code, fault in faults.items() if fault["severity"] == severity}
        if reasons:
            yield f"{title}:"
        for code, reason in reasons.items():
            cost = f", costs {reason['loses']}" if reason["loses"] else ""
            yield f"  {code}: {reason['rows']:,} in {plural(reason['items'], 'item')}{cost}"
            yield from (f"    {example}" for example in reason["examples"])


def _files_as_text(files: Mapping[str, Any]) -> Iterator[str]:
    for kind, title in (
        ("not_ingested", "in the tree, known and not ingested"),
        ("unlisted", "of readings or images that no table lists, not ingested"),
    ):
        if files[kind]:
            yield f"{title}: " + ", ".join(f"{name} {n:,}" for name, n in files[kind].items())
    unknown = files["unknown"]
    if unknown["files"]:
        yield f"in the tree, unknown and not ingested: {plural(unknown['files'], 'file')}"
        yield from (f"  {path}" for path in unknown["first"])
