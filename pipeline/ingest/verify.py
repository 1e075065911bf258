"""The report of `verify`: a raw tree against its manifest, every fault at once and what it costs.

Reads: a tree, as `ingest/run.py` surveys it, and the names of its files. Writes: the gaze-quality
table when asked for. Params: `ingest`. Drops: nothing.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.ingest.checksums import Checked, check_sums
from gazescribe.pipeline.ingest.digests import default_state
from gazescribe.pipeline.ingest.quality import COLUMNS, summarise_quality
from gazescribe.pipeline.ingest.settings import Ingest, IngestOptions
from gazescribe.pipeline.sources.faults import Fault, Survey, Tally
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.roots import find_beside, find_root
from gazescribe.pipeline.sources.walking import Entry, entries_below

EXAMPLES = 3
SHOWN = 10
SEVERITIES = {"error": "errors", "loss": "losses", "warning": "warnings"}


@dataclass(frozen=True)
class Verified:
    """What `verify` found in a tree."""

    root: Path  # of the tree
    report: dict[str, Any]  # as `make_report` gives it
    quality: dict[str, list[Any]]  # gaze-quality table by column
    checked: Checked | None  # None where no checksums were asked for


def verify_tree(
    start: Path,
    manifest: Manifest,
    settings: Ingest,
    options: IngestOptions,
    *,
    checksums: bool = False,
    state: Path | None = None,
) -> Verified:
    """Check the raw tree at `start`, or in a folder below, against its manifest.

    `checksums` compares its files with SHA256SUMS.txt, too; `state` is where their digests are
    kept for later runs. A ManifestError if no tree is there.
    """
    from gazescribe.pipeline.ingest.run import survey_tree  # readers load libraries of their own

    root = find_root(start, manifest)
    if manifest.name == "reflacx" and options.mimic_metadata is None:
        beside = find_beside(start, root, load_manifest("mimic-cxr-jpg"))
        options = replace(options, mimic_metadata=beside)
    survey = survey_tree(root, manifest, settings, options)
    entries = list(entries_below(root))
    sizes = {entry.path: entry.size for entry in entries if entry.kind == "file"}
    files = list_files(sizes, manifest, survey.ids)
    survey.faults.extend(odd_entries(entries, manifest))
    survey.faults.extend(absent_images(files, manifest, survey.ids))
    survey.faults.extend(fewer_than_released(survey, manifest))
    checked = None
    if checksums:
        checked = check_sums(
            root,
            manifest,
            sizes,
            state or default_state(root),
            workers=options.workers,
            scheduler=options.scheduler,
        )
        survey.faults.extend(checked.faults)
    report = make_report(survey, files, manifest, checked)
    report["mimic_metadata"] = options.mimic_metadata and str(options.mimic_metadata)
    return Verified(root, report, survey.quality, checked)


def list_files(
    paths: Iterable[str], manifest: Manifest, ids: Mapping[str, set[str]]
) -> dict[str, dict[str, Any]]:
    """Count the files of a tree by their names in the manifest.

    `paths` are below the root. `ids` are those that the tables list; files of other ids are
    `unlisted` and not ingested. Gives numbers of files by name as `ingested`, `not_ingested` and
    `unlisted`, and as `unlisted_ids` those of readings and images that could be ingested; and as
    `unknown` the number and first paths of those that the manifest does not name.
    """
    matchers = [(file, manifest.matcher(file)) for file in manifest.files]
    counts = {kind: Counter[str]() for kind in ("ingested", "not_ingested", "unlisted")}
    strangers: defaultdict[str, set[str]] = defaultdict(set)
    unknown = []
    for path in paths:
        for file, matcher in matchers:
            if match := matcher.fullmatch(path):
                parts = match.groupdict().items()
                strange = [(name, part) for name, part in parts if not _is_listed(name, part, ids)]
                kind = "unlisted" if strange else "ingested" if file.ingested else "not_ingested"
                counts[kind][file.name] += 1
                for name, part in strange[-1:]:  # of an image's ids the last is its own
                    strangers[name if file.ingested else ""].add(part)
                break
        else:
            unknown.append(path)
    strangers.pop("", None)
    return {
        **{kind: dict(sorted(count.items())) for kind, count in counts.items()},
        "unlisted_ids": {name: len(parts) for name, parts in sorted(strangers.items())},
        "unknown": {"files": len(unknown), "first": sorted(unknown)[:SHOWN]},
    }


def _is_listed(name: str, part: str, ids: Mapping[str, set[str]]) -> bool:
    return not ids.get(name) or part in ids[name]


def odd_entries(entries: Iterable[Entry], manifest: Manifest) -> Iterator[Fault]:
    """Warn of what is no file, and of names that the manifest has in other letters."""
    spellings = [
        (file.pattern, re.compile(manifest.matcher(file).pattern, re.IGNORECASE))
        for file in manifest.files
    ]
    matchers = [manifest.matcher(file) for file in manifest.files]
    for entry in sorted(entries):
        if entry.kind != "file":
            message = f"this is a {entry.kind}, and is not read"
            if entry.kind == "unreadable":
                message = "this folder cannot be entered"
            yield Fault("warning", "not_a_file", message, entry.path)
        elif not any(matcher.fullmatch(entry.path) for matcher in matchers):
            for pattern, matcher in spellings:
                if matcher.fullmatch(entry.path):
                    message = f"this is not read, for it is not named {pattern}: mind the letters"
                    yield Fault("warning", "name_in_other_letters", message, entry.path)
                    break


def fewer_than_released(survey: Survey, manifest: Manifest) -> Iterator[Fault]:
    """Warn where a tree has less than the full release: parts may be lost, or not wanted."""
    is_readable = all(fault.severity != "error" for fault in survey.faults)
    if is_synthetic(survey.ids) or not is_readable:
        return
    for name, full in manifest.counts.items():
        n = survey.counts.get(name)
        if n is not None and n < full:
            message = f"{name}: {n:,} of {full:,} of the full release"
            yield Fault(
                "warning", "fewer_than_released", message, "the tree", item=name, n=full - n
            )


def left_out(survey: Survey, files: Mapping[str, Any], checked: Checked | None) -> dict[str, int]:
    """Count what is left out although no file is wrong, by reason; without those that are 0."""
    excluded = sum(bool(reasons) for reasons in survey.quality.get("excluded", ()))
    strange = sum(files.get("unlisted_ids", {}).values())
    fewer = {fault.item: fault.n for fault in survey.faults if fault.code == "fewer_than_released"}
    counts = {
        "excluded_by_quality": excluded,
        "in_no_table": strange,
        "fewer_readings_than_released": fewer.get("readings", 0),
        "fewer_images_than_released": fewer.get("images", 0),
        "absent_by_checksums": checked.n_absent if checked else 0,
    }
    return {reason: n for reason, n in counts.items() if n}


def absent_images(
    files: Mapping[str, Any], manifest: Manifest, ids: Mapping[str, set[str]]
) -> Iterator[Fault]:
    """Warn where a data set of radiographs lacks some: tables can be read without them.

    `files` is from `list_files`; the radiographs are the file that the manifest names `image`.
    """
    n_listed = len(ids.get("dicom_id", ()))
    n_images = files["ingested"].get("image", 0)
    for file in manifest.files:
        if file.name == "image" and n_images < n_listed:
            message, n = f"radiographs there: {n_images:,} of {n_listed:,}", n_listed - n_images
            yield Fault("warning", "radiographs_absent", message, file.pattern, n=n)


def is_synthetic(ids: Mapping[str, set[str]]) -> bool:
    """Tell whether all subjects and images have ids of the demo."""
    demo = load_manifest("demo")
    pairs = [(kind, text) for kind in ("subject_id", "dicom_id") for text in ids.get(kind, ())]
    return bool(pairs) and all(demo.is_id(kind, text) for kind, text in pairs)


def make_report(
    survey: Survey, files: Mapping[str, Any], manifest: Manifest, checked: Checked | None = None
) -> dict[str, Any]:
    """Put together the report of `verify`.

    `counts` are those found and those of the full release, `n` the reasons by severity; `lost` and
    `lost_rows` are from `Tally`, `left_out` from the function of that name, `files` from
    `list_files`; `quality` has percentiles; `checksums` only where they were asked for.
    """
    tally = Tally(survey.faults)
    faults = tally.by_reason()
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
        **tally.lost(),
        "left_out": left_out(survey, files, checked),
        "files": dict(files),
        **({"checksums": checked.as_json()} if checked else {}),
        "quality": summarise_quality(survey.quality),
        "understood": survey.understood,
    }


def write_quality(columns: Mapping[str, list[Any]], path: Path) -> None:
    """Write the gaze-quality table as CSV, one row a reading."""
    rows = zip(*(columns.get(name, []) for name in COLUMNS), strict=True)
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
