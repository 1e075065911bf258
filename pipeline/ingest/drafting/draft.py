"""From groups of files to a draft of a manifest: what holds what, in which unit, whose it is."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gazescribe.pipeline.ingest.by_manifest.other_events import EVENTS, OTHERS
from gazescribe.pipeline.ingest.by_manifest.single_values import EYES
from gazescribe.pipeline.ingest.drafting.groups import form_needed
from gazescribe.pipeline.ingest.drafting.ids import (
    PERSON,
    Naming,
    image_column,
    name_readings,
    with_shorter_names,
)
from gazescribe.pipeline.ingest.drafting.kinds import (
    IMAGES,
    Group,
    image_readings,
    preset_columns,
    values_within,
)
from gazescribe.pipeline.ingest.drafting.sheets import Sheet
from gazescribe.pipeline.ingest.drafting.times import ask_audio_start, time_unit_of
from gazescribe.pipeline.ingest.drafting.units import place_unit, stem_of
from gazescribe.pipeline.ingest.drafting.writing import Guess, Question
from gazescribe.pipeline.sources.presets import read_format

TABLES = ("readings", "fixations", "samples", "words", "ellipses", "regions", "messages")
GAZE = ("fixations", "samples")
TIMES = ("onset_s", "offset_s", "duration_s", "time_s")
IN_FILES = {"width_px": "screen_width", "height_px": "screen_height"}
"""Facts of the screen, and the columns by which readers of formats give them."""
AUDIO = re.compile(r"audio|sound|speech|dictat|microphone", re.IGNORECASE)
IMAGE_WIDTH = "how many degrees of visual angle wide did the image look?"
SCREEN = {
    "width_px": "how wide is the screen, in the pixels that the recorder counts?",
    "height_px": "how high is it, in pixels?",
    "width_mm": "how wide is it, in millimetres?",
    "height_mm": "how high is it, in millimetres?",
    "distance_mm": "how far were the eyes from it, in millimetres?",
}


def draft(name: str, groups: Sequence[Group], root: Path) -> dict[str, Any]:
    """Write a manifest of these files as nested keys, with guesses and questions in it."""
    by_table = with_shorter_names(_chosen(groups, root))
    tables: dict[str, Any] = {}
    names = name_readings(
        {table: group for table, group in by_table.items() if not _says(group, "reading_id")}
    )
    for table in TABLES:
        if table in by_table:
            tables[table] = _table(by_table[table], names.get(table))
    if "readings" not in names and "readings" in by_table and by_table["readings"].format == IMAGES:
        del tables["readings"]  # images of other names
    if readings := _readings_in_gaze(by_table, names):
        tables["readings"] = readings
    start: Any = _audio_message(by_table)
    if start is None and (question := ask_audio_start(by_table)):
        start = Question(question)
    if start is not None and not _says(by_table.get("readings"), "audio_start"):
        readings = tables.setdefault("readings", {"file": Question("which table lists them?")})
        readings.setdefault("columns", {}).setdefault("audio_start", start)
    if "message" not in str(tables.get("readings", "")):
        tables.pop("messages", None)  # nothing asks for them
    content: dict[str, Any] = {"name": name, **_screen(by_table)}
    if ids := _forms(by_table, names, groups):
        content["ids"] = ids
    return {**content, "tables": {name: tables[name] for name in TABLES if name in tables}}


def _forms(
    by_table: Mapping[str, Group], names: Mapping[str, Naming], groups: Sequence[Group]
) -> dict[str, Any]:
    """Say what parts of paths look like, where files of other groups would fit the pattern."""
    forms: dict[str, Any] = {}
    for table, group in by_table.items():
        naming = names.get(table)
        if naming is None or not naming.in_path:
            continue
        ours = {*group.paths}
        strangers = [path for other in groups for path in other.paths if path not in ours]
        form = form_needed(group.pattern, strangers)
        if form is not None:
            part = PERSON if naming.columns else "reading_id"
            forms[part] = Guess(form, "as other files here have names like that, too")
    return forms


def _readings_in_gaze(
    by_table: dict[str, Group], names: Mapping[str, Naming]
) -> dict[str, Any] | None:
    """Describe readings that no table lists by the files of the gaze."""
    table = next((table for table in GAZE if table in by_table), None)
    naming = names.get(table or "")
    if table is None or naming is None:
        return None
    listed = by_table.get("readings") if "readings" in names else None
    is_pictures = listed is not None and listed.format == IMAGES
    is_joined = len(naming.columns) + naming.in_path > 1
    if listed is not None and not is_joined and not (is_pictures and naming.columns):
        return None  # a table lists them
    group = by_table[table]
    content = _table(group, naming)
    columns: dict[str, Any] = {}
    if naming.columns:
        columns["reading_id"] = content["columns"]["reading_id"]
    image = naming.columns[-1] if is_pictures and naming.columns else image_column(group)
    if image is not None:
        columns["dicom_id"] = Guess(image, "the image")
    if image is not None and is_pictures:
        columns["image_path"] = Guess(image, "files of images are named so; they say their size")
        return {**content, "columns": columns}
    for side in ("width_px", "height_px"):
        columns[side] = _size_of_images(listed, side)
    return {**content, "columns": columns}


def _size_of_images(listed: Group | None, side: str) -> Any:
    """Give the width or height that all images of a table have; else ask."""
    question = f"{side.removesuffix('_px')} of the images in pixels: a column, or a number for all?"
    if listed is None or side not in listed.columns or not listed.sheets:
        return Question(question)
    sizes = {*listed.sheets[0].numbers(listed.columns[side])}
    if len(sizes) != 1:
        return Question(f"{question} {listed.paths[0]} has {min(sizes):g} to {max(sizes):g}")
    return Guess(round(sizes.pop()), f"of all images in {listed.paths[0]}")


def _audio_message(by_table: Mapping[str, Group]) -> Guess | None:
    """Find a message to the recorder that says when the audio began."""
    group = by_table.get("messages")
    if group is None or "words" not in by_table:
        return None
    column = preset_columns(group)["message"]
    messages = [
        [text for text in sheet.texts(column) if AUDIO.search(text)] for sheet in group.sheets
    ]
    if not messages or not all(messages):
        return None
    return Guess({"message": messages[0][0]}, "a message of the recorder in each file")


def _says(group: Group | None, column: str) -> bool:
    """Tell whether the format of a group says itself what a column of ours holds."""
    return group is not None and column in preset_columns(group)


def _chosen(groups: Sequence[Group], root: Path) -> dict[str, Group]:
    """Choose a group for each table: that of the most files; fixations rather than samples."""
    by_table: dict[str, Group] = {}
    for group in sorted(groups, key=lambda group: -len(group.paths)):
        if group.table in TABLES:
            by_table.setdefault(group.table, group)
    images = [group for group in groups if group.table == IMAGES]
    if images and "readings" not in by_table:
        by_table["readings"] = image_readings(root, max(images, key=lambda group: len(group.paths)))
    if "fixations" in by_table:  # the recorder's own, whose makers know it
        by_table.pop("samples", None)
    return by_table


def _table(group: Group, naming: Naming | None) -> dict[str, Any]:
    content: dict[str, Any] = {"file": _file(group, naming)}
    columns: dict[str, Any] = {}
    if naming is None and not _says(group, "reading_id"):
        columns["reading_id"] = Question("which column names the reading?")
    elif naming is not None and naming.columns:
        columns["reading_id"] = Guess(_id_cell(naming), naming.why)
    if group.format is not None:
        content["format"] = Guess(group.format, read_format(group.format).about)
        if choices := _choices(group, naming):
            content["where"] = choices
    else:
        sheet = group.sheets[0]
        content |= _marks(sheet, group.paths[0])
        columns |= _columns(group, sheet)
        if choices := _fixations_alone(group, sheet):
            content["where"] = choices
    if columns:
        content["columns"] = columns
    return content


def _choices(group: Group, naming: Naming | None) -> dict[str, Any]:
    """Choose a speaker, channel or tier where readings have several."""
    preset = read_format(group.format or "").tables[group.table]
    choices: dict[str, Any] = {}
    for name in preset.get("single", []):
        several = values_within(group, name, naming.columns if naming else ())
        if len(several) < 2 or (naming and name in naming.columns):
            continue
        shown = ", ".join(several)
        is_word = "words" in several  # the tier of aligners
        choices[name] = (
            Guess("words", f"of {shown}") if is_word else Question(f"which {name} counts: {shown}?")
        )
    return choices


def _fixations_alone(group: Group, sheet: Sheet) -> dict[str, Any]:
    """Choose the fixations of one eye where a plain table has other events and both eyes."""
    choices: dict[str, Any] = {}
    for name in sheet.header if group.table == "fixations" else []:
        values = values_within(group, name)
        events = [value for value in values if not OTHERS.fullmatch(value)]
        if EVENTS.fullmatch(stem_of(name)) and 0 < len(events) < len(values):
            choices[name] = Guess(
                events[0] if len(events) == 1 else events, f"of {', '.join(values)}"
            )
        elif EYES.fullmatch(stem_of(name)) and len(values) > 1:
            choices[name] = Question(f"which {name} counts: {', '.join(values)}?")
    return choices


def _id_cell(naming: Naming) -> Any:
    names = [PERSON, *naming.columns] if naming.in_path else naming.columns
    return {"join": names, "with": "_"} if len(names) > 1 else names[0]


def _file(group: Group, naming: Naming | None) -> Any:
    n, pattern = len(group.paths), group.pattern
    if naming is None or not naming.in_path:
        return group.paths[0] if n == 1 else Guess(pattern.with_stars(), f"{n} files")
    text = pattern.text.replace("{reading_id}", f"{{{PERSON}}}") if naming.columns else pattern.text
    return Guess(text, f"{n} files") if n > 1 else text


def _marks(sheet: Sheet, path: str) -> dict[str, Any]:
    marks: dict[str, Any] = {}
    if sheet.encoding != "utf-8":
        marks["encoding"] = sheet.encoding
    if sheet.separator != ("\t" if ".tsv" in path else ","):
        marks["separator"] = sheet.separator
    if sheet.decimal != ".":
        marks["decimal"] = sheet.decimal
    return marks


def _columns(group: Group, sheet: Sheet) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for ours, theirs in group.columns.items():
        if ours in TIMES:
            columns[ours] = _time(group, theirs)
        elif ours.startswith("x") and ours.endswith("_px"):
            columns[ours] = {"column": theirs, "unit": Question(_ask_unit(group, sheet))}
        elif ours.startswith("y") and ours.endswith("_px"):
            columns[ours] = {"column": theirs, "unit": Question("the same")}
        else:
            columns[ours] = theirs
    return columns


def _time(group: Group, theirs: str) -> Any:
    unit, why = time_unit_of(group, theirs)
    if unit is None:
        return {"column": theirs, "unit": Question(f"s, ms, us or ns? {why}")}
    return Guess(theirs if unit == "s" else {"column": theirs, "unit": unit}, f"{unit}: {why}")


def _ask_unit(group: Group, sheet: Sheet) -> str:
    axes = [sheet.numbers(column) for name, column in group.columns.items() if name[0] in "xy"]
    unit, why = place_unit(axes[0], axes[1])
    if unit == "share":
        return f"screen_share (of the screen) or share (of the image)? {why}"
    or_percent = "" if unit is None else ", or per cent: screen_percent or percent"
    return f"screen_px (pixels of the screen) or px (of the image){or_percent}? {why}"


def _screen(by_table: dict[str, Group]) -> dict[str, Any]:
    """Ask for the screen, but for what the recorder wrote of it, or how large the image was."""
    group = next((by_table[table] for table in GAZE if table in by_table), None)
    if group is None:
        return {}
    cell = preset_columns(group).get("x_px")
    if isinstance(cell, dict) and cell.get("unit", "px") in {"px", "share"}:
        return {"resolution": {"image_width_deg": Question(IMAGE_WIDTH)}}
    guesses: dict[str, Any] = {}
    for ours, theirs in IN_FILES.items():
        values = _said(group, theirs)
        if len({*values}) == 1:
            guesses[ours] = Guess(round(values[0]), "the recorder says so")
    questions = SCREEN
    if _said(group, "px_per_deg_x"):  # so neither the screen's size nor the distance is needed
        questions = {key: text for key, text in SCREEN.items() if key.endswith("_px")}
    return {"screen": {key: guesses.get(key, Question(text)) for key, text in questions.items()}}


def _said(group: Group, column: str) -> list[float]:
    return [
        number
        for sheet in group.sheets
        if column in sheet.header
        for number in sheet.numbers(column)
    ]
