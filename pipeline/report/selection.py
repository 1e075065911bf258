"""Which readings get an inspector: those asked for, else some of each label and data set."""

import difflib
import sys
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path

import pyarrow as pa

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.file_names import check_file_names
from gazescribe.pipeline.core.tables import read_table, table_path
from gazescribe.pipeline.maps.overlay import choose_maps
from gazescribe.pipeline.report.layout import RunLayout


def reading_ids(folder: Path, run: RunLayout) -> dict[str, list[str]]:
    """List the readings of each data set that has any; MIMIC has none.

    Pages are named by it: ids that cannot name a file, and those that two data sets share, are
    refused.
    """
    ids = {
        name: read_table(folder / part.tables, "readings", ["reading_id"])["reading_id"].to_pylist()
        for name, part in run.datasets.items()
        if table_path(folder / part.tables, "readings").is_file()
    }
    for name, of_dataset in ids.items():
        path = table_path(folder / run.datasets[name].tables, "readings")
        check_file_names(of_dataset, "reading_id", path)
    owner: dict[str, str] = {}
    faults = []
    for name, own_ids in ids.items():
        faults += [f"{key}: in {owner[key]} and in {name}" for key in own_ids if key in owner]
        owner |= dict.fromkeys(own_ids, name)
    if faults:
        raise GazeError("data sets share reading ids.", where=folder, faults=faults)
    return ids


def choose(
    ids: Mapping[str, Sequence[str]],
    windows: Mapping[str, pa.Table],
    wanted: Sequence[str],
    count: int,
) -> dict[str, dict[str, str]]:
    """Choose readings: those asked for, else `count` at most; refuse ids that no data set has.

    Of the others the data sets come in turn, and of each the labels in turn; then readings without
    a label. `ids` has all readings of each data set, `windows` that table where they are
    associated.

    Returns
    -------
    dict of str to dict of str to str
        Chosen readings of each data set, sorted, and the label to show first; empty where the
        reading has none.
    """
    labels = {name: _labelled_first(ids[name], windows.get(name)) for name in ids}
    # The data sets in turn: the first reading of each, then the second of each, and so on.
    turns = chain.from_iterable(zip_longest(*labels.values()))
    spread = [reading_id for reading_id in turns if reading_id is not None][:count]
    chosen = set(wanted or spread)
    all_ids = list(chain.from_iterable(ids.values()))
    faults = []
    for reading_id in sorted(chosen.difference(all_ids)):
        near = difflib.get_close_matches(reading_id, all_ids, n=1)
        faults.append(f"{reading_id!r}" + (f"; did you mean {near[0]}?" if near else ""))
    if faults:
        raise GazeError(f"no data set has these readings ({len(all_ids)} known).", faults=faults)
    return {
        name: {reading_id: first[reading_id] for reading_id in sorted(chosen.intersection(first))}
        for name, first in labels.items()
    }


def _labelled_first(ids: Sequence[str], windows: pa.Table | None) -> dict[str, str]:
    """Give all readings once with a label: the labels in turn, then readings without one."""
    labels: dict[str, str] = {}
    if windows is not None:
        for rows in choose_maps(windows, (), count=sys.maxsize):
            labels.setdefault(rows[0]["reading_id"], rows[0]["label"])
    return labels | {reading_id: labels.get(reading_id, "") for reading_id in ids}
