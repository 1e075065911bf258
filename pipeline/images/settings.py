"""Section `images` of `params.yaml`."""

from typing import Literal

from gazescribe.pipeline.core.yaml_files import Strict


class Images(Strict):
    """Section `images`: how radiographs are fitted into shards."""

    size: int | str
    source: Literal["jpg", "dicom"]
    resize: Literal["direct", "published"]
    decode: Literal["exact", "scaled"]
    depth: Literal[8, 16]
