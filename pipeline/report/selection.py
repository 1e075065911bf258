"""Which readings get an inspector: those asked for, else some of each label and data set."""

import difflib
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.tables import read_table, table_path
from gazescribe.pipeline.maps.overlay import choose_maps
from gazescribe.pipeline.report.layout import RunLayout


def reading_ids(folder: Path, run: RunLayout) -> dict[str, list[str]]:
    """List the readings of each data set that has any; MIMIC has none.

    Raises
    ------
    GazeError
        If two data sets have a reading of the same id: pages are named by it.
    """
    found = {
        name: read_table(folder / part.tables, "readings", ["reading_id"])["reading_id"].to_pylist()
        for name, part in run.datasets.items()
        if table_path(folder / part.tables, "readings").is_file()
    }
    owner: dict[str, str] = {}
    faults = []
    for name, ids in found.items():
        faults += [f"{one}: in {owner[one]} and in {name}" for one in ids if one in owner]
        owner |= dict.fromkeys(ids, name)
    if faults:
        raise GazeError("data sets share reading ids.", where=folder, faults=faults)
    return found


def choose(
    ids: Mapping[str, Sequence[str]],
    windows: Mapping[str, pa.Table],
    asked: Sequence[str],
    count: int,
) -> dict[str, dict[str, str]]:
    """Choose readings.

    Parameters
    ----------
    ids : dict of str to sequence of str
        All readings of each data set.
    windows : dict of str to pyarrow.Table
        Table `windows` of the data sets that are associated.
    asked : sequence of str
        Readings asked for; when there are any, `count` does not matter.
    count : int
        How many at most: the data sets in turn, and of each the labels in turn; then readings
        without a label.

    Returns
    -------
    dict of str to dict of str to str
        Chosen readings of each data set, sorted, and the label to show first; empty where the
        reading has none.

    Raises
    ------
    GazeError
        If a reading is asked for that no data set has; the nearest id is named.
    """
    labelled = {name: _labelled_first(own, windows.get(name)) for name, own in ids.items()}
    wanted = set(asked) if asked else set(_in_turn(labelled.values(), count))
    known = [one for own in ids.values() for one in own]
    faults = []
    for one in sorted(wanted - set(known)):
        near = difflib.get_close_matches(one, known, n=1)
        faults.append(f"{one!r}" + (f"; did you mean {near[0]}?" if near else ""))
    if faults:
        raise GazeError(f"no data set has these readings ({len(known)} known).", faults=faults)
    return {
        name: {one: own[one] for one in sorted(wanted.intersection(own))}
        for name, own in labelled.items()
    }


def _in_turn(each: Iterable[Iterable[str]], count: int) -> list[str]:
    return [one for turn in zip_longest(*each) for one in turn if one is not None][:count]


def _labelled_first(ids: Sequence[str], windows: pa.Table | None) -> dict[str, str]:
    """Give all readings once with a label: the labels in turn, then readings without one."""
    found: dict[str, str] = {}
    if windows is not None:
        for rows in choose_maps(windows, (), count=sys.maxsize):
            found.setdefault(rows[0]["reading_id"], rows[0]["label"])
    return found | {one: found.get(one, "") for one in ids}
