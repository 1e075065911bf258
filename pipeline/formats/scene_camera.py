"""Exports of glasses with positions in the picture of their scene camera, which say nothing yet.

The image moves in that picture with the head. Both makers map gaze onto it afterwards.
"""

from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.formats.pieces import Content


def read(path: Path, table: str) -> Content:
    """Refuse the file, and say which to take instead."""
    what = f"the {table} of this file lie in the picture of the scene camera, not on the image."
    remedy = (
        "Take the export of the Surface Tracker (Pupil Core), of the Reference Image Mapper or of"
        " the Marker Mapper (Neon, Pupil Invisible). Where the head did not move and you know where"
        " the image lay in that picture, name the columns without `format`, as `screen_px`."
    )
    raise ManifestError(what, where=path, remedy=remedy)
