"""Localized Narratives: people who describe a picture aloud and point with the mouse meanwhile.

One JSON object a line. Of images (Pont-Tuset et al., ECCV 2020) each is one narrative, its times in
seconds of the recording; of videos (Voigtlaender et al., CVPR 2023) each is a video with several,
the words in milliseconds of the recording and the mouse in milliseconds since 1970.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import parse_json, parsing
from gazescribe.pipeline.core.text_files import text_lines
from gazescribe.pipeline.formats.pieces import Content, in_pieces

KIND = "a Localized Narrative"
MS = 1000.0
Cells = tuple[Any, ...]


def read(path: Path, table: str) -> Content:
    """Read the narratives (`readings`), their words, or where the mouse was (`samples`).

    Columns of samples: narrative, image, key_frame (of videos), time, x, y in shares.
    """
    names, rows = TABLES[table]
    return in_pieces(names, _rows(path, rows))


def _rows(path: Path, rows: Callable[[dict[str, Any]], Iterator[Cells]]) -> Iterator[Cells]:
    for number, line in enumerate(text_lines(path), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        content = parse_json(line, ManifestError, where=where)
        with parsing(where, KIND, ManifestError):
            yield from rows(content)


def _narratives(content: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give id, image and content of each narrative of a line."""
    if "actor_narratives" in content:
        video = str(content["vidln_id"])
        for number, narrative in enumerate(content["actor_narratives"]):
            yield f"{video}_{number}", video, narrative
    else:
        image = str(content["image_id"])
        yield f"{image}_{content['annotator_id']}", image, content


def _readings(content: dict[str, Any]) -> Iterator[Cells]:
    for name, image, narrative in _narratives(content):
        audio_start = narrative.get("recording_start_time_ms_since_epoch", 0) / MS
        yield name, image, narrative.get("actor_name", ""), narrative["caption"], audio_start


def _words(content: dict[str, Any]) -> Iterator[Cells]:
    for name, _, narrative in _narratives(content):
        for word in narrative.get("time_alignment", ()):
            times = word["start_ms"] / MS, word["end_ms"] / MS
            yield name, word["referenced_word"], *times
        for phrase in narrative.get("timed_caption", ()):
            yield name, phrase["utterance"], phrase["start_time"], phrase["end_time"]


def _points(content: dict[str, Any]) -> Iterator[Cells]:
    for name, image, narrative in _narratives(content):
        for trace in narrative["traces"]:
            for at in trace:
                time = at["t"] if "t" in at else at["time_ms_since_epoch"] / MS
                yield name, image, at.get("kf_idx", ""), time, at["x"], at["y"]


TABLES: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any]], Iterator[Cells]]]] = {
    "readings": (("narrative", "image", "actor", "caption", "audio_start"), _readings),
    "samples": (("narrative", "image", "key_frame", "time", "x", "y"), _points),
    "words": (("narrative", "word", "start", "end"), _words),
}
