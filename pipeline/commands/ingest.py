"""The command `ingest`: raw tree to tables, for any of the three data sets, or one of your own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import Params, load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import ManifestError, ParamsError
from gazescribe.pipeline.dictation.sentence_counts import say_ends
from gazescribe.pipeline.ingest.settings import IngestOptions
from gazescribe.pipeline.ingest.understood import say
from gazescribe.pipeline.sources.faults import say_lost
from gazescribe.pipeline.sources.loading import complete_dataset, load_manifest, load_readable
from gazescribe.pipeline.sources.roots import find_root
from gazescribe.pipeline.sources.table_manifests import OwnManifest

WITH_REFLACX = ("egd", "mimic-cxr-jpg")
"""Data sets that have subjects of REFLACX."""
COUNTED = {
    "readings": ("reading",),
    "readings_with_gaze": ("with gaze", "with gaze"),
    "studies": ("study", "studies"),
    "images": ("image",),
    "subjects": ("subject",),
}


@options.command(
    "ingest",
    example="gazescribe ingest reflacx data/demo data/tables/reflacx",
    section="ingest",
    takes_addresses=True,
)
@click.argument("dataset", shell_complete=complete_dataset)
@click.argument("root", type=options.RAW_TREE)
@click.argument("out", type=options.NEW_FOLDER)
@click.option(
    "--val-subjects",
    type=options.EXISTING_FILE,
    help="The authors' validation subjects, one a line.  [default: a seeded draw]",
)
@click.option(
    "--tuning-readings",
    type=options.EXISTING_FILE,
    help="The authors' labeler-tuning readings, one a line.  [default: a seeded draw]",
)
@options.mimic_metadata_option
@click.option(
    "--reflacx",
    type=options.EXISTING_FOLDER,
    help="REFLACX's tables, or its root: validation subjects of EGD and MIMIC-CXR-JPG are drawn"
    " among its own.",
)
@click.option(
    "--beside",
    type=options.EXISTING_FOLDER,
    help="Where other data sets lie: REFLACX and MIMIC-CXR-JPG are taken from there for those"
    " that need them, as by the two options.",
)
@click.option("--samples", is_flag=True, help="Write the table of gaze samples too.")
@options.parallel_options
@options.params_option
@options.json_option
def ingest(
    dataset: str,
    root: Path,
    out: Path,
    beside: Path | None,
    params_file: Path | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Turn the raw tree under ROOT into tables in OUT.

    DATASET is reflacx, egd or mimic-cxr-jpg, or the manifest of your own data: its name in
    data_manifests/, or the path of a YAML file (docs/own-data.md).
    """
    from gazescribe.pipeline.ingest.run import ingest_tree

    params = load_params(params_file)
    settings = params.ingest
    manifest = load_readable(dataset)
    if isinstance(manifest, OwnManifest):
        _check_list(manifest, params)
    if isinstance(manifest, OwnManifest) and values["val_subjects"] is not None:
        problem = (
            f"--val-subjects are MIMIC-CXR's; readings of {manifest.name} need a column split."
        )
        raise click.UsageError(problem)  # it would be without effect
    for name in ("val_subjects", "tuning_readings"):
        values[name] = values[name] or getattr(settings, name)  # the command line wins
    if values["reflacx"] is not None and manifest.name not in WITH_REFLACX:
        message = f"--reflacx is an option of {' and '.join(WITH_REFLACX)}, not of {manifest.name}."
        raise click.UsageError(message)  # it would be without effect
    if beside is not None and manifest.name in WITH_REFLACX:
        values["mimic_metadata"] = values["mimic_metadata"] or beside
        values["reflacx"] = values["reflacx"] or _reflacx_root(beside)
    root = find_root(root, manifest)
    summary = ingest_tree(root, out, manifest, settings, IngestOptions(**values))
    lines = [f"{summary_line(summary)} → {out}", *say(summary["understood"])]
    options.summarise("\n".join(lines), summary, as_json=as_json)


def _check_list(manifest: OwnManifest, params: Params) -> None:
    """Refuse a data set in the wrong list for DVC: its maps would be empty, or a stage fail."""
    tables, name = manifest.tables, manifest.name
    if name in params.datasets and tables.samples is not None and tables.fixations is None:
        raise ParamsError(
            f"`datasets` names {name}, whose manifest has samples and no fixations: no map would be"
            " drawn.",
            where="params.yaml",
            remedy="Name it in `samples_alone` instead: its fixations are found first.",
        )
    if name in params.samples_alone and tables.samples is None:
        raise ParamsError(
            f"`samples_alone` names {name}, whose manifest has no samples to find fixations in.",
            where="params.yaml",
            remedy="Name it in `datasets` instead.",
        )


def _reflacx_root(folder: Path) -> Path | None:
    """Find REFLACX in a folder; where it is not, the splits say that they were drawn without it."""
    try:
        return find_root(folder, load_manifest("reflacx"))
    except ManifestError:
        return None


def counts_line(summary: Mapping[str, Any]) -> str:
    """Say how many readings, studies, images and subjects there are."""
    counts = [
        plural(summary["counts"][name], *words)
        for name, words in COUNTED.items()
        if name in summary["counts"]
    ]
    return f"{summary['dataset']}: {', '.join(counts)}"


def summary_line(summary: Mapping[str, Any]) -> str:
    """Say in one line what was read, what was left out and where the splits come from."""
    reasons = [
        f"{reason} {count:,}"
        for kind in ("without_gaze", "left_out")
        for reason, count in summary.get(kind, {}).items()
        if count
    ]
    left_out = [f"left out: {', '.join(reasons)}"] if reasons else []
    if lost := say_lost(summary):
        left_out.append(f"lost: {lost} (`gazescribe verify` names them)")
    endless = say_ends(summary["faults"])
    return "; ".join(
        (
            counts_line(summary),
            *(left_out or ["nothing left out"]),
            *([endless] if endless else []),
            f"split: {summary['split_source']}",
        )
    )
