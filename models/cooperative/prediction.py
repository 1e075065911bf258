"""What a network of this system says of pictures, for `models.prediction`."""

from pathlib import Path

from models.prediction import Predictor
from pipeline.errors import GazeError


def predictor(path: Path) -> Predictor:
    """Read a checkpoint: diagnoses, a saliency map, Grad-CAM."""
    raise GazeError("`gazescribe predict` cannot apply a cooperative network yet.", where=path)
