"""Where the annotations of a run come from: which data sets, and which of their folders.

A word stands for a data set of the paper and a kind of maps, so that its models read as they do
there; any other data set is named: `{gaze: [reflacx, mylab]}`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gazescribe.pipeline.core.errors import nearest

Supervision = str | dict[str, tuple[str, ...]]
"""`none`, one of `WORDS`, or names of data sets by kind of maps."""


class Source(NamedTuple):
    """Annotations of one data set; folders are fields of `MilInputs` (`settings.input_of`).

    `kind` is gaze (labels are those said), ellipse (those drawn) or report (those drawn, each with
    the map of the whole report). `associated` has the windows that gaze was drawn from.
    """

    kind: str
    dataset: str
    tables: str
    maps: str
    associated: str | None = None

    @property
    def drawn_from(self) -> str:
        """The folder with the Gaussians, or the ellipses, that its maps are drawn from."""
        if self.kind == "ellipse":
            return self.tables
        return self.associated or "associated"

    def folders(self, *, drawn: bool) -> list[str]:
        """All of its folders, where its maps are drawn, or come from shards."""
        maps = self.drawn_from if drawn else self.maps
        folders = (self.tables, maps, self.associated)
        return list(dict.fromkeys(folder for folder in folders if folder))


NONE = "none"
KINDS = {"gaze": "label_maps", "ellipse": "ellipse_maps"}
"""Kinds of maps that any data set can supervise by, and the folder that has them."""
WORDS = {
    "ellipse": Source("ellipse", "reflacx", "reflacx", "ellipse_maps"),
    "gaze": Source("gaze", "reflacx", "reflacx", "label_maps", "associated"),
    "degraded": Source("gaze", "reflacx", "reflacx", "degraded_maps", "degraded_associated"),
    "report": Source("report", "reflacx", "reflacx", "report_maps"),
    "egd": Source("gaze", "egd", "egd", "egd_maps", "egd_associated"),
}
EXPECTED = f"{', '.join((NONE, *WORDS))}, or {{gaze: [data set, …], ellipse: […]}}"
"""What a supervision may be, in words."""
OF_PAPER = {("gaze", "reflacx"): "gaze", ("ellipse", "reflacx"): "ellipse", ("gaze", "egd"): "egd"}
"""Words for the data sets that have folders of their own in `MilFolders`."""
TABLES = {"mimic": "mimic", "reflacx": "reflacx", "egd": "egd"}
"""Fields of their tables."""
LONG_NAMES = {"mimic": "MIMIC-CXR-JPG", "reflacx": "REFLACX", "egd": "EGD"}


def sources_of(supervision: Supervision) -> tuple[Source, ...]:
    """List where annotations come from, in the order in which they are named."""
    if isinstance(supervision, str):
        return (WORDS[supervision],) if supervision in WORDS else ()
    return tuple(source_of(kind, dataset) for kind, dataset in named_in(supervision))


def named_in(supervision: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Give each kind and data set that are named, in their order."""
    for kind, datasets in supervision.items():
        for dataset in datasets:
            yield kind, dataset


def source_of(kind: str, dataset: str) -> Source:
    """Find the annotations of a kind of a data set; KeyError for one of the paper without any."""
    if dataset in TABLES:
        return WORDS[OF_PAPER[kind, dataset]]
    key = f"datasets.{dataset}"
    associated = f"{key}.associated" if kind == "gaze" else None
    return Source(kind, dataset, f"{key}.tables", f"{key}.{KINDS[kind]}", associated)


def lacking(
    folders_by_dataset: Mapping[str, Any], kind: str, dataset: str, *, drawn: bool = False
) -> str | None:
    """Say what a data set lacks for annotations of a kind; None where it has all of them.

    `own` are the folders (`settings.MilDataset`) of the data sets that are none of the paper's.
    Where maps are `drawn` from Gaussians, those of gaze need no shards.
    """
    if dataset in TABLES:
        return None if (kind, dataset) in OF_PAPER else f"{dataset} has no maps of {kind}"
    known = ("reflacx", "egd", *folders_by_dataset)
    if dataset not in folders_by_dataset:
        return f"{', '.join(known)} expected{nearest(dataset, known)}, found {dataset}"
    of_gaze = kind == "gaze"
    fields = [*[KINDS[kind]] * (not (drawn and of_gaze)), *["associated"] * of_gaze]
    absent = [field for field in fields if getattr(folders_by_dataset[dataset], field) is None]
    return f"inputs.datasets.{dataset} has no {', '.join(absent)}" if absent else None


def tables_of(dataset: str) -> str:
    """Name the field of the tables of a data set."""
    return TABLES.get(dataset, f"datasets.{dataset}.tables")


def list_name(dataset: str) -> str:
    """Name the unannotated images of a data set: its readings, with maps, have its own name."""
    return dataset if dataset == "mimic" else f"{dataset}-images"


def check_supervision(supervision: Supervision) -> None:
    """Check what can be said of it alone; raises ValueError."""
    if isinstance(supervision, str):
        if supervision not in (NONE, *WORDS):
            raise ValueError(f"{EXPECTED} expected")
        return
    faults = list(_faults(supervision))
    if faults:
        raise ValueError("; ".join(faults))


def _faults(supervision: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    datasets = [dataset for _, dataset in named_in(supervision)]
    if not datasets:
        yield "at least one data set expected, or `none`"
    for kind in supervision:
        if kind not in KINDS:
            yield f"{', '.join(KINDS)} expected, not {kind}"
    for dataset in sorted({name for name in datasets if datasets.count(name) > 1}):
        yield f"{dataset} can supervise once"
