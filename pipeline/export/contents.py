"""What an export holds: tables without pictures and text, and sets of maps.

Rows are sorted by the ids that are written, so that their order says nothing about ids that were
replaced.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gazescribe.pipeline.core.class_names import KEY as LABELS_KEY
from gazescribe.pipeline.core.class_names import labels_said
from gazescribe.pipeline.core.errors import AlignmentError, GazeError
from gazescribe.pipeline.core.foreign import parse_json
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import ROWS_A_SHARD, open_shards
from gazescribe.pipeline.core.tables import read_if_present, read_table
from gazescribe.pipeline.export.ids import hash_id, hash_ids
from gazescribe.pipeline.export.units import with_units

SPLIT_NAMES = {"train": "train", "validate": "validation", "test": "test", None: "unassigned"}
"""Ours and those of Hugging Face, which file names take."""
TEXT_TABLES = ("words", "sentences")
ANNOTATIONS = ("fixations", "certainties", "ellipses", "attributes")
OPTIONAL = (*TEXT_TABLES, "certainties", "ellipses", "attributes")
SPOKEN = ("concept", "text", "trigger")
"""Columns of mentions that repeat, or say by another word, what was dictated."""
READER = "reader"
"""The only attribute that is exported: others may be free text."""
NEVER = ("image_path",)  # spells out subject, study and image
TEXT_COLUMNS = ("text",)
RECORDED = (
    *("params", "sigma_deg", "split_source", "egd_split_source", "source", "checkpoint"),
    LABELS_KEY,
)

Map = NDArray[np.float16]


@dataclass(frozen=True)
class MapSet:
    """Maps of one size: those of a folder of shards, or the part of them in one written file."""

    name: str
    source: Path  # folder of shards
    index: pa.Table  # a row a map
    places: tuple[int, ...]  # row of each map in the index of `source`
    number: int = 0  # of the file in the set

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the maps."""
        return self.index["height"][0].as_py(), self.index["width"][0].as_py()

    def parts(self) -> Iterator["MapSet"]:
        """Cut the set into files."""
        for begin in range(0, self.index.num_rows, ROWS_A_SHARD):
            end = min(begin + ROWS_A_SHARD, self.index.num_rows)
            yield replace(self.take(range(begin, end)), number=begin // ROWS_A_SHARD)

    def take(self, rows: Sequence[int]) -> "MapSet":
        """Keep some of its maps, by their position."""
        index = self.index.take(pa.array(rows, pa.int64()))
        return replace(self, index=index, places=tuple(self.places[row] for row in rows))

    def maps(self) -> Iterator[Map]:
        """Give one map after another, memory mapped; an ArrayError if one is not finite."""
        shards = open_shards(self.source)
        for place in self.places:
            yield shards.finite(place)


@dataclass(frozen=True)
class Contents:
    """All that is written: tables by name, and sets of maps."""

    tables: dict[str, pa.Table]
    sets: tuple[MapSet, ...]
    left_out: dict[str, int] = field(default_factory=dict)  # rows of the tables, by reason

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of windows and maps, each once."""
        tables = [self.tables["windows"], *(map_set.index for map_set in self.sets)]
        label_lists = [labels_said(table.schema.metadata, "labels") for table in tables]
        return tuple(dict.fromkeys(label for labels in label_lists for label in labels))

    @property
    def parts(self) -> list[MapSet]:
        """Files of all sets."""
        return [part for map_set in self.sets for part in map_set.parts()]


def gather(
    tables: Path,
    associated: Path,
    shards: Sequence[tuple[str, Path]],
    *,
    key: bytes | None,
    text: bool,
    fixations: bool,
    mentions: pa.Table | None = None,
    scanpaths: Path | None = None,
) -> Contents:
    """Read what an export holds.

    Parameters
    ----------
    tables, associated : pathlib.Path
        Ingested folder, and what `associate` wrote.
    shards : sequence of (str, pathlib.Path)
        Name and folder of each set of maps.
    key : bytes or None
        Replaces ids, unless None.
    text : bool
        Also the dictations, with their words and sentences.
    fixations : bool
        Also the fixations.
    mentions : pyarrow.Table, optional
        Table `mentions` of these readings: also they, with fixations, certainties, ellipses and
        who read.
    scanpaths : pathlib.Path, optional
        What `gazescribe scanpaths` wrote: also that table.

    Raises
    ------
    GazeError
        If a table or shard is absent or broken, or they belong to different readings.

    Notes
    -----
    Fixations and words of readings that `readings` does not have are left out and counted, as
    `associate` does: so are tables of which somebody took a part of the readings.
    """
    folders = dict.fromkeys(("readings", *(TEXT_TABLES if text else ())), tables)
    folders |= {"fixations": tables} if fixations else {}
    folders |= dict.fromkeys(ANNOTATIONS, tables) if mentions is not None else {}
    folders |= {"windows": associated, "gaussians": associated}
    folders |= {} if scanpaths is None else {"scanpaths": scanpaths}
    read = {
        name: _finish(_read(folder, name, text=text), TABLES[name].key, key)[0]
        for name, folder in folders.items()
    }
    if mentions is not None:
        spoken = _mentions(mentions, text=text)
        read["mentions"] = _finish(spoken, ("reading_id", *TABLES["mentions"].key[1:]), key)[0]
        read["attributes"] = _readers(read["attributes"], key)
    names = Counter([*read, *(name for name, _ in shards)])
    twice = ", ".join(sorted(name for name, count in names.items() if count > 1))
    if twice:
        message = f"the name {twice} is taken twice: sets of maps are named as their folder."
        raise GazeError(message, remedy="Rename a folder.")
    sets = tuple(_map_set(name, folder, key) for name, folder in shards)
    reading_ids = read["readings"]["reading_id"].combine_chunks()
    left_out = {}
    for name in {*ANNOTATIONS, *TEXT_TABLES} & {*read}:
        rows = read[name].filter(pc.is_in(read[name]["reading_id"], reading_ids))
        # Where no row is of them, the tables do not belong together, which is refused below.
        if rows.num_rows and rows.num_rows < read[name].num_rows:
            left_out[f"{name} of unknown readings"] = read[name].num_rows - rows.num_rows
            read[name] = rows
    for name, table in [*read.items(), *((map_set.name, map_set.index) for map_set in sets)]:
        foreign = pc.invert(pc.is_in(table["reading_id"], reading_ids))
        if pc.any(foreign).as_py():
            strangers = sorted(set(table.filter(foreign)["reading_id"].to_pylist()))
            message = f"{name} has {len(strangers)} readings that are not in {tables}."
            # Hashed ids would name nothing that the user knows.
            remedy = "Give tables, windows and maps that were made from each other."
            raise AlignmentError(message, remedy=remedy, faults=[] if key else strangers)
    return Contents(read, sets, dict(sorted(left_out.items())))


def _read(folder: Path, name: str, *, text: bool) -> pa.Table:
    hidden = NEVER if text else (*NEVER, *TEXT_COLUMNS)
    columns = [column for column in TABLES[name].columns if column not in hidden]
    read = read_if_present if name in OPTIONAL else read_table  # a text may have no words
    table = read(folder, name, columns=columns).select(columns)
    fields = [TABLES[name].schema.field(column) for column in columns]
    schema = pa.schema(fields, metadata=_metadata(table.schema, name))
    return table.cast(with_units(schema))


def _mentions(mentions: pa.Table, *, text: bool) -> pa.Table:
    """Give mentions under the ids of their readings, without words of them unless asked."""
    schema = TABLES["mentions"].schema
    hidden = () if text else SPOKEN
    names = [name for name in schema.names if name not in ("report_id", *hidden)]
    fields = [TABLES["readings"].schema.field("reading_id"), *map(schema.field, names)]
    columns = [mentions["report_id"], *map(mentions.column, names)]
    metadata = schema.metadata
    return pa.table(columns, schema=with_units(pa.schema(fields, metadata=metadata)))


def _readers(attributes: pa.Table, key: bytes | None) -> pa.Table:
    """Keep who read, and replace that as ids are."""
    readers = attributes.filter(pc.equal(pc.utf8_lower(attributes["name"]), READER))
    if key is None:
        return readers
    values = [hash_id(READER, value, key) for value in readers["value"].to_pylist()]
    position = readers.schema.get_field_index("value")
    field = readers.schema.field("value")
    return readers.set_column(position, field, pa.array(values, pa.string()))


def _metadata(schema: pa.Schema, name: str) -> dict[bytes, bytes]:
    """Join what defines a table and what was recorded of it; nothing else is exported."""
    metadata = schema.metadata or {}
    recorded = {key: metadata[key] for key in map(str.encode, RECORDED) if key in metadata}
    return {**TABLES[name].schema.metadata, **recorded}


def recorded(schema: pa.Schema) -> dict[str, Any]:
    """Give what the stages before recorded of a table; parameters were written as JSON."""
    metadata = schema.metadata or {}
    texts = {key: metadata[key.encode()].decode() for key in RECORDED if key.encode() in metadata}
    params = {"params": parse_json(texts["params"], where="params")} if "params" in texts else {}
    labels = {LABELS_KEY: labels_said(metadata, "labels")} if LABELS_KEY in texts else {}
    return texts | params | labels


def _finish(
    table: pa.Table, order: Sequence[str], key: bytes | None
) -> tuple[pa.Table, NDArray[np.int64]]:
    """Replace ids and sort; also give where each row was before."""
    hashed = hash_ids(table, key) if key else table
    places = pc.sort_indices(hashed, sort_keys=[(name, "ascending") for name in order])
    return hashed.take(places).combine_chunks(), places.to_numpy()


def _map_set(name: str, folder: Path, key: bytes | None) -> MapSet:
    """Open a folder of shards of maps of one size, in the order of the ids that are written."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        message = f"the folder's name {name!r} becomes part of file names."
        raise GazeError(message, where=folder, remedy="Use letters, digits, - and _ alone.")
    spec = TABLES["heatmaps"]
    table = open_shards(folder).index.select(spec.columns)
    sizes = set(zip(table["height"].to_pylist(), table["width"].to_pylist(), strict=True))
    if len(sizes) != 1:
        shown = ", ".join(f"{h}×{w}" for h, w in sorted(sizes)) or "no map at all"
        raise GazeError(f"maps of one size were expected, found {shown}.", where=folder)
    schema = with_units(spec.schema.with_metadata(_metadata(table.schema, "heatmaps")))
    index, places = _finish(table.cast(schema), spec.key, key)
    # The order is another than in the source: each map gets a new file and row.
    rows = np.arange(len(places), dtype=np.int32)
    for column, values in (("shard", rows // ROWS_A_SHARD), ("row", rows % ROWS_A_SHARD)):
        position = index.schema.get_field_index(column)
        index = index.set_column(position, index.schema.field(column), pa.array(values))
    source = folder.resolve()  # workers of a scheduler have a working folder of their own
    return MapSet(name, source, index, tuple(places.tolist()))
