"""A training step of each stage of the cooperative network, against the published computation.

    python benchmarks/steps.py
    python benchmarks/steps.py --only saliency --size 640x512 --batch 1
    python benchmarks/steps.py --device cuda --size 640x512 --batch 16 --kernels

Published is, restated with our blocks: float32 and contiguous tensors, the grey image in three
channels, an encoder whose parameters are frozen but which works anew in each step as in training, a
whole network run to train a head, a triplet loss in a loop over triplets of maps, a first block and
a head whose output nobody reads. Ours are networks and losses of `gazescribe train`, in the ways
that `--autotune` tries. All take turns in this one process; the fastest step of each counts.
`--kernels` tells the share of a step in which the GPU computes; no GPU has run it yet.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from cooperative import looped, said, sides
from ratio import Ratio, in_turns
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from gazescribe.models.cooperative.blocks import ResidualSE, SaliencyHead
from gazescribe.models.cooperative.densenet import SHAPES, DenseClassifier, Encoder
from gazescribe.models.cooperative.dual_encoder import DualEncoder, Fusion
from gazescribe.models.cooperative.losses import saliency_loss, triplet_loss

EPOCHS = 50  # of the paper; what is computed once is shared out over them
WIDTH = 64
Step = Callable[[], float]


class Batch:
    """Images of noise, their classes and maps, on a device."""

    def __init__(self, asked: argparse.Namespace) -> None:
        torch.manual_seed(0)
        self.device = torch.device(asked.device)
        self.images = torch.rand(asked.batch, 1, *asked.size).to(self.device)
        self.maps = torch.rand(asked.batch, 1, *asked.size).to(self.device)
        self.classes = (torch.arange(asked.batch) % 3).to(self.device)


class PublishedContrast(nn.Module):
    """DenseNet, and the block and head that its code runs beside it for nothing."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.unread = nn.Sequential(ResidualSE(1, WIDTH), SaliencyHead(WIDTH, 1))

    def forward(self, images: Tensor) -> Tensor:
        self.unread(images)
        return self.encoder(three(images)).decoder


def three(images: Tensor) -> Tensor:
    return images.expand(-1, 3, -1, -1).contiguous()


def trained(
    network: nn.Module, loss_of: Callable[[], Tensor], *, half: torch.dtype | None = None
) -> Step:
    """A step of Adam; as Lightning has it, the network alone works in 16 bit."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = torch.optim.Adam(weights, lr=1e-4)
    kind = weights[0].device.type

    def step() -> float:
        optimiser.zero_grad()
        with torch.autocast(kind, half, enabled=half is not None):
            loss = loss_of()
        loss.backward()
        optimiser.step()
        if kind == "cuda":
            torch.cuda.synchronize()
        return loss.item()

    return step


def published(stage: str, asked: argparse.Namespace, batch: Batch) -> Step:
    torch.manual_seed(0)
    encoder = Encoder(asked.encoder)
    frozen = {"saliency": "parameters", "head": "parameters", "joint": False}.get(stage)
    networks = {
        "contrast": lambda: PublishedContrast(encoder),
        "classes": lambda: DenseClassifier(encoder),
        "saliency": lambda: DualEncoder(encoder, width=WIDTH, frozen=frozen),
        "head": lambda: Fusion(DualEncoder(encoder, width=WIDTH, frozen=frozen), frozen=frozen),
        "joint": lambda: Fusion(DualEncoder(encoder, width=WIDTH, frozen=frozen), frozen=frozen),
    }
    network = networks[stage]().to(batch.device).train()
    if stage in ("saliency", "head", "joint"):
        unwrapped = encoder.forward
        encoder.forward = lambda images: unwrapped(three(images))  # the U sees one channel
    losses = {
        "contrast": lambda: looped(network(batch.images), batch.classes),
        "classes": lambda: cross_entropy(network(three(batch.images)), batch),
        "saliency": lambda: saliency_loss(network(batch.images).saliency, batch.maps),
        "head": lambda: cross_entropy(network(batch.images), batch),
        "joint": lambda: both(network(batch.images), batch),
    }
    return trained(network, losses[stage])


def cross_entropy(prediction, batch: Batch) -> Tensor:
    return F.cross_entropy(prediction.classes.float(), batch.classes)


def both(prediction, batch: Batch) -> Tensor:
    return cross_entropy(prediction, batch) + saliency_loss(prediction.saliency, batch.maps)


def ours(
    stage: str,
    asked: argparse.Namespace,
    batch: Batch,
    *,
    half: torch.dtype | None = None,
    channels_last: bool = False,
    compiled: bool = False,
    kept: bool = False,
) -> Step:
    """A step as `gazescribe train` takes it; `head` trains on features that are computed once.

    `kept` is `cache_features: all`: features of the frozen encoder are there from another epoch.
    """
    torch.manual_seed(0)
    encoder = Encoder(asked.encoder)
    networks = {
        "contrast": lambda: DenseClassifier(encoder, n_classes=0),
        "classes": lambda: DenseClassifier(encoder),
        "saliency": lambda: DualEncoder(encoder, width=WIDTH),
        "head": lambda: Fusion(DualEncoder(encoder, width=WIDTH)),
        "joint": lambda: Fusion(DualEncoder(encoder, width=WIDTH, frozen=False), frozen=False),
    }
    network = networks[stage]().to(batch.device).train()
    if channels_last:
        network.to(memory_format=torch.channels_last)
    if compiled:
        network.compile()
    losses = {
        "contrast": lambda: triplet_loss(network.embed(batch.images), batch.classes),
        "classes": lambda: cross_entropy(network(batch.images), batch),
        "saliency": lambda: saliency_loss(network(batch.images, start).saliency, batch.maps),
        "joint": lambda: both(network(batch.images), batch),
    }
    start = None
    if kept and stage == "saliency":
        with torch.no_grad(), torch.autocast(batch.device.type, half, enabled=half is not None):
            start = encoder(batch.images).decoder
    if stage == "head":
        return head_step(network, batch, half)
    return trained(network, losses[stage], half=half)


def head_step(network: Fusion, batch: Batch, half: torch.dtype | None) -> Step:
    """Fifty steps of the head and the one pass that they need."""
    steps = trained(network.head, lambda: F.cross_entropy(network.head(features[0]), batch.classes))
    features: list[Tensor] = []

    def fifty() -> float:
        features.clear()
        kind = batch.device.type
        with torch.no_grad(), torch.autocast(kind, half, enabled=half is not None):
            features.append(network.trunk.describe(batch.images)[1].float())
        return [steps() for _ in range(EPOCHS)][-1]

    return fifty


STAGES = ("contrast", "classes", "saliency", "head", "joint")


def ways(stage: str, asked: argparse.Namespace) -> dict[str, dict]:
    listed: dict[str, dict] = {
        "32, contiguous": {},
        "32, channels last": {"channels_last": True},
        "bf16, contiguous": {"half": torch.bfloat16},
        "bf16, channels last": {"half": torch.bfloat16, "channels_last": True},
    }
    if stage == "saliency":
        listed["the same, features kept"] = {**listed["bf16, channels last"], "kept": True}
    if asked.compile:
        listed["bf16, channels last, compiled"] = {
            "half": torch.bfloat16,
            "channels_last": True,
            "compiled": True,
        }
    return listed


def compare(stage: str, asked: argparse.Namespace) -> Iterator[tuple[str, float, float, float]]:
    """Of each way its seconds a step, those of the published one beside it, and its first loss."""
    batch = Batch(asked)
    theirs = published(stage, asked, batch)
    for name, way in ways(stage, asked).items():
        our = ours(stage, asked, batch, **way)
        loss = our()
        ours_s, theirs_s = in_turns(our, theirs, rounds=asked.rounds, clock=clock(asked))
        yield name, ours_s / (EPOCHS if stage == "head" else 1), theirs_s, loss


def clock(asked: argparse.Namespace) -> Callable[[], float]:
    """Seconds of the processor where it is alone with one thread; else of the wall."""
    alone = asked.device == "cpu" and torch.get_num_threads() == 1
    return time.process_time if alone else time.perf_counter


def kernels(stage: str, asked: argparse.Namespace) -> float:
    """Share of a step in which the GPU computes."""
    from torch.profiler import ProfilerActivity, profile

    step = ours(stage, asked, Batch(asked), half=torch.bfloat16, channels_last=True)
    for _ in range(3):
        step()
    begin = time.perf_counter()
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        for _ in range(asked.rounds):
            step()
    wall_s = time.perf_counter() - begin
    busy_s = sum(event.self_device_time_total for event in seen.key_averages()) / 1e6
    return busy_s / wall_s


def ratios(folder: Path) -> Iterator[Ratio]:  # noqa: ARG001  nothing is read
    asked = parsed([])
    way = {"half": torch.bfloat16, "channels_last": True, "kept": True}
    for stage, n_images in (("contrast", 6), ("classes", 6), ("saliency", 4), ("head", 1)):
        asked.batch = n_images
        batch = Batch(asked)
        our, theirs = ours(stage, asked, batch, **way), published(stage, asked, batch)
        ours_s, theirs_s = in_turns(our, theirs, rounds=2, clock=time.process_time)
        yield Ratio(
            name=f"step-{stage}",
            work=f"a training step, bfloat16: {stage}, {n_images} images of {said(asked.size)}",
            peer="published, float32",
            ours_s=ours_s / (EPOCHS if stage == "head" else 1),
            peer_s=theirs_s,
        )


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--encoder", choices=SHAPES, default="densenet201")
    parser.add_argument("--size", type=sides, default=(256, 192), metavar="HxW")
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compile", action="store_true", help="minutes on a CPU")
    parser.add_argument("--kernels", action="store_true", help="share of time in them, on a GPU")
    return parser.parse_args(arguments)


def main() -> None:
    asked = parsed()
    if asked.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("there is no GPU here")
    print(
        f"a step of {asked.batch} images of {said(asked.size)}, {asked.encoder}, {WIDTH} channels,"
        f" {asked.device}, {torch.get_num_threads()} threads"
    )
    for stage in asked.only:
        for name, ours_s, theirs_s, loss in compare(stage, asked):
            print(
                f"  {stage:9s} {name:30s} {ours_s:9.4f} s, published {theirs_s:9.4f} s:"
                f" {theirs_s / ours_s:7.2f} x, first loss {loss:.6g}",
                flush=True,
            )
        if asked.kernels and asked.device == "cuda":
            print(f"  {stage:9s} share of time in kernels {kernels(stage, asked):.1%}")


if __name__ == "__main__":
    main()
