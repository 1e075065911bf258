"""What a network of this system says of pictures, for `models.predicting.predictor`."""

from pathlib import Path

from torch import Tensor

from gazescribe.models.mil.maps import localisation_maps
from gazescribe.models.mil.trained import probability_of, restored
from gazescribe.models.predicting.predictor import Answer, Channel, Predictor
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.core.schemas import MIL_MAPS

CHANNELS = tuple(Channel("label", label) for label in TEN_LABELS)


def predictor(path: Path) -> Predictor:
    """Read a checkpoint; raises as `restored` does, or if its labels are others.

    The map to draw is the one with the best IoU on validation, which the checkpoint says once it is
    evaluated. Before, it is what the paper found best: the decoder's where the network learnt from
    maps, else the spatial activations (Lanfredi et al. 2023, Section 3).
    """
    network, run, checkpoint = restored(path)
    if tuple(checkpoint.labels) != TEN_LABELS:
        found = ", ".join(checkpoint.labels)
        raise SchemaError(f"its labels are {found}; {', '.join(TEN_LABELS)} expected.", where=path)
    kinds = [kind for kind in MIL_MAPS if run.decoder or kind != "decoder"]
    paper = "decoder" if run.decoder and run.supervision != "none" else "spatial"
    first = (checkpoint.metrics or {}).get("map") or paper

    def ask(images: Tensor, kind: str) -> Answer:
        output = network(images, decode=kind == "decoder")
        return Answer(probability_of(output.logits, run), localisation_maps(network, output)[kind])

    return Predictor(
        checkpoint,
        network,
        TEN_LABELS,
        dict.fromkeys(sorted(kinds, key=lambda kind: kind != first), CHANNELS),
        ask,
    )
