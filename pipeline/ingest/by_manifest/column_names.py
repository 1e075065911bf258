"""Columns of a file by the names that a manifest asks for; `*` in one stands for any text."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from gazescribe.pipeline.ingest.csv_files import column_fault, repeated


class UnusableFileError(Exception):
    """A file that cannot be used."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def matching(name: str, header: Iterable[str]) -> list[str]:
    """Give the columns that a name may mean: the one that is called so, else those that match."""
    names = list(dict.fromkeys(header))
    if name in names or "*" not in name:
        return [name] if name in names else []
    expression = re.compile(".*".join(map(re.escape, name.split("*"))), re.DOTALL)
    return [column for column in names if expression.fullmatch(column)]


def find_columns(wanted: Iterable[str], header: Iterable[str]) -> dict[str, str]:
    """Give the columns that are there, by the names that they are asked for."""
    names = list(header)
    return {name: matches[0] for name in wanted if (matches := matching(name.strip(), names))}


def check_columns(
    wanted: Sequence[str],
    header: Sequence[str],
    keys_by_name: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Refuse a file that lacks a column, has it twice, or several that a name may mean.

    `keys_by_name` are the keys of the manifest that ask for columns, by the names of these.

    Raises
    ------
    UnusableFileError
        With the remedy; what may be a dictation is not shown.
    """
    for name in wanted:
        if len(several := matching(name.strip(), header)) > 1:
            message = f"the column {name} may be {' or '.join(several)}: write more of its name"
            raise UnusableFileError("column_ambiguous", message)
    columns = find_columns(wanted, header)
    names = [columns.get(name, name) for name in wanted]
    if fault := column_fault(names, header) or repeated(names, header):
        code, message = _with_remedy(fault, names, header)
        keys = [
            f"{key} asks for {name}" for name, key in keys_by_name.items() if name not in columns
        ]
        if keys and {*columns.values()}:  # else the file is another, or cut in another way
            message += f": {', '.join(keys)}"
        raise UnusableFileError(code, message)


def _with_remedy(
    fault: tuple[str, str], wanted: Sequence[str], header: Sequence[str]
) -> tuple[str, str]:
    code, message = fault
    if {*wanted} & {*header} or not header:
        return fault
    # A single column whose name holds another separator: the remedy is to name that one.
    separators = [mark for mark in ";\t|, " if {*wanted} & {*header[0].split(mark)}]
    if len(header) == 1 and separators:
        return code, f"{message}: set `separator: {json.dumps(separators[0])}`"
    # What stands there may be a dictation, which no message shows.
    absent = ", ".join(wanted)
    message = (
        f"its first row has {len(header)} cells and none of the columns {absent}: set `separator`"
        " if cells are set apart by another mark, `header` if the file has no names of columns,"
        " `skip_to` if much stands above them"
    )
    return code, message
