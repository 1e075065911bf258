"""What a frozen trunk says of each image, once: stage 3 trains on that alone.

Source: `spec/cooperative.md` 4. Images are not augmented, so these are constants.
"""

from collections.abc import Mapping
from contextlib import nullcontext

import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader, Dataset

from gazescribe.models.cooperative.data import Batch, evaluation_loader, unit_range
from gazescribe.models.cooperative.dual_encoder import Fusion
from gazescribe.models.cooperative.items import Items
from gazescribe.models.cooperative.settings import CooperativeInputs, CooperativeRun
from gazescribe.models.training.fitting import Machine
from gazescribe.models.training.sampling import EpochSampler, EvenBatches, Key

Loader = DataLoader[dict[str, Tensor]]

HALVES = {"16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}


class Features(Dataset[dict[str, Tensor]]):
    """Features in the place of images, by key (epoch, index).

    Parameters
    ----------
    features : Tensor, shape (n, n_pooled)
        Of each image.
    target : Tensor of int64, shape (n,)
        Number of its diagnosis.
    """

    def __init__(self, features: Tensor, target: Tensor) -> None:
        self._features = features
        self._target = target

    def __getitem__(self, key: Key) -> dict[str, Tensor]:
        _, index = key
        return {"image": self._features[index], "target": self._target[index]}


def cached_loaders(
    network: Fusion,
    items: Mapping[str, Items],
    inputs: CooperativeInputs,
    run: CooperativeRun,
    machine: Machine,
) -> tuple[Loader, Loader]:
    """Load features of training images, shuffled as images would be, and of validation images.

    Parameters
    ----------
    network : Fusion
        With a trunk that has been trained.
    items : mapping of str to Items
        train and validate, in this order.
    inputs : CooperativeInputs
        Folders.
    run : CooperativeRun
        Settings.
    machine : Machine
        Where the trunk works.

    Raises
    ------
    GazeError
        If the items fill no batch, or if shards do not fit.
    """
    order = EpochSampler(len(items["train"]), run.batch_size, run.seed)
    loaders = {
        name: evaluation_loader(listed, inputs, run, batch_size=run.batch_size)
        for name, listed in items.items()
    }
    train, validate = (
        Features(describe(network, loaders[name], run, machine), torch.from_numpy(listed.target))
        for name, listed in items.items()
    )
    batches = EvenBatches(len(items["validate"]), run.batch_size)
    # Generators of their own, so that the global one is as in a resumed run.
    return (
        DataLoader(train, run.batch_size, sampler=order, drop_last=True, generator=Generator()),
        DataLoader(validate, batch_sampler=batches, generator=Generator()),
    )


@torch.no_grad()
def describe(
    network: Fusion, loader: DataLoader[Batch], run: CooperativeRun, machine: Machine
) -> Tensor:
    """Give the pooled features of all images of a loader, (n, n_pooled), on the CPU.

    The trunk works in the precision of the run, in evaluation mode.
    """
    device = torch.device("cuda", machine.rank) if machine.accelerator == "gpu" else "cpu"
    network.to(device).trunk.eval()
    half = HALVES.get(run.precision)
    with torch.autocast(torch.device(device).type, half) if half else nullcontext():
        features = [
            network.trunk.describe(unit_range(batch["image"].to(device)))[1].float().cpu()
            for batch in loader
        ]
    return torch.cat(features)
