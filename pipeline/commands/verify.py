"""The command `verify`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.dictation.sentence_counts import say_ends
from gazescribe.pipeline.ingest.checksums import say_checked
from gazescribe.pipeline.ingest.settings import IngestOptions
from gazescribe.pipeline.ingest.understood import say
from gazescribe.pipeline.ingest.verify import SEVERITIES, verify_tree, write_quality
from gazescribe.pipeline.sources.faults import say_lost
from gazescribe.pipeline.sources.loading import complete_dataset, load_readable

LEFT_OUT = {
    "excluded_by_quality": "gaze of {} by `ingest.quality`",
    "in_no_table": "{} in no table",
    "fewer_readings_than_released": "{} readings of the full release",
    "fewer_images_than_released": "{} images of the full release",
    "absent_by_checksums": "{} listed in SHA256SUMS.txt absent",
}


@options.command("verify", example="gazescribe verify reflacx data/demo", section="ingest")
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
@click.option(
    "--checksums",
    is_flag=True,
    help="Compare all files with SHA256SUMS.txt; a later run reads only what has changed.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="What --checksums knows of earlier runs.  [default: a file in ~/.cache/gazescribe]",
)
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
    checksums: bool,
    state: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Check the raw tree under ROOT; exit with 2 when it is faulty or something would be lost.

    DATASET is the name of a manifest, as reflacx, or the file of your own (docs/own-data.md).
    """
    if state is not None and not checksums:
        message = "--state belongs to --checksums."
        raise click.UsageError(message)
    settings = load_params(params_file).ingest
    verified = verify_tree(
        root,
        load_readable(dataset),
        settings,
        IngestOptions(**values),
        checksums=checksums,
        state=state,
    )
    report, checked = verified.report, verified.checked
    if quality_file is not None:
        write_quality(verified.quality, quality_file)
    lines = [*as_text(report, verified.root), *(say_checked(checked) if checked else ())]
    # Names of files may be of any encoding, which no terminal shows.
    text = "\n".join([*lines, outcome(report)]).encode("utf-8", "backslashreplace").decode()
    options.summarise(text, report, as_json=as_json)
    # Faults of raw data are no exception: the report says them all, the exit status that there are.
    ctx.exit(2 if report["n"]["error"] or report["n"]["loss"] else 0)


def as_text(report: Mapping[str, Any], root: Path) -> Iterator[str]:
    """Say a report in lines, but for the checksums and the outcome."""
    synthetic = " (synthetic)" if report["synthetic"] else ""
    yield f"{report['dataset']} {report['version']}{synthetic} in {root}"
    if report["mimic_metadata"]:
        yield f"compared with MIMIC-CXR-JPG in {report['mimic_metadata']}"
    yield from _counts_as_text(report["counts"])
    yield from say(report["understood"])
    yield from _faults_as_text(report["faults"])
    yield from _files_as_text(report["files"])
    if report["quality"]:
        yield "gaze quality (5 %, median, 95 % of readings):"
        for name, parts in report["quality"].items():
            yield f"  {name:18}" + "".join(f"{part:>12g}" for part in parts.values())


def outcome(report: Mapping[str, Any]) -> str:
    """Say in one line what is lost and why, and what is left out; nothing only where it is so."""
    n = report["n"]
    reasons = ", ".join(plural(n[word], word, words) for word, words in SEVERITIES.items())
    clauses = [reasons]
    if lost := say_lost(report):
        codes = _codes(report, "loss")
        clauses.append(f"lost: {lost} (for {codes})" if codes else f"lost: {lost}")
    if n["error"]:
        clauses.append(f"nothing can be ingested (for {_codes(report, 'error')})")
    if "checksums" in report and not report["checksums"]["n_listed"]:
        clauses.append("no checksum was compared")
    if report["left_out"]:
        parts = (LEFT_OUT[reason].format(f"{n:,}") for reason, n in report["left_out"].items())
        clauses.append(f"left out: {', '.join(parts)}")
    if len(clauses) == 1:
        clauses.append("nothing is lost")
    if endless := say_ends(report["faults"]):
        clauses.append(endless)
    return f"reasons: {'; '.join(clauses)}"


def _codes(report: Mapping[str, Any], severity: str) -> str:
    faults = report["faults"].items()
    return ", ".join(
        f"{code} {fault['rows']:,}" for code, fault in faults if fault["severity"] == severity
    )


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
