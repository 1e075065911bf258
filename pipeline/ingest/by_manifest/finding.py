"""Where the tables of each reading lie: files by the parts of their paths, rows by their ids."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import quote, shorten
from gazescribe.pipeline.ingest.by_manifest.cell_texts import is_chosen
from gazescribe.pipeline.ingest.by_manifest.own_reading import Pieces
from gazescribe.pipeline.ingest.by_manifest.pieces import Files
from gazescribe.pipeline.ingest.by_manifest.rows import Rows, read_rows
from gazescribe.pipeline.sources.cells import TextCell
from gazescribe.pipeline.sources.faults import Fault, Findings
from gazescribe.pipeline.sources.manifests import SourceFile
from gazescribe.pipeline.sources.table_manifests import (
    LOSES,
    PART,
    OwnManifest,
    Source,
    placeholders,
)

JOIN = (
    ": where several people had the same trials, join who and what, as `reading_id: {join: [person,"
    " image]}` with the part {person} of the path"
)


def find_pieces(
    name: str,
    table: Source,
    root: Path,
    paths: Sequence[str],
    manifest: OwnManifest,
    faults: list[Fault],
) -> Pieces:
    """Find the table of each reading, by the reading's name; files of many readings are read."""
    tables = files_of(name, table, paths, manifest, faults)
    if not tables:
        note_no_file(name, table, paths, manifest, faults)
        return {}
    if is_by_path(table):
        pieces = _by_path(name, table, tables, faults)
        if name != "readings" and pieces:
            # A column that the first file lacks, the manifest has wrong.
            noted: list[Fault] = []
            first = next(iter(pieces.values()))
            read_rows(root, table, first, Findings(first.file, None, noted), "error")
            faults += [fault for fault in noted if fault.severity == "error"]
        return dict(sorted(pieces.items()))
    return _by_rows(name, table, root, tables, manifest, faults)


def note_no_file(
    name: str, table: Source, paths: Sequence[str], manifest: OwnManifest, faults: list[Fault]
) -> None:
    """Note a table of which no file is there."""
    message = f"no file has a name like this, which tables.{name} asks for"
    near = _misnamed(table, paths)
    if near is not None and {*manifest.ids.values()} != {PART}:
        message += f"; {near} would, but for the form that `ids` gives its parts"
    elif (like := _alike(table, paths)) is not None:
        message += f"; there is {like}"
    faults.append(Fault("error", f"{name}_missing", message, table.file, loses=LOSES[name]))


def is_by_path(table: Source) -> bool:
    """Tell whether the path of a file says of which reading it is."""
    cell, parts = table.columns.reading_id, placeholders(table.file)
    if "reading_id" in parts and (cell is None or "reading_id" not in cell.names()):
        return True
    return cell is not None and bool(cell.names()) and {*cell.names()} <= {*parts}


def _by_path(
    name: str, table: Source, tables: Sequence[Files], faults: list[Fault]
) -> dict[str, Files]:
    pieces: dict[str, Files] = {}
    for files in tables:
        reading = _name_of(table, files.parts)
        if reading in pieces:
            message = f"{pieces[reading].file} is of the same reading too{JOIN}"
            faults.append(Fault("error", f"{name}_two_files", message, files.file, item=reading))
        pieces[reading] = files
    return pieces


def _name_of(table: Source, parts: Mapping[str, str]) -> str:
    cell = table.columns.reading_id
    if "reading_id" in parts and (cell is None or "reading_id" not in cell.names()):
        return parts["reading_id"]
    between = cell.with_ if isinstance(cell, TextCell) else ""
    return between.join(parts[name] for name in (cell.names() if cell else ()))


def _by_rows(
    name: str,
    table: Source,
    root: Path,
    tables: Sequence[Files],
    manifest: OwnManifest,
    faults: list[Fault],
) -> Pieces:
    pieces: dict[str, Rows] = {}
    cell = table.columns.reading_id
    for files in tables:
        findings = Findings(files.file, None, faults)
        rows = read_rows(root, table, files, findings, "error")
        by_name = {} if rows is None or cell is None else rows.by(cell)
        unnamed = by_name.pop("", None)
        if unnamed is not None and name != "messages":  # recorders run on between two images
            code, message = f"{name}_of_no_reading", f"{len(unnamed)} rows name no reading"
            findings.add("warning", code, message, n=len(unnamed))
        for reading, piece in by_name.items():
            form = manifest.stated_form("reading_id")
            if form is not None and not re.fullmatch(form, reading):
                message = f"reading_id {quote(shorten(reading, 30))} is not of the form {form}"
                row = int(piece.places.min()) + 1
                findings.add("error", "bad_reading_id", message, row=row)
                continue
            if reading in pieces:
                message = f"reading {reading} stands in {pieces[reading].file} too{JOIN}"
                fault = Fault("error", f"{name}_twice", message, piece.file, item=reading)
                faults.append(fault)
            pieces[reading] = piece
    return dict(pieces)


def files_of(
    name: str,
    table: Source,
    paths: Sequence[str],
    manifest: OwnManifest,
    faults: list[Fault],
) -> list[Files]:
    """Give the files of a table, each with the one beside it."""
    # {reading_id}.csv would fit readings.csv, too
    ours = {name, f"{name}_beside"}
    of_other_tables = {file.pattern for file in manifest.files if file.name not in ours}
    of_other_tables -= {file.pattern for file in manifest.files if file.name in ours}
    candidates = [path for path in paths if path not in of_other_tables]
    chosen = _chosen(
        name, table, _matched(manifest.file(name), candidates, manifest, faults), faults
    )
    if table.beside is None:
        return [Files(path, None, parts) for path, parts in chosen]
    beside = list(_matched(manifest.file(f"{name}_beside"), candidates, manifest, faults))
    several = []
    for path, parts in chosen:
        partners = [other for other, theirs in beside if theirs.items() <= parts.items()]
        several.append(Files(path, partners[0] if partners else "the file beside", parts))
    return several


def _chosen(
    name: str, table: Source, found: Sequence[tuple[str, dict[str, str]]], faults: list[Fault]
) -> list[tuple[str, dict[str, str]]]:
    """Leave out files whose path has another part than `where` asks for."""
    chosen = [
        (path, parts)
        for path, parts in found
        if all(
            is_chosen(parts[part], values) for part, values in table.where.items() if part in parts
        )
    ]
    n = len(found) - len(chosen)
    if n:
        message = f"{plural(n, 'file is', 'files are')} not what `where` asks for"
        faults.append(Fault("warning", f"{name}_not_chosen", message, table.file, n=n))
    return chosen


def _matched(
    file: SourceFile, paths: Sequence[str], manifest: OwnManifest, faults: list[Fault]
) -> list[tuple[str, dict[str, str]]]:
    """Give the paths of a file with their parts; one that can be cut in two ways is refused."""
    matcher = manifest.matcher(file)
    longest = re.compile(matcher.pattern.replace("+?)", "+)"))
    matched = []
    for path in paths:
        composed = unicodedata.normalize("NFC", path)  # some systems take letters apart
        if not (match := matcher.fullmatch(composed)):
            continue
        other = longest.fullmatch(composed)
        if other and other.groupdict() != match.groupdict():
            name, part = next(
                pair for pair in match.groupdict().items() if pair not in other.groupdict().items()
            )
            message = (
                f"{{{name}}} may be {quote(part)} or {quote(other[name])} here: say what it looks"
                f" like, as `ids: {{{name}: '[A-Za-z]+\\d+'}}`"
            )
            faults.append(Fault("error", "path_ambiguous", message, path))
        matched.append((path, match.groupdict()))
    return matched


def _alike(table: Source, paths: Sequence[str]) -> str | None:
    """Find a file that is named as asked for but for its folders, its suffix, or its letters."""
    for change in (_without_suffix, str.casefold, _without_first_folder, _name_alone):
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(change(table.file)))
        pattern = pattern.replace(r"\*", "[^/]*")
        for path in paths:
            changed = path if change is _without_first_folder else change(path)
            if re.fullmatch(pattern, changed):
                return path
    return None


def _without_first_folder(path: str) -> str:
    return path.partition("/")[2] or path


def _without_suffix(path: str) -> str:
    return path.rpartition(".")[0] or path


def _name_alone(path: str) -> str:
    return path.rpartition("/")[2]


def _misnamed(table: Source, paths: Sequence[str]) -> str | None:
    """Find a file that has the name asked for but for its id."""
    pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(table.file)).replace(r"\*", "[^/]*")
    return next((path for path in paths if re.fullmatch(pattern, path)), None)
