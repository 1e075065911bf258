"""What a reader of a data set hands to the driver (`ingest/run.py`), and when.

A reader lists a tree, plans the splits of its readings, then reads them one by one into chunks. The
driver does the rest: chunks, workers, writing, counts and the summary.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.packets import Readings
from gazescribe.pipeline.ingest.settings import Ingest, IngestOptions
from gazescribe.pipeline.sources.faults import Fault


@dataclass(frozen=True)
class Listing:
    """A tree before its readings are read."""

    # what `Reader.read` takes, by rising id; empty where the plan gives it
    readings: Readings[Any]
    faults: list[Fault]  # of the lists, errors among them
    # gives the ids listed, under the names of the manifest's `ids`: sets of large trees are large
    ids: Callable[[], dict[str, set[str]]] = dict
    content: Any = None  # what else the reader wants to plan and to count by
    # for `Reader.read_samples`; None where samples need no pass of their own
    sampled: Readings[Any] | None = None
    # given by `verify`; `ingest` has them elsewhere in its summary
    further_counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """The splits of a tree."""

    readings: Readings[Any]  # what `Reader.read` takes, with their splits
    sources: dict[str, str]  # `split_source` and the like, for each table and the summary
    summary: dict[str, Any]  # `splits`, and what one data set alone has
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Reader:
    """How one data set is read.

    `plan` raises a ManifestError if a subject is in two splits. `read` and `read_samples` are
    importable by name, for they travel to workers; they add rows and faults to the chunk.
    """

    tables: tuple[str, ...]  # those that are always written
    # of root, manifest and options; does not raise for what is wrong with the tree
    list_readings: Callable[[Path, Any, IngestOptions], Listing]
    plan: Callable[[Path, Listing, Ingest, IngestOptions], Plan]
    # what the tree holds, under the names of the manifest's `counts`
    count: Callable[[Listing, Chunk], dict[str, int]]
    # of root, one reading, manifest, settings and chunk
    read: Callable[[Path, Any, Any, Ingest, Chunk], None]
    # the same for gaze samples that are read in a pass of their own
    read_samples: Callable[[Path, Any, Any, Ingest, Chunk], None] | None = None
    in_process: bool = False  # readings are views of tables in memory, too large to send to workers
    # of listing and notes, once all is read: weighs faults by how many readings have them
    conclude: Callable[[Listing, Chunk], None] | None = None
    # `count` and `conclude` look at single faults, which else are counted as they come
    looks_at_faults: bool = False
    # the code of a subject in two splits, and the file that says so
    split_fault: tuple[str, str] = ("subject_in_two_splits", "the table of readings")
    # of a listing and MIMIC-CXR-JPG's folder or metadata table: what differs; `verify` alone asks
    compare_with_mimic: Callable[[Listing, Path], list[Fault]] | None = None
