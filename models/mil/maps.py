"""Where the maps of a source come from: drawn from its Gaussians, or read from its shards."""

from collections.abc import Iterable
from pathlib import Path

from gazescribe.models.core.drawn_maps import DrawnMaps, check_folders
from gazescribe.models.mil.settings import MilInputs, input_of, is_drawn
from gazescribe.models.mil.supervision import Source
from gazescribe.pipeline.core.shards import Shards, open_shards

Maps = DrawnMaps | Shards


def check_maps(inputs: MilInputs, sources: Iterable[Source]) -> None:
    """Refuse folders from which no maps can be drawn; raises SchemaError naming all of them."""
    drawn = [source.gaussians for source in sources if is_drawn(source, inputs)]
    check_folders(Path(input_of(inputs, str(field))) for field in drawn)


def open_maps(inputs: MilInputs, source: Source, size: tuple[int, int]) -> Maps:
    """Open the maps of a source; `size`, (height, width), is that of maps that are drawn.

    Raises GazeError if the folder does not hold what is asked for.
    """
    if not is_drawn(source, inputs):
        return open_shards(input_of(inputs, source.maps))
    kind = "report" if source.kind == "report" else "label"
    folder = Path(input_of(inputs, str(source.gaussians)))
    return DrawnMaps(folder, kind, size, inputs.drawing)
