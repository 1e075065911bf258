"""What the multiple-instance network predicts of images, for `gazescribe predict`."""

from pathlib import Path

from torch import Tensor

from gazescribe.models.core.checkpoint import Checkpoint
from gazescribe.models.mil.network import check_labels, localisation_maps, probability_of, rebuilt
from gazescribe.models.predicting.predictor import BatchOutput, Channel, Predictor
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.schemas import MIL_MAPS


def predictor(checkpoint: Checkpoint, path: Path) -> Predictor:
    """Make a checkpoint, read from `path`, ready for `gazescribe predict`.

    The map to draw is the one with the best IoU on validation, which the checkpoint says once it is
    evaluated. Before, it is what the paper found best: the decoder's where the network learnt from
    maps, else the spatial activations (Lanfredi et al. 2023, Section 3). Raises GazeError if the
    weights are not this network's, or it has other labels.
    """
    network, run = rebuilt(checkpoint, path)
    check_labels(checkpoint, path)
    kinds = [kind for kind in MIL_MAPS if run.decoder or kind != "decoder"]
    paper = "decoder" if run.decoder and run.supervision != "none" else "spatial"
    best = (checkpoint.metrics or {}).get("map") or paper
    channels = tuple(Channel("label", label) for label in TEN_LABELS)

    def ask(images: Tensor, kind: str) -> BatchOutput:
        output = network(images, decode=kind == "decoder")
        maps = localisation_maps(network, output)
        return BatchOutput(probability_of(output.logits, run), maps[kind])

    maps = dict.fromkeys(sorted(kinds, key=lambda kind: kind != best), channels)
    return Predictor(checkpoint, network, TEN_LABELS, maps, ask)
