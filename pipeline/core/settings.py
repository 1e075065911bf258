"""Section `figures` of `params.yaml`."""

from typing import Literal

from gazescribe.pipeline.core.yaml_files import Strict


class Figures(Strict):
    """Section `figures`: pictures for print, of all stages that draw some."""

    text: Literal["text", "outlines"]
