"""What the cooperative network costs, against a plain restatement of the published computation.

    python benchmarks/cooperative.py
    python benchmarks/cooperative.py --only triplets --batch 32 --channels 1920
    python benchmarks/cooperative.py --only memory stride predict --size 640x512

Both sides run in turns in this one process; times are medians. Restated is: a triplet loss in a
loop of Python over anchors, positives and negatives; a third stage that runs the whole network at
every step; a target blurred at the size of the film with 501 taps, then decimated. Memory is what a
backward pass keeps, counted without running anything; the published second stage is that of
stride 1, the published third one is joint training.
"""

import argparse
import copy
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import torch
from ratio import Ratio, in_turns
from scipy.ndimage import gaussian_filter
from torch.nn import functional as F  # noqa: N812
from torch.utils.flop_counter import FlopCounterMode

from gazescribe.models.cooperative.blocks import STRIDES
from gazescribe.models.cooperative.densenet import SHAPES, Encoder
from gazescribe.models.cooperative.dual_encoder import DualEncoder, Fusion
from gazescribe.models.cooperative.gradcam import gradcam
from gazescribe.models.cooperative.losses import published_triplet_loss, saliency_loss, triplet_loss
from gazescribe.models.cooperative.mt_unet import UNet
from gazescribe.pipeline.geometry.canvas import Canvas
from gazescribe.pipeline.geometry.saliency import cc, hs, kl
from gazescribe.pipeline.geometry.samples import sample_gaussians

FILM = (3056, 2544)
CANVAS = (3200, 2560)  # of the published code, decimated by five
TAPS, SIGMA_PX = 501, 75.5
GIB = 2**30


def seconds(function: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        begin = time.perf_counter()
        function()
        taken.append(time.perf_counter() - begin)
    return median(taken)


def triplets(asked: argparse.Namespace) -> None:
    torch.manual_seed(0)
    n, shape = asked.batch, (asked.batch, asked.channels, asked.rows, asked.columns)
    features = torch.randn(shape, requires_grad=True)
    classes = torch.arange(n) % 3
    n_triplets = sum(1 for _ in every_triplet(classes))
    print(
        f"triplet loss, forward and backward: {n} images, {n_triplets} triplets, maps {shape[1:]}"
    )
    ways = {
        "published: loop over triplets of maps": lambda: looped(features, classes),
        "the same loss, anchor by anchor": lambda: published_triplet_loss(features, classes),
        "pooled, all triplets": lambda: triplet_loss(features.mean((2, 3)), classes),
        "pooled, hard triplets": lambda: triplet_loss(
            features.mean((2, 3)), classes, mining="hard"
        ),
    }
    triplet_loss(torch.randn(6, 2), classes[:6], mining="hard")  # imports its library
    base = None
    for name, loss in ways.items():
        values = []
        taken = seconds(lambda loss=loss, into=values: backward(loss, features, into), asked.runs)
        base = base or taken
        print(f"  {name:40s} {taken:9.4f} s {base / taken:8.0f} x   loss {values[-1]:.6g}")


def every_triplet(classes: torch.Tensor):
    for a, p, n in itertools.product(range(len(classes)), repeat=3):
        if a != p and classes[a] == classes[p] and classes[a] != classes[n]:
            yield a, p, n


def looped(features: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    criterion = torch.nn.TripletMarginLoss(margin=1.0)
    total = torch.zeros(())
    for a, p, n in every_triplet(classes):
        total = total + criterion(features[a : a + 1], features[p : p + 1], features[n : n + 1])
    return total


def backward(loss: Callable[[], torch.Tensor], features: torch.Tensor, into: list[float]) -> None:
    features.grad = None
    value = loss()
    value.backward()
    into.append(value.item())


def trunk(asked: argparse.Namespace, **options) -> DualEncoder:
    return DualEncoder(Encoder(asked.encoder), width=asked.width, **options)


def stage3(asked: argparse.Namespace) -> None:
    torch.manual_seed(0)
    images = torch.rand(asked.images, 1, *asked.size)
    classes = torch.arange(asked.images) % 3
    start = Fusion(trunk(asked)).state_dict()

    def train(*, cached: bool) -> dict[str, torch.Tensor]:
        fusion = Fusion(trunk(asked))
        fusion.load_state_dict(start)
        fusion.train()
        described = None
        if cached:
            with torch.no_grad():
                described = torch.cat([fusion.trunk.describe(one[None])[1] for one in images])
        optimiser = torch.optim.Adam(fusion.head.parameters(), lr=1e-4)
        for epoch in range(asked.epochs):
            torch.manual_seed(epoch)
            for at in torch.arange(asked.images).split(asked.step):
                logits = fusion.head(described[at]) if cached else fusion(images[at]).classes
                optimiser.zero_grad()
                F.cross_entropy(logits, classes[at]).backward()
                optimiser.step()
        return fusion.head.state_dict()

    heads: dict[bool, dict[str, torch.Tensor]] = {}
    taken = {
        cached: seconds(lambda cached=cached: heads.update({cached: train(cached=cached)}), 1)
        for cached in (False, True)
    }
    apart = max((heads[False][name] - one).abs().max().item() for name, one in heads[True].items())
    print(
        f"stage 3: {asked.images} images {said(asked.size)}, {asked.epochs} epochs, batch"
        f" {asked.step}, {asked.encoder}, {asked.width} channels"
    )
    print(f"  whole network at each step {taken[False]:9.2f} s")
    print(f"  features computed once     {taken[True]:9.2f} s {taken[False] / taken[True]:8.1f} x")
    print(f"  largest difference of a weight of the head {apart:.1e}")


def target(asked: argparse.Namespace) -> None:
    rng = np.random.default_rng(0)
    centres = rng.uniform(0.25, 0.75, (12, 2)) * FILM
    places = np.repeat(centres, asked.samples // 12, axis=0)
    places += rng.normal(0, 40, places.shape)
    inside = ((places >= 0) & (places < FILM)).all(axis=1)
    samples = {
        "inside": inside,
        "time_s": np.arange(len(places)) / 60,
        "x_px": places[:, 1],
        "y_px": places[:, 0],
    }
    size = (CANVAS[0] // 5, CANVAS[1] // 5)

    def ours() -> np.ndarray:
        gaze = sample_gaussians(samples, FILM, SIGMA_PX, window=0)
        return Canvas(gaze, FILM, FILM).label_map([0])[0]

    def small() -> np.ndarray:
        gaze = sample_gaussians(samples, FILM, SIGMA_PX, window=0)
        return Canvas(gaze, FILM, size).label_map([0])[0]

    theirs = blurred(places[inside])
    full = seconds(lambda: blurred(places[inside]), asked.runs)
    print(f"target of {inside.sum()} samples on a film of {said(FILM)}")
    print(f"  counted, blurred with {TAPS} taps, decimated {full:9.3f} s")
    for name, draw in ((f"drawn at {said(size)}", small), (f"drawn at {said(FILM)}", ours)):
        taken = seconds(draw, asked.runs)
        print(f"  {name:39s} {taken:9.3f} s {full / taken:8.1f} x")
    same = ours()
    print(
        "  at full size, ours against theirs:"
        f" CC {cc(same, theirs):.6f}, HS {hs(same, theirs):.4f}, KL {kl(same, theirs):.1e}"
    )


def blurred(places: np.ndarray) -> np.ndarray:
    counts = np.zeros(FILM, np.float32)
    np.add.at(counts, tuple(places.astype(int).T), 1)
    reach = (TAPS // 2) / SIGMA_PX
    blurred = gaussian_filter(counts, SIGMA_PX, mode="mirror", truncate=reach)
    return blurred / blurred.max()


def memory(asked: argparse.Namespace) -> None:
    print(
        f"what a backward pass keeps, {asked.encoder}, {asked.width} channels, {said(asked.size)},"
        " one image, float32, without weights"
    )
    with torch.device("meta"):
        cases = {
            "joint training": (Fusion(trunk(asked, frozen=False), frozen=False), True),
            "MT-UNet": (UNet(n_classes=3, width=asked.width), True),
            **{
                f"stage 2, saliency_stride {stride}": (trunk(asked, saliency_stride=stride), False)
                for stride in STRIDES
            },
            "stage 3": (Fusion(trunk(asked)), True),
        }
    for name, (network, classes) in cases.items():
        print(f"  {name:28s} {kept(network, asked.size, classes=classes) / GIB:7.3f} GiB")


def kept(network: torch.nn.Module, size: tuple[int, int], *, classes: bool) -> int:
    """Bytes of all storages that a training step of one image keeps for its backward pass."""
    weights = {place(one) for one in network.parameters()}
    stored: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        stored[place(tensor)] = tensor.untyped_storage()  # held: no other takes its place
        return tensor

    network.train()
    with torch.device("meta"), torch.autograd.graph.saved_tensors_hooks(keep, lambda one: one):
        images = torch.zeros(2 if classes else 1, 1, *size)  # batch normalisation needs no two
        prediction = network(images)
        losses = []
        if prediction.saliency is not None and prediction.saliency.requires_grad:
            losses.append(saliency_loss(prediction.saliency, torch.ones_like(images)))
        if prediction.classes is not None:
            losses.append(F.cross_entropy(prediction.classes, torch.zeros(len(images)).long()))
        sum(losses)
    total = sum(storage.nbytes() for at, storage in stored.items() if at not in weights)
    return total // len(images)


def place(tensor: torch.Tensor) -> int:
    """Identify a storage; those of tensors without data have no address."""
    return tensor.untyped_storage()._cdata  # noqa: SLF001


def stride(asked: argparse.Namespace) -> None:
    print(
        f"saliency_stride, {asked.encoder}, {asked.width} channels, {said(asked.size)}, one image"
    )
    print("  stride  GFLOP forward  s a step  times faster  KL lost  CC kept")
    images = torch.rand(1, 1, *asked.size)
    drawn = smooth_target(asked.size)
    base = None
    for step in STRIDES:
        torch.manual_seed(0)
        network = trunk(asked, saliency_stride=step)
        network.train()
        with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
            trunk(asked, saliency_stride=step)(torch.zeros(images.shape))
        taken = seconds(lambda network=network: stage2_step(network, images), asked.runs)
        base = base or taken
        coarse = torch.from_numpy(drawn)[None, None].clamp(min=1e-30).log()
        coarse = F.avg_pool2d(coarse, step)
        fine = F.interpolate(coarse, scale_factor=step, mode="bilinear")[0, 0]
        fine = fine.exp().numpy()
        gigaflops = counter.get_total_flops() / 1e9
        print(
            f"  {step:6d} {gigaflops:14.1f} {taken:9.2f} {base / taken:13.2f}"
            f" {kl(fine, drawn):8.1e} {cc(fine, drawn):8.6f}"
        )


def stage2_step(network: DualEncoder, images: torch.Tensor) -> None:
    network.zero_grad()
    saliency_loss(network(images).saliency, torch.ones_like(images)).backward()


def smooth_target(size: tuple[int, int]) -> np.ndarray:
    """A map of a reading, as blurred as those of the paper at 640 x 512 (15.1 pixels)."""
    rng = np.random.default_rng(1)
    sigma_px = 15.1 * size[0] / 640
    n = 80
    ones = np.ones(n)
    gaze = {
        "window": np.zeros(n, int),
        "x_px": rng.uniform(0.2, 0.8, n) * size[1],
        "y_px": rng.uniform(0.2, 0.8, n) * size[0],
        "sigma_x_px": sigma_px * ones,
        "sigma_y_px": sigma_px * ones,
        "weight_s": rng.uniform(0.1, 0.6, n),
        "clip_xmin_px": 0 * ones,
        "clip_ymin_px": 0 * ones,
        "clip_xmax_px": size[1] * ones,
        "clip_ymax_px": size[0] * ones,
    }
    return Canvas(gaze, size, None).label_map([0])[0].astype(np.float64)


def said(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def sides(text: str) -> tuple[int, int]:
    height, width = map(int, text.split("x"))
    return height, width


def explained(asked: argparse.Namespace) -> tuple[Callable[[], None], Callable[[], None]]:
    """Diagnosis, map and Grad-CAM of one image in one pass, and in two with all gradients."""
    torch.manual_seed(0)
    network = Fusion(trunk(asked, frozen=False), frozen=False).eval()
    fast = copy.deepcopy(network).requires_grad_(requires_grad=False)
    fast.to(memory_format=torch.channels_last)
    images = torch.rand(1, 1, *asked.size)

    def twice() -> None:
        with torch.no_grad():
            network(images)
        kept: list[torch.Tensor] = []
        hook = network.trunk.encoder.register_forward_hook(
            lambda _module, _inputs, taps: kept.append(taps.classifier)
        )
        score = network(images).classes.amax(dim=1).sum()
        hook.remove()
        torch.autograd.grad(score, [kept[0], *network.parameters()], allow_unused=True)

    def once() -> None:
        with torch.inference_mode():
            gradcam(fast, images)

    return once, twice


def predict(asked: argparse.Namespace) -> None:
    once, twice = explained(asked)
    before, taken = seconds(twice, asked.runs), seconds(once, asked.runs)
    print(
        f"diagnosis, saliency map and Grad-CAM of one image {said(asked.size)}, {asked.encoder},"
        f" {asked.width} channels, {torch.get_num_threads()} threads"
    )
    print(f"  once for each, gradients to all weights {before:8.2f} s")
    print(f"  all in one pass, channels last          {taken:8.2f} s {before / taken:8.1f} x")


def ratios(folder: Path) -> Iterator[Ratio]:  # noqa: ARG001  nothing is read
    asked = parsed([])
    features = torch.randn(12, asked.channels, asked.rows, asked.columns, requires_grad=True)
    classes = torch.arange(12) % 3
    yield Ratio(
        "triplets",
        f"contrastive loss of 12 images, maps {asked.channels} × {asked.rows} × {asked.columns}",
        "published: a loop over 288 triplets of maps that are not pooled",
        *in_turns(
            lambda: backward(lambda: triplet_loss(features.mean((2, 3)), classes), features, []),
            lambda: backward(lambda: looped(features, classes), features, []),
            clock=time.process_time,
        ),
    )
    yield Ratio(
        "predict-cooperative",
        f"diagnosis, saliency map and Grad-CAM of an image of {said(asked.size)}, DenseNet-201",
        "published: once for each, gradients to all weights",
        *in_turns(*explained(asked), clock=time.process_time),
    )


PARTS = {
    "triplets": triplets,
    "stage3": stage3,
    "target": target,
    "memory": memory,
    "stride": stride,
    "predict": predict,
}


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--size", type=sides, default=(160, 128), metavar="HxW")
    parser.add_argument("--encoder", choices=SHAPES, default="densenet201")
    parser.add_argument("--width", type=int, default=64, help="channels of the first level")
    parser.add_argument("--images", type=int, default=12, help="of stage 3")
    parser.add_argument("--epochs", type=int, default=3, help="of stage 3; 50 in the paper")
    parser.add_argument("--step", type=int, default=6, help="batch of stage 3")
    parser.add_argument("--batch", type=int, default=16, help="images of the triplet loss")
    parser.add_argument("--channels", type=int, default=240, help="of its maps; 1920 in the paper")
    parser.add_argument("--rows", type=int, default=10)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--samples", type=int, default=1800, help="of gaze: 30 s at 60 Hz")
    parser.add_argument("--runs", type=int, default=3)
    return parser.parse_args(arguments)


def main() -> None:
    asked = parsed()
    for name in asked.only:
        PARTS[name](asked)


if __name__ == "__main__":
    main()
