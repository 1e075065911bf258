"""What the multiple-instance network predicts of images, for `gazescribe predict`."""

from pathlib import Path

from torch import Tensor

from gazescribe.models.core.checkpoint import Checkpoint
from gazescribe.models.mil.network import localisation_maps, probability_of, rebuilt
from gazescribe.models.mil.supervision import sources_of
from gazescribe.models.predicting.predictor import BatchOutput, Channel, Predictor
from gazescribe.pipeline.core.values import MIL_MAPS


def predictor(checkpoint: Checkpoint, path: Path) -> Predictor:
    """Make a checkpoint, read from `path`, ready for `gazescribe predict`.

    The map to draw is the one with the best IoU on validation, which the checkpoint says once it is
    evaluated. Before, it is what the paper found best: the decoder's where the network learnt from
    maps, else the spatial activations (Lanfredi et al. 2023, Section 3). Raises GazeError if the
    weights are not this network's.
    """
    network, run = rebuilt(checkpoint, path)
    kinds = [kind for kind in MIL_MAPS if run.decoder or kind != "decoder"]
    paper = "decoder" if run.decoder and sources_of(run.supervision) else "spatial"
    best = (checkpoint.metrics or {}).get("map") or paper
    labels = tuple(checkpoint.labels)
    channels = tuple(Channel("label", label) for label in labels)

    def ask(images: Tensor, kind: str) -> BatchOutput:
        output = network(images, decode=kind == "decoder")
        maps = localisation_maps(network, output)
        return BatchOutput(probability_of(output.logits, run), maps[kind])

    maps = dict.fromkeys(sorted(kinds, key=lambda kind: kind != best), channels)
    return Predictor(checkpoint, network, labels, maps, ask)
