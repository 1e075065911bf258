"""Whose files and rows are: which part of a path, or which columns, name the reading."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gazescribe.pipeline.ingest.by_manifest.single_values import PARTS, PEOPLE
from gazescribe.pipeline.ingest.drafting.groups import begin_of, best_match, overlap, without_suffix
from gazescribe.pipeline.ingest.drafting.kinds import IMAGES, Group, distinct, values_within
from gazescribe.pipeline.ingest.drafting.roles import guess_columns
from gazescribe.pipeline.ingest.drafting.units import stem_of

IN_PATH = ""  # in place of a column: the part of the path that differs
PERSON = "recording"  # name of that part where it is not the whole of the id
TRIALS = re.compile(f"{PARTS.pattern}|block")


@dataclass(frozen=True)
class Naming:
    """What names the readings of a group.

    Attributes
    ----------
    columns : list of str
        Their names; several are joined. Empty where the path alone names them.
    in_path : bool
        Whether the part of the path that differs belongs to it, before the columns.
    why : str
        For a person.
    """

    columns: list[str]
    in_path: bool
    why: str


def with_shorter_names(by_table: dict[str, Group]) -> dict[str, Group]:
    """Cut names of single files to the part that the table of readings has."""
    if "readings" not in by_table:
        return by_table
    names = {value for _, values in distinct(by_table["readings"]) for value in values}
    return {
        table: replace(group, pattern=begin_of(group.pattern, names))
        for table, group in by_table.items()
    }


def name_readings(by_table: Mapping[str, Group]) -> dict[str, Naming]:
    """Say, by table, what names the readings; tables of which nothing is known are left out."""
    named: dict[str, Naming] = {}
    listed = dict(distinct(by_table["readings"])) if "readings" in by_table else {}
    is_listed = "readings" in by_table and by_table["readings"].format != IMAGES
    used: str | None = None  # the column of the table of readings
    for table, group in by_table.items():
        if table == "readings":
            continue
        candidates = dict(distinct(group))
        if in_path := [values[0] for values in group.pattern.values if len(values) == 1]:
            candidates = {IN_PATH: in_path, **candidates}
        if by_table.get("readings", group).format == IMAGES:
            candidates = {
                name: list(map(without_suffix, values)) for name, values in candidates.items()
            }
        match = best_match(candidates, {used: listed[used]} if used else listed)
        if match is not None:
            column, used = match
            named[table] = _matched(group, column)
        elif len(group.paths) > 1 or not is_listed:
            named[table] = _alone(group)
    if used is not None:
        named["readings"] = _matched(by_table["readings"], used)
    return named


def _matched(group: Group, column: str) -> Naming:
    if column == IN_PATH or group.format == IMAGES:
        return Naming([], in_path=True, why="")
    people = [] if group.table == "readings" else _people(group, [column])
    if group.table != "readings" and _is_shared(group, column):
        why = f"several files have the same {column}, so both make the id"
        return Naming([*people, column], in_path=True, why=why)
    if people:
        why = f"several {people[0]} have the same {column}, so both make the id"
        return Naming([*people, column], in_path=False, why=why)
    return Naming([column], in_path=False, why="has the same ids as other files")


def _is_shared(group: Group, column: str) -> bool:
    """Tell whether two files of a group have a value of a column in common."""
    values = [sheet.texts(column) for sheet in group.sheets if column in sheet.header]
    return any(overlap(values[0], others) > 0 for others in values[1:])


def _alone(group: Group) -> Naming:
    """Name readings that no table lists: by path, and by what a file has several of."""
    image = image_column(group)
    trials = _columns_of(group, TRIALS)
    parts = [name for name in (*trials, image) if name and len(values_within(group, name)) > 1]
    columns = [*_people(group, parts[:1]), *parts[:1]]
    if not columns:
        return Naming([], in_path=True, why="")
    why = f"a file has several {' and '.join(columns)}"
    return Naming(columns, in_path=len(group.paths) > 1, why=why)


def _people(group: Group, parts: list[str]) -> list[str]:
    """Name the column that tells apart who did the same part of a recording, if one does."""
    people: list[str] = []
    for name in _columns_of(group, PEOPLE):
        if name not in parts and len(values_within(group, name, [*people, *parts])) > 1:
            people.append(name)
    return people


def _columns_of(group: Group, pattern: re.Pattern[str]) -> list[str]:
    header = group.sheets[0].header if group.sheets else []
    return [name for name in header if pattern.fullmatch(stem_of(name))]


def image_column(group: Group) -> str | None:
    """Name the column that says which image was shown; None where there is none."""
    return guess_columns("readings", group.sheets[0].header if group.sheets else []).get("dicom_id")
