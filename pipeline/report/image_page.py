"""Write the page of one image that several readings are of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from markupsafe import Markup

from gazescribe.pipeline.report.agreement import THRESHOLD, Matrix, mean_of_pairs
from gazescribe.pipeline.report.numbers import NONE, told
from gazescribe.pipeline.report.pages import write_page
from gazescribe.pipeline.report.parts import Parts, read_parts
from gazescribe.pipeline.report.pictures import (
    STRENGTH,
    as_data,
    colours,
    map_as_data,
)
from gazescribe.pipeline.report.reading import SCRIPT_FRAME, DataSource, mentions_of, radiograph_of
from gazescribe.pipeline.report.shared_images import SharedImage
from gazescribe.pipeline.report.sheets import Sheet, sheet
from gazescribe.pipeline.report.side_by_side import COMPARED_PX, CommonChoice, compare

SCRIPTS = ["room/hub.js", "room/maps.js", "room/view.js", "side_by_side.js"]
SHADES = 10  # of a cell, by its value


@dataclass(frozen=True)
class ImageTask:
    """One image, for one worker."""

    image: SharedImage
    sources: dict[str, DataSource]  # by data set
    mentions: dict[str, pa.Table]  # likewise; of these readings
    inspectors: Collection[str]  # readings of it that have one


def image_tasks(
    images: Sequence[SharedImage], sources: Mapping[str, DataSource], inspectors: Collection[str]
) -> list[ImageTask]:
    """Give the workers what they need; `inspectors` are all readings that have one."""
    mentions = {}
    for dataset, source in sources.items():
        ids = [reading_id for image in images for reading_id in image.readings.get(dataset, ())]
        mentions[dataset] = source.read_mentions(ids)
    return [
        ImageTask(
            image=image,
            sources={name: sources[name] for name in image.readings},
            mentions={
                name: mentions_of(mentions[name], ids) for name, ids in image.readings.items()
            },
            inspectors=set(image.reading_ids).intersection(inspectors),
        )
        for image in images
    ]


@dataclass(frozen=True)
class Cell:
    """What two readings have in common."""

    text: str
    shade: str  # class of the style; empty where there is nothing to compare


@dataclass(frozen=True)
class MatrixSheet:
    """A matrix as a table on the page."""

    title: str
    kind: str
    mean: str
    rows: list[list[Cell]]


def write_image(task: ImageTask, *, out: Path) -> str:
    """Write `images/<dicom_id>.html` below `out`; give the id."""
    readings: list[tuple[Parts, DataSource]] = []
    for dataset, ids in task.image.readings.items():
        source = task.sources[dataset]
        parts = read_parts(source.tables, source.associated, task.mentions[dataset], ids)
        readings += [(parts[reading_id], source) for reading_id in ids]
    page = compare([(parts, source.look) for parts, source in readings])
    state, radiograph = _radiograph(readings)
    first = max(page.choices, key=lambda choice: (choice.key.startswith("label"), choice.n_maps))
    page.data.update(
        colours=colours().tobytes().hex(),
        strength=STRENGTH,
        frame={name: getattr(page.frame, name) for name in SCRIPT_FRAME},
    )
    sources = [source for _, source in readings]
    write_page(
        out / "images" / f"{task.image.dicom_id}.html",
        "side_by_side.html",
        ["style.css", "room/room.css", "side_by_side.css"],
        SCRIPTS,
        notice=max((source.notice for source in sources), key=lambda notice: notice.strength),
        page=page,
        image=task.image,
        inspectors=task.inspectors,
        radiograph=radiograph,
        state=state,
        first=first.key,
        summary=first.summary,
        drawn=[plate.choice.ellipses if plate.choice else [] for plate in first.plates],
        stills=["" if heatmap is None else map_as_data(heatmap) for heatmap in first.maps],
        matrices={choice.key: _matrices(choice) for choice in page.choices},
        means=_means(page.choices),
        threshold=THRESHOLD,
        min_certainty=sources[0].look.min_certainty,
        compared_px=COMPARED_PX,
    )
    return task.image.dicom_id


def _radiograph(readings: list[tuple[Parts, DataSource]]) -> tuple[str, str | None]:
    """Embed the first radiograph that can be read; else say why there is none."""
    states = []
    for parts, source in readings:
        state, picture, _ = radiograph_of(parts, source)
        if picture is not None:
            return state, as_data(picture)
        states.append(state)
    return states[0], None


def _matrices(choice: CommonChoice) -> list[MatrixSheet]:
    agreement = choice.agreement
    named = [
        ("IoU of maps", "iou", agreement.map_iou[THRESHOLD]),
        ("Correlation of maps", "cc", agreement.map_cc),
        ("IoU of ellipses", "ellipses", agreement.ellipse_iou),
    ]
    return [
        MatrixSheet(title, kind, _text(mean), _cells(matrix))
        for title, kind, matrix in named
        if (mean := mean_of_pairs(matrix)) is not None
    ]


def _cells(matrix: Matrix) -> list[list[Cell]]:
    """Write values and their shades as the script does when the threshold moves."""
    return [
        [
            Cell(_text(value), "" if value is None else f"v{int(max(round(value, 2), 0) * SHADES)}")
            for value in row
        ]
        for row in matrix
    ]


def _text(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"


def _means(choices: list[CommonChoice]) -> Sheet:
    columns = [
        "label",
        "readings with a map",
        f"mean IoU above {THRESHOLD}",
        "mean correlation",
        "mean IoU of ellipses",
    ]
    rows: list[list[str | Markup]] = [
        [
            told('<a href="#{key}">{title}</a>', key=choice.key, title=choice.title),
            str(choice.n_maps),
            *(
                _text(mean_of_pairs(matrix))
                for matrix in (
                    choice.agreement.map_iou[THRESHOLD],
                    choice.agreement.map_cc,
                    choice.agreement.ellipse_iou,
                )
            ),
        ]
        for choice in choices
    ]
    return sheet("Agreement about every label", columns, rows, shown=len(rows))
