"""The folder that tables are written to: it holds one data set, and nothing of an earlier run."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import settle
from gazescribe.pipeline.core.tables import table_path

INGESTED = (
    "readings",
    "fixations",
    "words",
    "sentences",
    "samples",
    "certainties",
    "ellipses",
    "regions",
    "attributes",
    "studies",
    "images",
)


def find_obsolete(out: Path, dataset: str, names: Iterable[str]) -> list[str]:
    """Find the tables that an earlier run left and this one does not write.

    Parameters
    ----------
    out : pathlib.Path
        Folder of the tables; need not exist.
    dataset : str
        Name of the data set that is about to be written; empty where it is unknown.
    names : iterable of str
        Tables that are about to be written.

    Returns
    -------
    list of str
        Names of their files.

    Raises
    ------
    GazeError
        If tables of another data set lie there.
    """
    settle(out)
    present = [name for name in INGESTED if table_path(out, name).is_file()]
    strangers = ", ".join(sorted({dataset_of(out, name) for name in present} - {dataset, ""}))
    if dataset and strangers:
        problem = f"tables of {strangers} lie here, and {dataset} would mix with them."
        raise GazeError(problem, where=out, remedy="Name another folder, or empty this one.")
    return [table_path(out, name).name for name in set(present).difference(names)]


def dataset_of(folder: Path, table: str = "readings") -> str:
    """Name the data set that a table was ingested from; empty where the file does not say it."""
    try:
        metadata = pq.read_schema(table_path(folder, table)).metadata or {}
    except (pa.ArrowException, OSError):
        return ""
    return str(metadata.get(b"source", b"").decode().rpartition(" ")[0])
