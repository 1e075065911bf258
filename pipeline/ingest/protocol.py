"""What a reader of a data set hands to the driver (`ingest/run.py`), and when.

A reader lists a tree, plans the splits of its readings, then reads them one by one into chunks. The
driver does the rest: chunks, workers, writing, counts and the summary.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gazescribe.pipeline.ingest.chunks import Chunk
from gazescribe.pipeline.ingest.settings import Ingest, Options
from gazescribe.pipeline.sources.faults import Fault


@dataclass(frozen=True)
class Listing:
    """A tree before its readings are read.

    Attributes
    ----------
    readings : sequence
        What `Reader.read` takes, one by one, in rising order of id; empty where the plan gives it.
    faults : list of Fault
        Everything wrong with the lists, errors among them.
    ids : mapping of str to set of str
        Ids listed, under the names of the manifest's `ids`.
    content : object
        What else the reader wants to plan and to count by.
    sampled : sequence, optional
        What `Reader.read_samples` takes; None where samples are not read in a pass of their own.
    further_counts : mapping of str to int
        Counts that `verify` gives; `ingest` has them elsewhere in its summary.
    """

    readings: Sequence[Any]
    faults: list[Fault]
    ids: Mapping[str, set[str]] = field(default_factory=dict)
    content: Any = None
    sampled: Sequence[Any] | None = None
    further_counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """The splits of a tree.

    Attributes
    ----------
    readings : sequence
        What `Reader.read` takes, with its split.
    sources : dict of str to str
        `split_source` and the like; stands in each table and in the summary.
    summary : dict of str to object
        What else the summary says: `splits`, and what one data set alone has.
    faults : list of Fault
        Warnings about the lists.
    """

    readings: Sequence[Any]
    sources: dict[str, str]
    summary: dict[str, Any]
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True)
class Reader:
    """How one data set is read.

    Attributes
    ----------
    tables : tuple of str
        Tables that are always written.
    list_readings : callable
        Of root, manifest and options: lists the tree. Does not raise for what is wrong with it.
    plan : callable
        Of root, listing, settings and options: decides the splits. A ManifestError if a subject is
        in two.
    count : callable
        Of listing and notes: what the tree holds, under the names of the manifest's `counts`.
    read : callable
        Of root, one reading, manifest, settings and a chunk, to which it adds rows and faults.
        Importable by name, for it travels to workers.
    read_samples : callable, optional
        The same for gaze samples that are read in a pass of their own.
    in_process : bool
        Readings are views of tables in memory, too large to send to workers.
    split_fault : tuple of str, optional
        Where `verify` plans too: the code of a subject in two splits, and its file's name in the
        manifest. None where readings are read whatever their splits are.
    """

    tables: tuple[str, ...]
    list_readings: Callable[[Path, Any, Options], Listing]
    plan: Callable[[Path, Listing, Ingest, Options], Plan]
    count: Callable[[Listing, Chunk], dict[str, int]]
    read: Callable[[Path, Any, Any, Ingest, Chunk], None]
    read_samples: Callable[[Path, Any, Any, Ingest, Chunk], None] | None = None
    in_process: bool = False
    split_fault: tuple[str, str] | None = None
