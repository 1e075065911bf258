"""Write the inspector of one reading: read its rows, embed its radiograph, fill the page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.sizes import is_scaled
from gazescribe.pipeline.images.paths import find_radiograph
from gazescribe.pipeline.images.reading import letterboxed, read_radiograph
from gazescribe.pipeline.maps.overlay import ALL_GAZE
from gazescribe.pipeline.report.inspector import MARKS, Inspector, Look, canvas_of, inspect
from gazescribe.pipeline.report.networks import Answers, as_sheet, for_script
from gazescribe.pipeline.report.notices import Notice
from gazescribe.pipeline.report.pages import write_page
from gazescribe.pipeline.report.parts import Parts
from gazescribe.pipeline.report.pictures import (
    CARD_PX,
    COLOUR_MAPS,
    MAP_PX,
    PICTURE_PX,
    QUALITY,
    STRENGTH,
    Grey,
    as_data,
    colours,
    fit_size,
    over,
)
from gazescribe.pipeline.report.reading_tables import as_tables
from gazescribe.pipeline.report.reviewing import ReviewedRun, about_review
from gazescribe.pipeline.report.shared_images import SharedImage
from gazescribe.pipeline.report.voices import find_voice, voice_as_data

RadiographState = Literal["shown", "absent", "unreadable", "of another aspect", "left out"]
NOTHING = "No heatmap."
SCRIPT_FRAME = ("height", "width", "scale", "pad_x_px", "pad_y_px")  # of the letterbox
ROOM = [  # what the script of the page is joined of: each file says at its top what it gives
    f"room/{name}.js"
    for name in (
        *("hub", "maps", "view", "levels"),  # these know nothing of the page
        *("choose", "layers", "time", "probe", "window", "network", "save", "keys"),
        *("answers", "review", "review_windows", "start"),
    )
]
PLATE = 38  # grey of the plate where there is no radiograph


@dataclass(frozen=True)
class Enclosed:
    """What is embedded in the pages of readings."""

    picture_px: int | None = PICTURE_PX  # long side of a radiograph, at most; None leaves it out
    audio: Path | None = None  # folder of the dictations; without it none is looked for
    audio_offset_s: float = 0.0  # time in the tables where the audio begins


ENCLOSED = Enclosed()


@dataclass(frozen=True)
class DataSource:
    """One data set, as a task needs it."""

    dataset: str
    tables: Path
    associated: Path | None
    mentions: Path | None
    images: Path | None  # folder of the radiographs; without it none is looked for
    look: Look
    notice: Notice  # what its pages say of sharing them
    enclosed: Enclosed = ENCLOSED
    run: ReviewedRun | None = None  # that the browser keeps reviews under

    def read_mentions(self, ids: Sequence[str]) -> pa.Table:
        """Read the mentions of some readings; an empty table where there are none."""
        if self.mentions is None or not ids:
            return TABLES["mentions"].schema.empty_table()
        table = read_table(self.tables, "readings")
        return mentions_of(read_mentions(self.mentions, table, self.look.label_map), ids)


@dataclass(frozen=True)
class Card:
    """What the gallery shows of a reading."""

    reading_id: str
    dataset: str
    split: str
    label: str
    labels: list[str]
    key: str
    radiograph: RadiographState
    picture: str
    has_voice: bool


def mentions_of(mentions: pa.Table, ids: Collection[str]) -> pa.Table:
    """Give the mentions of some readings."""
    return mentions.filter(pc.is_in(mentions["report_id"], pa.array(list(ids), pa.string())))


@dataclass(frozen=True)
class Context:
    """What the page of a reading shows besides its own rows."""

    label: str = ""  # what it opens with; empty where it has none
    before: str = ""  # reading that comes before it, and
    after: str = ""  # after it; empty at the ends
    shared: SharedImage | None = None  # its image, if other readings share it
    answers: Answers = field(default_factory=Answers)  # of networks


def write_reading(parts: Parts, source: DataSource, out: Path, context: Context) -> Card:
    """Write `readings/<reading>.html` below `out`."""
    page = inspect(parts, source.look, MAP_PX)
    state, picture, picture_frame = radiograph_of(parts, source)
    reading_id = parts.reading["reading_id"]
    audio = source.enclosed.audio
    voice = None if audio is None else find_voice(audio, reading_id)
    first = _first(page, context.label)
    titles = [choice.title for choice in page.labels]
    further: dict[str, Any] = {
        "review": source.run and about_review(parts, source.run, source.look.label_map.targets),
        "strength": STRENGTH,
        "nothing": NOTHING,
        "colours": {name: colours(name).tobytes().hex() for name in COLOUR_MAPS},
        "frame": _for_script(page.frame),
        "picture_frame": _for_script(picture_frame),
        "audio_offset_s": source.enclosed.audio_offset_s,
    }
    if parts.image_size is not None:
        further["networks"] = for_script(context.answers, parts.image_size, titles)
    write_page(
        out / "readings" / f"{reading_id}.html",
        "inspector.html",
        ["style.css", "room/room.css", "room/review.css"],
        ROOM,
        notice=source.notice,
        page=replace(page, data=page.data | further),
        picture=None if picture is None else as_data(picture, QUALITY),
        voice=None if voice is None else voice_as_data(voice),
        radiograph=state,
        first=first,
        summary=next((c.summary for c in page.choices if c.key == first), NOTHING),
        marks=MARKS,
        tables=as_tables(page),
        networks=as_sheet(context.answers, source.look.label_map.channels),
        context=context,
    )
    return Card(
        reading_id=reading_id,
        dataset=source.dataset,
        split=parts.reading["split"] or "",
        label=context.label,
        labels=titles,
        key=first,
        radiograph=state,
        picture=_card(parts, page, picture, context.label, source.look.amplitude),
        has_voice=voice is not None,
    )


def _for_script(frame: Letterbox | None) -> dict[str, float] | None:
    return None if frame is None else {name: getattr(frame, name) for name in SCRIPT_FRAME}


def _first(page: Inspector, label: str) -> str:
    """Choose what the page shows when it opens."""
    named = [choice.key for choice in page.labels if choice.title == label]
    drawn = [choice.key for choice in page.choices if choice.windows]
    return next(iter([*named, *drawn]), "nothing")


def radiograph_of(
    parts: Parts, source: DataSource
) -> tuple[RadiographState, Grey | None, Letterbox | None]:
    """Read the radiograph, no larger than the file has it, and say where it lies in its picture."""
    longest_px = source.enclosed.picture_px
    if source.images is None or longest_px is None:
        return "left out", None, None
    path = find_radiograph(source.images, parts.reading["image_path"])
    if path is None or parts.image_size is None:
        return "absent", None, None
    try:
        image = read_radiograph(path)
    except GazeError:  # one damaged file costs one picture, counted
        return "unreadable", None, None
    # gaze in pixels of another image would lie at the wrong places
    if not is_scaled(image.shape, parts.image_size):
        return "of another aspect", None, None
    size = fit_size(parts.image_size, min(longest_px, max(image.shape)))
    return "shown", *letterboxed(image, size, image_size=parts.image_size)


def _card(parts: Parts, page: Inspector, picture: Grey | None, label: str, amplitude: str) -> str:
    """Draw the small picture of the gallery; empty where there is nothing to draw."""
    if page.size is None or parts.image_size is None:
        return ""
    from PIL import Image

    size = fit_size(parts.image_size, CARD_PX)
    small = np.full(size, PLATE, np.uint8)
    if picture is not None:
        shrunk = Image.fromarray(picture).resize(size[::-1], Image.Resampling.BOX)
        small = np.asarray(shrunk)
    windows = [row["window"] for row in parts.windows if label in row["labels"]]
    if label == ALL_GAZE:
        windows = [row["window"] for row in parts.windows if row["kind"] == "reading"]
    heatmap = np.zeros(size, np.float32)
    if windows and parts.gaussians:
        canvas = canvas_of(parts.gaussians, parts.image_size, size, amplitude)
        heatmap, _ = canvas.label_map(windows)
    return as_data(over(small, heatmap), quality=80)
