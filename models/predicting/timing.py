"""How long a network takes an image, and on what: for `timing.json` beside the predictions.

It is a file of its own, since times differ from run to run and predictions do not.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from gazescribe.models.core.device import finished, machine_name

if TYPE_CHECKING:  # torch takes seconds to import
    import torch
    from torch import Tensor

    from gazescribe.models.predicting.predictor import BatchOutput, Predictor

TIMING = "timing.json"


@dataclass
class Stopwatch:
    """Times what a predictor is asked, batch by batch; `batches` are (images, seconds)."""

    device: "torch.device"
    batches: list[tuple[int, float]] = field(default_factory=list)

    def timed(self, predictor: "Predictor") -> "Predictor":
        """Give the same predictor, whose answers are timed here."""

        def ask(images: "Tensor", kind: str) -> "BatchOutput":
            began = finished(self.device)
            output = predictor.ask(images, kind)
            self.batches.append((len(images), finished(self.device) - began))
            return output

        return replace(predictor, ask=ask)

    def summary(self, kind: str) -> dict[str, Any]:
        """Seconds an image: probabilities and maps of this kind, without reading and drawing.

        The first of several batches does not count, since libraries set themselves up in it; null
        where nothing was to do.
        """
        counted = self.batches[1:] or self.batches
        n_images = sum(n for n, _ in counted)
        seconds = sum(seconds for _, seconds in counted)
        return {
            "s_an_image": seconds / n_images if n_images else None,
            "n_images": n_images,
            "batch_size": max((n for n, _ in counted), default=None),
            "map": kind,
            "machine": machine_name(self.device),
        }
