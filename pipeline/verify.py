"""The command `verify`: a raw tree against its manifest, every fault at once and what it costs.

Reads: a raw tree, with the readers that `ingest` uses. Writes: the gaze-quality table when asked
for. Params: `ingest.quality`. Drops: nothing.
"""

import csv
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from pipeline.console import (
    EXISTING_FOLDER,
    command,
    json_option,
    parallel_options,
    params_option,
    plural,
    summarise,
)
from pipeline.ingest.faults import Fault, Survey, count_faults, count_lost, say_lost
from pipeline.ingest.roots import find_root
from pipeline.ingest.settings import Ingest, Options
from pipeline.manifests import Manifest, complete_dataset, load_manifest, load_readable
from pipeline.own_manifests import OwnManifest
from pipeline.quality import COLUMNS, summarise_quality
from pipeline.tables import replacing

EXAMPLES = 3
SHOWN = 10
SEVERITIES = {"error": "errors", "loss": "losses", "warning": "warnings"}


@command("verify")
@click.argument("dataset", shell_complete=complete_dataset)
@click.argument("root", type=EXISTING_FOLDER)
@click.option(
    "--quality",
    "quality_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the gaze quality of each reading to this CSV file.",
)
@click.option(
    "--mimic-metadata",
    type=click.Path(exists=True, path_type=Path),
    help="EGD: MIMIC-CXR-JPG folder, or its metadata table; gives splits and image sizes.",
)
@click.option("--samples", is_flag=True, help="Read the gaze samples too.")
@parallel_options
@params_option
@json_option
@click.pass_context
def verify(
    ctx: click.Context,
    /,
    dataset: str,
    root: Path,
    quality_file: Path | None,
    params_file: Path | None,
    *,
    as_json: bool,
    **given: Any,
) -> None:
    """Check the raw tree under ROOT; exit with 2 when it is faulty or something would be lost."""
    from pipeline.params import load_params

    manifest = load_readable(dataset)
    root = find_root(root, manifest)
    survey = _surveyor(manifest)(root, load_params(params_file).ingest, Options(**given))
    files = list_files(root, manifest, survey.ids)
    survey.faults.extend(absent_images(files, manifest, survey.ids))
    report = make_report(survey, files, manifest)
    if quality_file is not None:
        write_quality(survey.quality, quality_file)
    summarise("\n".join(as_text(report, root)), report, as_json=as_json)
    ctx.exit(2 if report["n"]["error"] or report["n"]["loss"] else 0)


def _surveyor(manifest: Manifest) -> Callable[[Path, Ingest, Options], Survey]:
    if isinstance(manifest, OwnManifest):
        from pipeline.ingest.generic import survey_own

        return partial(survey_own, manifest=manifest)
    if manifest.name == "reflacx":
        from pipeline.ingest.reflacx import survey_reflacx

        return survey_reflacx
    if manifest.name == "egd":
        from pipeline.ingest.egd import survey_egd

        return survey_egd
    from pipeline.ingest.mimic import survey_mimic

    return survey_mimic


def list_files(
    root: Path, manifest: Manifest, ids: Mapping[str, set[str]]
) -> dict[str, dict[str, Any]]:
    """Sort the files of a tree by what the manifest says of them.

    Parameters
    ----------
    root : pathlib.Path
        Root of the tree.
    manifest : Manifest
        Of the data set.
    ids : mapping of str to set of str
        Ids that the tables list; files of other ids are not ingested.

    Returns
    -------
    dict of str to dict
        `ingested`, `not_ingested`: number of files by name in the manifest; `unlisted`: files of
        ids that no table lists, by name; `unknown`: their number, and the first paths.
    """
    matchers = [(file, manifest.matcher(file)) for file in manifest.files]
    counts = {kind: Counter[str]() for kind in ("ingested", "not_ingested", "unlisted")}
    unknown = []
    for path in _paths(root):
        for file, matcher in matchers:
            if found := matcher.fullmatch(path):
                strange = any(ids.get(k) and v not in ids[k] for k, v in found.groupdict().items())
                kind = "unlisted" if strange else "ingested" if file.ingested else "not_ingested"
                counts[kind][file.name] += 1
                break
        else:
            unknown.append(path)
    return {
        **{kind: dict(sorted(count.items())) for kind, count in counts.items()},
        "unknown": {"files": len(unknown), "first": sorted(unknown)[:SHOWN]},
    }


def absent_images(
    files: Mapping[str, Any], manifest: Manifest, ids: Mapping[str, set[str]]
) -> Iterator[Fault]:
    """Warn where a data set of radiographs lacks some: tables can be read without them.

    Parameters
    ----------
    files : mapping
        What `list_files` gave.
    manifest : Manifest
        Of the data set; its radiographs are the file named `image`.
    ids : mapping of str to set of str
        Ids that the tables list.
    """
    listed = len(ids.get("dicom_id", ()))
    there = files["ingested"].get("image", 0)
    for file in manifest.files:
        if file.name == "image" and there < listed:
            message = f"radiographs there: {there:,} of {listed:,}"
            n = listed - there
            yield Fault("warning", "radiographs_absent", message, file.pattern, n=n)


def _paths(root: Path) -> Iterator[str]:
    for folder, _, names in os.walk(root):
        below = Path(folder).relative_to(root)
        yield from ((below / name).as_posix() for name in names)


def is_synthetic(ids: Mapping[str, set[str]]) -> bool:
    """Tell whether all subjects and images have ids of the demo."""
    demo = load_manifest("demo")
    known = [(kind, ids[kind]) for kind in ("subject_id", "dicom_id") if ids.get(kind)]
    return bool(known) and all(demo.is_id(kind, one) for kind, seen in known for one in seen)


def make_report(survey: Survey, files: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    """Put together what `verify` says.

    Returns
    -------
    dict
        `dataset`, `version`, `synthetic`, `counts` (found and in the full release), `faults` by
        reason with examples, `n` of reasons by severity, `lost` and `lost_rows` as `count_lost`
        gives them, `files`, and percentiles of the gaze `quality`.
    """
    faults = count_faults(survey.faults)
    for code, reason in faults.items():
        examples = [str(fault) for fault in survey.faults if fault.code == code]
        reason["examples"] = examples[:EXAMPLES]
    return {
        "dataset": manifest.name,
        "version": manifest.versions[0],
        "synthetic": is_synthetic(survey.ids),
        "counts": {
            name: {"found": survey.counts.get(name), "full_release": manifest.counts.get(name)}
            for name in sorted({*survey.counts, *manifest.counts})
        },
        "faults": faults,
        "n": {
            severity: sum(reason["severity"] == severity for reason in faults.values())
            for severity in SEVERITIES
        },
        **count_lost(survey.faults),
        "files": dict(files),
        "quality": summarise_quality(survey.quality),
    }


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
    reasons = ", ".join(plural(n[one], one, many) for one, many in SEVERITIES.items())
    lost = say_lost(report)
    yield f"reasons: {reasons}; " + (f"lost: {lost}" if lost else "nothing is lost")


def _counts_as_text(counts: Mapping[str, Any]) -> Iterator[str]:
    known = any(count["full_release"] is not None for count in counts.values())
    yield "counts (full release):" if known else "counts:"
    for name, count in counts.items():
        found = "-" if count["found"] is None else f"{count['found']:,}"
        full = "" if count["full_release"] is None else f" ({count['full_release']:,})"
        yield f"  {name:26}{found:>9}{full}"


def _faults_as_text(faults: Mapping[str, Any]) -> Iterator[str]:
    for severity, title in SEVERITIES.items():
        reasons = {code: one for code, one in faults.items() if one["severity"] == severity}
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


def write_quality(columns: Mapping[str, list[Any]], path: Path) -> None:
    """Write the gaze-quality table as CSV, one row a reading."""
    rows = zip(*(columns.get(name, []) for name in COLUMNS), strict=True)
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
