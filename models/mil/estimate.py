"""How much memory of a device a run of the multiple-instance network needs."""

from dataclasses import replace

import torch
from torch import Tensor

from gazescribe.models.core.loaders import Tensors
from gazescribe.models.mil.settings import MilInputs, MilRun
from gazescribe.models.mil.supervision import sources_of
from gazescribe.models.mil.training import MilTraining
from gazescribe.models.training.augment import apply
from gazescribe.models.training.estimate import Estimate, estimate_step


def estimate(run: MilRun, inputs: MilInputs) -> Estimate:
    """Estimate a step of training in which every image has maps, where any image has."""
    with torch.device("meta"):
        module = MilTraining(replace(run, weights="scratch"), len(inputs.labels))

    def batch_of() -> Tensors:
        n, size, n_labels = run.batch_size, run.image_size, len(inputs.labels)
        n_maps = n if sources_of(run.supervision) else 0
        on_meta = torch.device("meta")
        image = torch.empty(n, 1, size, size, dtype=torch.uint8, device=on_meta)
        maps = torch.empty(n_maps, n_labels, size, size, dtype=torch.float16, device=on_meta)
        affine = torch.empty(n, 2, 3, device=on_meta)
        mode = run.augment.interpolation
        return {
            "image": apply(affine, image, mode=mode)[0] / 255,
            "labels": torch.empty(n, n_labels, device=on_meta),
            # On the CPU: which are annotated decides on sizes, and `meta` has no content.
            "annotated": torch.arange(n, device="cpu") < n_maps,
            "maps": apply(affine[:n_maps], maps, mode=mode)[0],
        }

    def loss_of(batch: Tensors) -> Tensor:
        terms = module.losses(module.network(batch["image"]), batch)
        return torch.stack(list(terms.values())).sum()

    n_states = 3 if run.amsgrad else 2
    return estimate_step(module, batch_of, loss_of, precision=run.precision, n_states=n_states)
