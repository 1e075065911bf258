"""Where the maps of a source come from: drawn from Gaussians or ellipses, or read from shards."""

from collections.abc import Iterable
from pathlib import Path

from gazescribe.models.core.drawn_maps import DrawnMaps, check_folders
from gazescribe.models.mil.drawn_masks import DrawnMasks
from gazescribe.models.mil.settings import MilInputs, input_of, is_drawn
from gazescribe.models.mil.supervision import Source
from gazescribe.pipeline.core.shards import Shards, open_shards

Drawn = DrawnMaps | DrawnMasks
Maps = Drawn | Shards


def check_maps(inputs: MilInputs, sources: Iterable[Source]) -> None:
    """Refuse folders from which no maps can be drawn; raises SchemaError naming all of them."""
    of_gaze = [source for source in sources if source.kind != "ellipse"]
    drawn = [source.drawn_from for source in of_gaze if is_drawn(source, inputs)]
    check_folders(Path(input_of(inputs, field)) for field in drawn)


def open_maps(inputs: MilInputs, source: Source, size: tuple[int, int]) -> Maps:
    """Open the maps of a source; `size`, (height, width), is that of maps that are drawn.

    Raises GazeError if the folder does not hold what is asked for.
    """
    if not is_drawn(source, inputs):
        return open_shards(input_of(inputs, source.maps))
    folder = Path(input_of(inputs, source.drawn_from))
    if source.kind == "ellipse" and inputs.masks:
        return DrawnMasks(folder, source.dataset, size, inputs.drawing.resize, inputs.masks)
    kind = "report" if source.kind == "report" else "label"
    return DrawnMaps(folder, kind, size, inputs.drawing)
