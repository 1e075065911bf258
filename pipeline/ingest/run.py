"""Raw trees to tables, and the same without writing: the one driver of all readers.

Reads: a tree as its manifest describes it. Writes: the tables that its reader gives, and
`ingest.json`. Params: `ingest`. Drops, each counted by reason: what the reader of the data set
leaves out (see there). Only this file knows the readers by name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.ingest.chunks import Chunk, cut, find_obsolete, write_chunks
from gazescribe.pipeline.ingest.packets import Readings
from gazescribe.pipeline.ingest.protocol import Listing, Reader
from gazescribe.pipeline.ingest.settings import Ingest, IngestOptions
from gazescribe.pipeline.ingest.understood import sum_up
from gazescribe.pipeline.sources.faults import Fault, Survey, Tally, refuse
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.table_manifests import OwnManifest


def ingest_tree(
    root: Path, out: Path, manifest: Manifest, settings: Ingest, options: IngestOptions
) -> dict[str, Any]:
    """Write all tables of a tree to a folder; give the content of its `ingest.json`.

    That is counts, and what was left out by reason. A ManifestError, with all faults at once, if a
    file that all others need cannot be used, a list cannot be read, or a subject is in two splits;
    a GazeError if `out` holds the tables of another data set.
    """
    reader = _reader_of(manifest)
    listing = reader.list_readings(root, manifest, options)
    refuse(listing.faults, where=root)
    plan = reader.plan(root, listing, settings, options)
    version = manifest.versions[0]
    extra = {**plan.sources, "source": f"{manifest.name} {version}"}
    has_samples = listing.sampled is not None
    names = (*reader.tables, "samples") if has_samples else reader.tables
    obsolete = find_obsolete(out, manifest.name, names)
    place = {"root": root, "manifest": manifest, "settings": settings}
    with replacing_folder(out, "tables", obsolete=obsolete, mark="ingest.json") as folder:
        tally = Tally([*listing.faults, *plan.faults])
        keep = None if reader.looks_at_faults else tally
        n_rows, notes = _read(reader, listing, plan.readings, place, options, folder, extra, keep)
        refuse(notes.faults, where=root)
        if reader.looks_at_faults:
            tally.add(notes.faults)
        summary = {
            "dataset": manifest.name,
            "version": version,
            **plan.sources,
            "rows": n_rows,
            "counts": reader.count(listing, notes),
            **plan.summary,
            "faults": tally.by_reason(),
            **tally.lost(),
        }
        if "readings" in reader.tables:
            summary["without_gaze"] = dict(sorted(notes.without_gaze.items()))
        # Measures stay out of the file: networks know their inputs by what the folder holds.
        write_json(summary, folder / "ingest.json")
    return {**summary, "understood": sum_up(notes.measures)}


def survey_tree(root: Path, manifest: Manifest, settings: Ingest, options: IngestOptions) -> Survey:
    """Read a whole tree as `ingest_tree` does, with the same parameters, and write nothing."""
    reader = _reader_of(manifest)
    listing = reader.list_readings(root, manifest, options)
    faults, readings = list(listing.faults), listing.readings
    if all(fault.severity != "error" for fault in faults):
        code, file = reader.split_fault
        try:
            readings = reader.plan(root, listing, settings, options).readings
        except ManifestError as error:
            faults += [Fault("error", code, text, file) for text in error.faults]
    if reader.compare_with_mimic is not None and options.mimic_metadata is not None:
        faults += reader.compare_with_mimic(listing, options.mimic_metadata)
    place = {"root": root, "manifest": manifest, "settings": settings}
    _, notes = _read(reader, listing, readings, place, options)
    counts = {**reader.count(listing, notes), **listing.further_counts}
    # What no file can be read for is missing in every reading: that is no fault of its own.
    errors = [fault for fault in faults if fault.severity == "error"]
    unread = {f"{fault.code.partition('_')[0]}_missing" for fault in errors}
    noted = [fault for fault in notes.faults if fault.code not in unread]
    understood = sum_up(notes.measures)
    return Survey(faults + noted, counts, notes.quality, understood, listing.ids())


def _reader_of(manifest: Manifest) -> Reader:
    """Import the reader of a data set and no other, for each loads libraries of its own."""
    if isinstance(manifest, OwnManifest):
        from gazescribe.pipeline.ingest.by_manifest.reader import READER
    elif manifest.name == "reflacx":
        from gazescribe.pipeline.ingest.reflacx.reader import READER
    elif manifest.name == "egd":
        from gazescribe.pipeline.ingest.egd.reader import READER
    else:
        from gazescribe.pipeline.ingest.mimic.reader import READER
    return READER


def _read(
    reader: Reader,
    listing: Listing,
    readings: Readings[Any],
    place: Mapping[str, Any],
    options: IngestOptions,
    out: Path | None = None,
    extra: Mapping[str, str] | None = None,
    tally: Tally | None = None,
) -> tuple[dict[str, int], Chunk]:
    """Read all readings, then all samples; write them where there is a folder for them.

    With a tally, faults are counted there and not kept.
    """
    in_workers = partial(map_tasks, workers=options.workers, scheduler=options.scheduler)
    read = partial(_read_chunk, read=reader.read, **place)
    if reader.in_process:
        chunks: Iterator[Chunk] = map(read, cut(readings))
    else:
        chunks = in_workers(read, cut(readings), description="readings")
    n_rows, notes = write_chunks(chunks, out, reader.tables, extra, tally)
    if listing.sampled is not None and reader.read_samples is not None:
        read = partial(_read_chunk, read=reader.read_samples, **place)
        # One reading a chunk: the 45,000 samples of a REFLACX reading are a row group, and all
        # that is in memory.
        chunks = in_workers(read, cut(listing.sampled, 1), description="samples")
        n_samples, more = write_chunks(chunks, out, ["samples"], extra, tally)
        n_rows |= n_samples
        notes.take_notes(more)
    if reader.conclude is not None:
        reader.conclude(listing, notes)
    return n_rows, notes


def _read_chunk(
    readings: Sequence[Any],
    *,
    read: Callable[[Path, Any, Any, Ingest, Chunk], None],
    root: Path,
    manifest: Manifest,
    settings: Ingest,
) -> Chunk:
    chunk = Chunk()
    for reading in readings:
        read(root, reading, manifest, settings, chunk)
    return chunk.pack()
