"""A trained network applied to images: from the command line, or from Python with `predict`."""

from gazescribe.models.predicting.in_memory import Predictions, predict

__all__ = ["Predictions", "predict"]
