"""The report of `verify`: a raw tree against its manifest, every fault at once and what it costs.

Reads: the names of the files of a tree, and its survey (`ingest/run.py`). Writes: the gaze-quality
table when asked for. Drops: nothing.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.ingest.quality import COLUMNS, summarise_quality
from gazescribe.pipeline.sources.faults import Fault, Survey, count_faults, count_lost
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.manifests import Manifest

EXAMPLES = 3
SHOWN = 10
SEVERITIES = {"error": "errors", "loss": "losses", "warning": "warnings"}


def list_files(
    root: Path, manifest: Manifest, ids: Mapping[str, set[str]]
) -> dict[str, dict[str, Any]]:
    """Count the files of a tree by their names in the manifest.

    `ids` are those that the tables list; files of other ids are `unlisted` and not ingested. Gives
    numbers of files by name as `ingested`, `not_ingested` and `unlisted`; and as `unknown` the
    number and first paths of those that the manifest does not name.
    """
    matchers = [(file, manifest.matcher(file)) for file in manifest.files]
    counts = {kind: Counter[str]() for kind in ("ingested", "not_ingested", "unlisted")}
    unknown = []
    paths = [Path(folder) / name for folder, _, names in os.walk(root) for name in names]
    for path in (path.relative_to(root).as_posix() for path in paths):
        for file, matcher in matchers:
            if match := matcher.fullmatch(path):
                parts = match.groupdict().items()
                is_strange = any(ids.get(name) and part not in ids[name] for name, part in parts)
                kind = "unlisted" if is_strange else "ingested" if file.ingested else "not_ingested"
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


def make_report(survey: Survey, files: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    """Put together the report of `verify`.

    `counts` are those found and those of the full release, `n` the reasons by severity; `lost` and
    `lost_rows` are from `count_lost`, `files` from `list_files`; `quality` has percentiles.
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


def write_quality(columns: Mapping[str, list[Any]], path: Path) -> None:
    """Write the gaze-quality table as CSV, one row a reading."""
    rows = zip(*(columns.get(name, []) for name in COLUMNS), strict=True)
    with replacing(path) as beside, beside.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
