"""How much memory of a device a run of the cooperative network, or of a baseline, needs."""

import dataclasses
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gazescribe.models.cooperative.data import unit_range
from gazescribe.models.cooperative.networks import network_of
from gazescribe.models.cooperative.settings import N_CLASSES, CooperativeRun
from gazescribe.models.cooperative.training import CooperativeTraining
from gazescribe.models.core.loaders import Tensors
from gazescribe.models.training.estimate import Estimate, estimate_step

N_STATES = 2  # of Adam and AdamW


def estimate(run: CooperativeRun, _: object = None) -> Estimate:
    """Estimate a step of training; of a run on cached features also the trunk that gives them."""
    # Features that are kept lie on the CPU; a step that makes them needs what one without does.
    run = dataclasses.replace(run, cache_features=bool(run.cache_features))
    network: Any
    with torch.device("meta"):
        network = network_of(dataclasses.asdict(run))
        module = CooperativeTraining(run, network)
    step_of = partial(estimate_step, precision=run.precision, n_states=N_STATES)

    def loss_of(batch: Tensors) -> Tensor:
        if run.objective == "triplet" and run.mining != "published":
            # Triplets of pooled vectors take less than a MiB; which there are is no matter of size.
            return module.embedding(batch["image"]).sum()
        return module.weighed(module.terms(batch))

    step = step_of(module, lambda: _batch(run, module), loss_of)
    if not module.cached:
        return step

    @torch.no_grad()
    def features_of(batch: Tensors) -> Tensor:
        features: Tensor = network.trunk.describe(unit_range(batch["image"]))[1]
        return features.sum()

    described = step_of(network, lambda: _images(run), features_of)
    return max(step, described, key=lambda needed: needed.total)


def _batch(run: CooperativeRun, module: CooperativeTraining) -> Tensors:
    """Make what the module trains on, as it is on the device."""
    target = torch.arange(run.batch_size, device="cpu") % N_CLASSES
    if run.objective != "triplet":  # those are chosen by class, and `meta` has no content
        target = target.to("meta")
    if module.cached:
        features = torch.empty(run.batch_size, module.network.trunk.n_pooled, device="meta")
        return {"image": features, "target": target}
    size = run.batch_size, 1, run.image_height, run.image_width
    batch = {
        **_images(run),
        "target": target,
        "map": torch.empty(size, dtype=torch.float16, device="meta"),
        "valid": torch.empty(size, dtype=torch.bool, device="meta"),
        "gaze": torch.empty(size[0], size[2] // 4, size[3] // 4, device="meta"),
    }
    return module.on_after_batch_transfer(batch, 0)


def _images(run: CooperativeRun) -> Tensors:
    size = run.batch_size, 1, run.image_height, run.image_width
    return {"image": torch.empty(size, dtype=torch.uint8, device="meta")}
