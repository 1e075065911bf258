"""What a frozen trunk or encoder says of each image, once.

Stage 3 trains on features of the trunk alone; stage 2 can keep those that its decoder starts from.

Source: `spec/cooperative.md` 4. Images are not augmented, so these are constants.
"""

from collections.abc import Mapping
from contextlib import nullcontext

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gazescribe.models.cooperative.data import CooperativeBatch, evaluation_loader, unit_range
from gazescribe.models.cooperative.densenet import Encoder
from gazescribe.models.cooperative.dual_encoder import Fusion
from gazescribe.models.cooperative.items import CooperativeItems
from gazescribe.models.cooperative.settings import CooperativeInputs, CooperativeRun
from gazescribe.models.core.device import Machine, process_rank
from gazescribe.models.core.loaders import Tensors, load_batches
from gazescribe.models.training.sampling import EpochSampler, EvenBatches, Key

Loader = DataLoader[Tensors]

HALVES = {"16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}


class Features(Dataset[Tensors]):
    """Features (n, n_pooled) in the place of n images, with their targets, by (epoch, index)."""

    def __init__(self, features: Tensor, target: Tensor) -> None:
        self._features = features
        self._target = target

    def __getitem__(self, key: Key) -> Tensors:
        _, index = key
        return {"image": self._features[index], "target": self._target[index]}


class KeptFeatures:
    """F4 of each image that a frozen encoder has met, on the CPU.

    The encoder sees images one by one, so that what is kept does not depend on the batch an image
    came in first: a run that was cut off meets them in another order.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._features: dict[tuple[bool, int], Tensor] = {}

    def of(self, images: Tensor, index: Tensor, *, training: bool) -> Tensor:
        """Give F4 of a batch, (B, C, H/32, W/32), of the items of this index to train on or not."""
        keys = [(training, number) for number in index.tolist()]
        for row, key in enumerate(keys):
            if key not in self._features:
                with torch.no_grad():
                    self._features[key] = self._encoder(images[row : row + 1]).decoder.cpu()
        return torch.cat([self._features[key] for key in keys]).to(images.device)

    def bytes_of(self, n_images: int) -> int:
        """Tell how much memory so many images take, by those that were met."""
        met = [features.nbytes for features in self._features.values()]
        return n_images * sum(met) // max(len(met), 1)


def cached_loaders(
    network: Fusion,
    items: Mapping[str, CooperativeItems],
    inputs: CooperativeInputs,
    run: CooperativeRun,
    machine: Machine,
) -> tuple[Loader, Loader]:
    """Load features of training images, in the order of images, and of validation images.

    The trunk of the network, which has been trained, works on the machine. `items` are train and
    validate, all with a diagnosis. Raises GazeError if the items fill no batch, or if shards do not
    fit.
    """
    order = EpochSampler(len(items["train"]), run.batch_size, run.seed, shuffle=run.shuffle)
    # All loaders before the trunk works: faults of the data come at once.
    loaders = {
        name: evaluation_loader(listed, inputs, run, batch_size=run.batch_size)
        for name, listed in items.items()
    }
    train, validate = (
        Features(
            describe(network, loaders[name], run, machine), torch.from_numpy(items[name].target)
        )
        for name in ("train", "validate")
    )
    batches = EvenBatches(len(items["validate"]), run.batch_size)
    options = {"batch_size": run.batch_size, "sampler": order, "drop_last": True}
    return load_batches(train, 0, **options), load_batches(validate, 0, batch_sampler=batches)


@torch.no_grad()
def describe(
    network: Fusion, loader: DataLoader[CooperativeBatch], run: CooperativeRun, machine: Machine
) -> Tensor:
    """Give the pooled features of all images of a loader, (n, n_pooled), on the CPU.

    The trunk works in the precision of the run, in evaluation mode.
    """
    device = torch.device("cuda", process_rank()) if machine.accelerator == "gpu" else "cpu"
    network.to(device).trunk.eval()
    half = HALVES.get(run.precision)
    features = []
    with torch.autocast(torch.device(device).type, half) if half else nullcontext():
        for batch in loader:
            images = unit_range(batch["image"].to(device, non_blocking=True))
            features.append(network.trunk.describe(images)[1].float().cpu())
    return torch.cat(features)
