"""EyeLink recordings as text (.asc), as the maker's edf2asc writes them.

A file holds blocks (START to END); messages `TRIALID …` name trials, and `!V TRIAL_VAR …` what the
lab knows of them, often behind their gaze. So each file is read twice: for its outline, then for
its rows. Source: EyeLink 1000 Plus User Manual, section 4.9 (the ASC file format).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError, shorten
from gazescribe.pipeline.core.text_files import read_head, text_lines
from gazescribe.pipeline.formats.pieces import Content, in_pieces

PLACE = ("trial", "block", "block_start", "screen_width", "screen_height")
RESOLUTION = ("px_per_deg_x", "px_per_deg_y")
FIXATIONS = ("eye", "used_eye", "start", "duration", "x", "y", "pupil", "blink", *RESOLUTION)
SAMPLES = ("time", "x", "y", "x_left", "y_left", "pupil_left", "x_right", "y_right", "pupil_right")
MESSAGES = ("time", "text")
UNSEEN = ("", "", "")  # x, y and pupil of an eye
_VARIABLE = re.compile(r"!V TRIAL_VAR (\S+)\s*(.*)")
_IMAGE = re.compile(r"!V IMGLOAD \S+ (.+?)(?:\s+-?[\d.]+)*$")
_COORDINATES = re.compile(r"(?:GAZE|DISPLAY)_COORDS" + r"[\s=,]+(-?[\d.]+)" * 4)
_TRIAL = re.compile(r"TRIALID\b\s*(.*)")

Cells = tuple[Any, ...]


@dataclass
class Outline:
    """What a file says of its trials and blocks, wherever in them it says so."""

    has_names: bool  # of trials; else each block is a trial
    trials: list[dict[str, str]] = field(default_factory=list)  # what the lab says of each
    px_per_deg: dict[int, list[str]] = field(default_factory=dict)  # of the screen, by block
    fixated_ms: dict[int, dict[str, float]] = field(default_factory=dict)  # by block and eye

    variables: list[str] = field(default_factory=list)  # names of what is said of any


@dataclass
class Place:
    """Where in a file a line stands."""

    has_names: bool
    line: int = 0
    n_samples: int = 0
    block: int = 0  # from 1
    block_start: str = ""  # ms
    n_trials: int = 0  # with this one
    trial: str = ""
    corner: tuple[float, float] = (0.0, 0.0)  # top left of the screen, in the file's pixels
    screen: Cells = ("", "")  # width and height

    def move(self, line: str) -> None:
        """Follow the file by a line that is no sample."""
        if line.startswith("START"):
            self.block += 1
            self.block_start = line.split()[1]
            if not self.has_names:
                self.trial = str(self.block)
        elif line.startswith("END") and not self.has_names:
            self.n_trials += 1  # what is said between two blocks is said of the second
        elif line.startswith("MSG"):
            _, text = message(line)
            if match := _TRIAL.match(text):
                self.n_trials += 1
                self.trial = match[1].strip() or str(self.n_trials)
            elif match := _COORDINATES.match(text):
                left, top, right, bottom = map(float, match.groups())
                self.corner = left, top
                self.screen = round(right - left) + 1, round(bottom - top) + 1

    def position(self, x: str, y: str) -> Cells:
        """Count pixels from the screen's corner."""
        if self.corner == (0, 0) or "." in {x, y}:
            return x, y
        return float(x) - self.corner[0], float(y) - self.corner[1]


def read(path: Path, table: str) -> Content:
    """Read the fixations, the samples or the messages of all trials."""
    if read_head(path).startswith(b"SR_RESEARCH"):
        problem = "this is EyeLink's own binary form (EDF)."
        remedy = "Make text of it with edf2asc, which the maker gives with the tracker."
        raise ManifestError(problem, where=path, remedy=remedy)
    rows_of: dict[str, tuple[tuple[str, ...], Callable[..., Iterator[Cells]]]] = {
        "fixations": (FIXATIONS, _fixations),
        "samples": (SAMPLES, _samples),
        "messages": (MESSAGES, _messages),
    }
    names, rows = rows_of[table]
    outline = read_outline(path)
    ours = {*names, *PLACE}  # a lab's own `trial` or `x` is kept beside ours
    variables = [f"{name}_var" if name in ours else name for name in outline.variables]
    place = Place(outline.has_names)
    return in_pieces(
        (*names, *PLACE, *variables), _checked(rows(path, place, outline), path, place)
    )


def read_outline(path: Path) -> Outline:
    """Read what a file says of its trials and blocks."""
    is_name = (
        line.startswith("MSG") and _TRIAL.match(message(line)[1]) for line in text_lines(path)
    )
    outline = Outline(any(is_name))
    place = Place(outline.has_names)
    for _ in _checked(_outlined(path, place, outline), path, place):
        pass
    if not place.block and not place.n_samples and not outline.fixated_ms:
        problem = "there is no recording in it (START … END), as edf2asc writes it."
        raise ManifestError(problem, where=path)
    outline.variables = list(dict.fromkeys(name for trial in outline.trials for name in trial))
    return outline


def message(line: str) -> tuple[str, str]:
    """Cut a message into its time and its text."""
    _, time, text, *_ = [*line.split(maxsplit=2), "", ""]
    return time, text.strip()


def _checked(rows: Iterable[Any], path: Path, place: Place) -> Iterator[Any]:
    """Name the line where a file is not as expected."""
    try:
        yield from rows
    except (ValueError, IndexError) as fault:
        problem = f"line {place.line} is not as EyeLink writes it ({shorten(fault)})."
        raise ManifestError(problem, where=path) from fault


def _lines(path: Path, place: Place) -> Iterator[tuple[bool, str]]:
    """Give the lines, and whether each is a sample; `place` follows them."""
    for line in text_lines(path):
        place.line += 1
        is_sample = line[0].isdigit()
        if is_sample:
            place.n_samples += 1
        else:
            place.move(line)
        yield is_sample, line


def _outlined(path: Path, place: Place, outline: Outline) -> Iterator[None]:
    for is_sample, line in _lines(path, place):
        if is_sample:
            continue
        while place.n_trials >= len(outline.trials):
            outline.trials.append({})
        words = line.split()
        if line.startswith("MSG"):
            _, text = message(line)
            if match := _VARIABLE.match(text):
                outline.trials[-1][match[1]] = match[2]
            elif match := _IMAGE.match(text):
                outline.trials[-1]["image"] = match[1]
        elif line.startswith("END") and "RES" in words:
            outline.px_per_deg[place.block] = words[words.index("RES") + 1 :]
        elif line.startswith("EFIX"):
            fixated_ms = outline.fixated_ms.setdefault(place.block, {"L": 0.0, "R": 0.0})
            fixated_ms[words[1]] += float(words[4])
    yield


def _placed(cells: Cells, place: Place, outline: Outline) -> Cells:
    """Add to a row what is known of its place."""
    variables = outline.trials[place.n_trials]
    named = (variables.get(name, "") for name in outline.variables)
    return *cells, place.trial, place.block, place.block_start, *place.screen, *named


def _fixations(path: Path, place: Place, outline: Outline) -> Iterator[Cells]:
    begun: dict[str, Place] = {}  # by eye; a fixation is of the trial in which it began
    blinked: set[str] = set()  # eyes, since their fixation began
    for is_sample, line in _lines(path, place):
        if is_sample:
            continue
        words = line.split()
        if line.startswith("EVENTS"):
            _check_gaze(words, path)
        elif line.startswith("SFIX"):
            begun[words[1]] = replace(place)
            blinked.discard(words[1])
        elif line.startswith("SBLINK"):
            blinked.add(words[1])
        elif line.startswith("EFIX"):
            fixation = _fixation(words, place, outline, is_blinked=words[1] in blinked)
            blinked.discard(words[1])
            yield _placed(fixation, begun.pop(words[1], place), outline)


def _fixation(words: list[str], place: Place, outline: Outline, *, is_blinked: bool) -> Cells:
    _, eye, start, _, duration, x, y, pupil, *px_per_deg = words
    fixated_ms = outline.fixated_ms[place.block]
    is_used = eye == max(fixated_ms, key=fixated_ms.__getitem__)
    resolution = [*(px_per_deg or outline.px_per_deg.get(place.block, [])), "", ""][:2]
    return eye, is_used, start, duration, *place.position(x, y), pupil, is_blinked, *resolution


def _samples(path: Path, place: Place, outline: Outline) -> Iterator[Cells]:
    eyes: list[str] = []  # in the order of a line's cells
    blinking: set[str] = set()
    last_time = ""
    for is_sample, line in _lines(path, place):
        words = line.split()
        if is_sample:
            time = words[0]
            # At 2 kHz each millisecond stands there twice, unless edf2asc was told otherwise.
            moment = float(time) + 0.5 if time == last_time else time
            last_time = time
            eyes = eyes or _eyes_of(words)
            yield _placed((moment, *_seen(words, eyes, blinking, place)), place, outline)
        elif line.startswith("SAMPLES"):
            _check_gaze(words, path)
            eyes = [word[0] for word in words if word in {"LEFT", "RIGHT"}]
            blinking.clear()
        elif line.startswith("SBLINK"):
            blinking.add(words[1])
        elif line.startswith("EBLINK"):
            blinking.discard(words[1])


def _eyes_of(words: list[str]) -> list[str]:
    """Tell how many eyes a line is of, in a file from which somebody cut what stands above."""
    eyes = {3: ["L"], 6: ["L", "R"]}
    numbers = takewhile(
        lambda word: word == "." or word.strip("-").replace(".", "").isdigit(), words[1:]
    )
    n_cells = len([*numbers])
    if n_cells not in eyes:
        message = f"no line SAMPLES says what these {n_cells} numbers are"
        raise ValueError(message)
    return eyes[n_cells]


def _seen(words: list[str], eyes: list[str], blinking: set[str], place: Place) -> Cells:
    """Give x and y of what is seen, and x, y and pupil of each eye."""
    cells: dict[str, Cells] = {"L": UNSEEN, "R": UNSEEN}
    for number, eye in enumerate(eyes):
        x, y, pupil = words[3 * number + 1 : 3 * number + 4]
        is_open = eye not in blinking and "." not in {x, y, pupil} and float(pupil) > 0
        cells[eye] = (*place.position(x, y), pupil) if is_open else UNSEEN
    left, right = cells["L"], cells["R"]
    both: Cells = (left if right is UNSEEN else right)[:2]
    if left is not UNSEEN and right is not UNSEEN:
        both = tuple(
            (float(one) + float(other)) / 2 for one, other in zip(left, right, strict=True)
        )
    return *both[:2], *left, *right


def _messages(path: Path, place: Place, outline: Outline) -> Iterator[Cells]:
    for is_sample, line in _lines(path, place):
        if not is_sample and line.startswith("MSG"):
            yield _placed(message(line), place, outline)


def _check_gaze(words: list[str], path: Path) -> None:
    """Refuse positions that are no pixels of the screen."""
    if "GAZE" not in words:
        kind = next((word for word in words if word in {"HREF", "PUPIL"}), "no gaze")
        problem = f"its {words[0].lower()} are {kind}, which say nothing of the screen."
        remedy = "Make it again with gaze positions, as edf2asc does by default."
        raise ManifestError(problem, where=path, remedy=remedy)
