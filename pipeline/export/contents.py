"""What an export holds: tables without pictures and text, and sets of maps.

Rows are sorted by the ids that are written, so that their order says nothing about ids that were
replaced.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gazescribe.pipeline.core.errors import AlignmentError, GazeError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import ROWS_A_SHARD, open_shards
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.export.ids import hash_ids

TEXT_TABLES = ("words", "sentences")
NEVER = ("image_path",)  # spells out subject, study and image
TEXT_COLUMNS = ("text",)
RECORDED = ("params", "sigma_deg", "split_source", "egd_split_source", "source", "checkpoint")

Map = NDArray[np.float16]


@dataclass(frozen=True)
class Part:
    """The maps of one file of the export.

    Attributes
    ----------
    name : str
        The set they belong to.
    number : int
        Number of the file in the set, from 0.
    source : pathlib.Path
        Folder of shards that holds them.
    rows : pyarrow.Table
        Their rows of the index.
    places : tuple of int
        Row of each in the index of `source`.
    """

    name: str
    number: int
    source: Path
    rows: pa.Table
    places: tuple[int, ...]

    def maps(self) -> Iterator[Map]:
        """Give one map after another, memory mapped."""
        shards = open_shards(self.source)
        for place in self.places:
            yield shards[place]

    def take(self, chosen: list[int]) -> "Part":
        """Keep some of its maps, by their position."""
        places = tuple(self.places[one] for one in chosen)
        return replace(self, rows=self.rows.take(pa.array(chosen, pa.int64())), places=places)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the maps."""
        return self.rows["height"][0].as_py(), self.rows["width"][0].as_py()


@dataclass(frozen=True)
class MapSet:
    """A folder of shards: maps of one size. `places` is as in `Part`, for each row of `index`."""

    name: str
    source: Path
    index: pa.Table
    places: tuple[int, ...]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the maps."""
        return self.index["height"][0].as_py(), self.index["width"][0].as_py()

    def parts(self) -> list[Part]:
        """Cut the set into files."""
        edges = [*range(0, self.index.num_rows, ROWS_A_SHARD), self.index.num_rows]
        return [
            Part(self.name, n, self.source, self.index.slice(a, b - a), self.places[a:b])
            for n, (a, b) in enumerate(pairwise(edges))
        ]


@dataclass(frozen=True)
class Contents:
    """All that is written: tables by name, and sets of maps."""

    tables: dict[str, pa.Table]
    sets: tuple[MapSet, ...]

    @property
    def parts(self) -> list[Part]:
        """Files of all sets."""
        return [part for one in self.sets for part in one.parts()]


def gather(
    tables: Path,
    associated: Path,
    shards: Sequence[tuple[str, Path]],
    *,
    key: bytes | None,
    text: bool,
    fixations: bool,
) -> Contents:
    """Read what an export holds.

    Parameters
    ----------
    tables, associated : pathlib.Path
        Ingested folder, and what `associate` wrote.
    shards : sequence of (str, pathlib.Path)
        Name and folder of each set of maps.
    key : bytes or None
        Replaces ids where it is given.
    text : bool
        Also the dictations, with their words and sentences.
    fixations : bool
        Also the fixations.

    Returns
    -------
    Contents

    Raises
    ------
    GazeError
        If a table or shard is absent or broken, or they belong to different readings.
    """
    read = dict.fromkeys(("readings", *(TEXT_TABLES if text else ())), tables)
    read |= {"fixations": tables} if fixations else {}
    read |= {"windows": associated, "gaussians": associated}
    held = {
        name: _finish(_read(folder, name, text=text), TABLES[name].key, key)[0]
        for name, folder in read.items()
    }
    names = [*held, *(name for name, _ in shards)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        what = (
            f"the name {', '.join(twice)} is taken twice: sets of maps are named as their folder."
        )
        raise GazeError(what, remedy="Rename a folder.")
    sets = tuple(_map_set(name, folder, key) for name, folder in shards)
    known = held["readings"]["reading_id"]
    for what, table in [*held.items(), *((one.name, one.index) for one in sets)]:
        foreign = pc.invert(pc.is_in(table["reading_id"], known.combine_chunks()))
        if pc.any(foreign).as_py():
            strangers = sorted(set(table.filter(foreign)["reading_id"].to_pylist()))
            message = f"{what} has {len(strangers)} readings that are not in {tables}."
            raise AlignmentError(message, faults=[] if key else strangers)
    return Contents(held, sets)


def _read(folder: Path, name: str, *, text: bool) -> pa.Table:
    hidden = NEVER if text else (*NEVER, *TEXT_COLUMNS)
    columns = [column for column in TABLES[name].columns if column not in hidden]
    found = read_table(folder, name, columns)
    fields = [TABLES[name].schema.field(column) for column in columns]
    return found.cast(pa.schema(fields, metadata=_metadata(found.schema, name)))


def _metadata(schema: pa.Schema, name: str) -> dict[str, str]:
    found = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
    kept = {key: found[key] for key in RECORDED if key in found}
    return {**{key.decode(): v.decode() for key, v in TABLES[name].schema.metadata.items()}, **kept}


def _finish(
    table: pa.Table, order: Sequence[str], key: bytes | None
) -> tuple[pa.Table, NDArray[np.int64]]:
    """Replace ids and sort; also give where each row was before."""
    hashed = hash_ids(table, key) if key else table
    at = pc.sort_indices(hashed, sort_keys=[(name, "ascending") for name in order])
    return hashed.take(at).combine_chunks(), at.to_numpy()


def _map_set(name: str, folder: Path, key: bytes | None) -> MapSet:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        what = f"the folder's name {name!r} becomes part of file names."
        raise GazeError(what, where=folder, remedy="Use letters, digits, - and _ alone.")
    spec = TABLES["heatmaps"]
    found = open_shards(folder).index.select(spec.columns)
    sizes = set(zip(found["height"].to_pylist(), found["width"].to_pylist(), strict=True))
    if len(sizes) != 1:
        shown = ", ".join(f"{h}×{w}" for h, w in sorted(sizes)) or "no map at all"
        raise GazeError(f"maps of one size were expected, found {shown}.", where=folder)
    schema = spec.schema.with_metadata(_metadata(found.schema, "heatmaps"))
    index, at = _finish(found.cast(schema), spec.key, key)
    rows = np.arange(len(at), dtype=np.int32)
    for column, values in (("shard", rows // ROWS_A_SHARD), ("row", rows % ROWS_A_SHARD)):
        position = index.schema.get_field_index(column)
        index = index.set_column(position, index.schema.field(column), pa.array(values))
    return MapSet(
        name,
        folder.resolve(),  # workers of a scheduler have a working folder of their own
        index,
        tuple(at.tolist()),
    )


def recorded(schema: pa.Schema) -> dict[str, Any]:
    """Give what the stages before recorded of a table; parameters were written as JSON."""
    found = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
    kept = {key: found[key] for key in RECORDED if key in found}
    return {key: json.loads(value) if key == "params" else value for key, value in kept.items()}
