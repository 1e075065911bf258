"""How fast the multiple-instance network trains and is scored, against the published computation.

    python benchmarks/mil.py
    python benchmarks/mil.py --device cuda --backbone resnet50 --size 512

Both sides use the same network, data and optimiser, in turns, in this one process; times are
medians. The published computation is restated here: products in float32, maps of the whole batch
whether or not an image is annotated, activations of each class that nobody reads, ten backward
passes for Grad-CAM, and 26 comparisons of full-size maps with masks.
"""

import argparse
import functools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from ratio import Ratio, in_turns
from torch.nn import functional as F  # noqa: N812

from gazescribe.models.mil.losses import (
    PRODUCT_FLOOR,
    annotated_cells,
    decoder_loss,
    image_loss,
    image_probability,
)
from gazescribe.models.mil.network import MilNetwork, localisation_maps
from gazescribe.pipeline.geometry.iou import PUBLISHED_THRESHOLDS, iou_by_threshold

LABELS = 10
SCORED = 2  # labels of an image that have an ellipse
STEPS = 60 * 9462  # epochs by steps of the paper
LAMBDA_ANNOTATED, LAMBDA_DECODER = 3, 300


class Case:
    """A network and one batch of noise on the device."""

    def __init__(self, asked: argparse.Namespace) -> None:
        torch.manual_seed(0)
        self.device, size, n = torch.device(asked.device), asked.size, asked.batch
        self.network = MilNetwork(
            backbone=asked.backbone,
            layers=(3, 4),
            grid=size // 16,
            decoder=True,
            normalise="twice",
            n_labels=LABELS,
        ).to(self.device)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), weight_decay=1e-5, amsgrad=True
        )
        self.images = self.put(torch.randint(0, 256, (n, 1, size, size), dtype=torch.uint8))
        self.labels = self.put((torch.rand(n, LABELS) < 0.2).float())
        self.annotated = self.put(torch.arange(n) < asked.annotated)
        blobs = torch.rand(asked.annotated, LABELS, 4, 4)
        self.maps = self.put(F.interpolate(blobs, size=(size // 2, size // 2), mode="bilinear"))
        self.masks = torch.zeros(n, LABELS, size, size, dtype=torch.bool)
        self.masks[:, :SCORED, size // 4 : size // 2, size // 3 : size // 2] = True

    def put(self, tensor):
        return tensor.to(self.device)

    def step(self, loss) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def our_step(case: Case, precision: str, network=None) -> None:
    half = precision == "bf16-mixed"
    with torch.autocast(case.device.type, torch.bfloat16, enabled=half):
        output = (network or case.network)(case.images)
    cells = annotated_cells(case.maps, output.logits.shape[2:], threshold=0.15)
    loss = image_loss(
        output.logits,
        case.labels,
        case.annotated,
        cells,
        balanced="published",
        lambda_annotated=LAMBDA_ANNOTATED,
    )
    drawn = decoder_loss(output.decoder_logits, case.labels, case.annotated, case.maps)
    case.step(loss + LAMBDA_DECODER * drawn)


def published_forward(case: Case):
    """The same network, and an activation for each class and channel."""
    output = case.network(case.images)
    weight = case.network.classifier.weight[:, :, 0, 0]
    return output, output.activations[:, None] * weight[None, :, :, None, None]


def published_probability(logits):
    absent = 1 - torch.sigmoid(logits.flatten(2))
    return 1 - (0.98 + 0.02 * absent).prod(dim=2)


def published_step(case: Case) -> None:
    output, unread = published_forward(case)
    maps = torch.zeros_like(output.decoder_logits)
    maps[case.annotated] = case.maps
    lit = (F.adaptive_max_pool2d(maps, output.logits.shape[2:]) > 0.15).flatten(2)
    count = lit.sum(dim=2, keepdim=True).float()
    floor = PRODUCT_FLOOR ** (1 / torch.where(lit, count, lit.shape[2] - count))
    cell = torch.sigmoid(output.logits.flatten(2))
    matched = (floor + (1 - floor) * torch.where(lit, cell, 1 - cell)).prod(dim=2)
    present = published_probability(output.logits)
    bags = case.labels * (present + 1e-20).log()
    bags = bags + (1 - case.labels) * (1 - present + 1e-20).log()
    of_map = case.annotated[:, None]
    terms = torch.where(of_map, LAMBDA_ANNOTATED * (matched + 1e-20).log(), bags)
    counted = (of_map * case.labels)[:, :, None, None]
    drawn = F.binary_cross_entropy_with_logits(output.decoder_logits * counted, maps * counted)
    case.step(LAMBDA_DECODER * drawn - terms.sum())
    del unread  # theirs lives as long as the step


def our_evaluation(case: Case):
    with torch.inference_mode():
        output = case.network(case.images)
        image_probability(output.logits, balanced="published")
        maps = localisation_maps(case.network, output)
    masks = case.masks.numpy()
    scored = np.argwhere(masks.any(axis=(2, 3)))
    found = {
        name: [iou_by_threshold(values[i, k], masks[i, k]) for i, k in scored]
        for name, values in ((name, one.cpu().numpy()) for name, one in maps.items())
    }
    return {name: np.array(one) for name, one in found.items()}


def published_evaluation(case: Case):
    output, unread = published_forward(case)
    output.activations.retain_grad()
    present = published_probability(output.logits)
    cams = []
    for label in range(LABELS):
        case.network.zero_grad()
        output.activations.grad = None
        present[:, label].sum().backward(retain_graph=True)
        weight = output.activations.grad.sum(dim=(2, 3), keepdim=True)
        cam = (weight * output.activations.detach()).sum(dim=1).clamp(min=0)
        cams.append(cam / (cam.amax(dim=(1, 2), keepdim=True) + 1e-20))
    maps = {
        "spatial": torch.sigmoid(output.logits.detach()),
        "gradcam": torch.stack(cams, dim=1),
        "decoder": torch.sigmoid(output.decoder_logits.detach()),
    }
    masks = case.put(case.masks).float()
    counted = case.put(case.masks.any(dim=3).any(dim=2))
    found = {}
    for name, values in maps.items():
        large = F.interpolate(values, size=masks.shape[2:])
        curves = []
        for threshold in PUBLISHED_THRESHOLDS:
            drawn = (large > threshold).float()
            shared = (drawn * masks).sum(dim=(2, 3))
            curves.append(shared / torch.maximum(drawn, masks).sum(dim=(2, 3)))
        found[name] = torch.stack(curves, dim=2)[counted].cpu().numpy()
    del unread
    return found


def measured(
    case: Case, functions: list[Callable[[], object]], runs: int
) -> list[tuple[float, float]]:
    """Median seconds and peak GB (NaN on a CPU) of each, run in turns."""
    cuda = case.device.type == "cuda"
    taken, peaks = np.zeros((runs + 1, len(functions))), np.full(len(functions), np.nan)
    for run in range(runs + 1):
        for k, function in enumerate(functions):
            if cuda:
                torch.cuda.reset_peak_memory_stats()
            begin = time.perf_counter()
            function()
            if cuda:
                torch.cuda.synchronize()
                peaks[k] = torch.cuda.max_memory_allocated() / 1e9
            taken[run, k] = time.perf_counter() - begin
    seconds = np.median(taken[1:], axis=0)  # the first warms up
    return [(float(one), float(peak)) for one, peak in zip(seconds, peaks, strict=True)]


def line(name: str, batch: int, figures: tuple[float, float], base: float, *, hours: bool) -> None:
    taken, peak = figures
    text = f"  {name:34s}{taken * 1e3:9.1f} ms {batch / taken:8.1f} images/s {base / taken:6.2f} x"
    text += "" if np.isnan(peak) else f" {peak:6.2f} GB peak"
    print(text + (f" {STEPS * taken / 3600:7.1f} h" if hours else ""))


def training(asked: argparse.Namespace) -> None:
    print(
        f"one training step, {asked.backbone}, {asked.size} pixels, {asked.batch} images of which "
        f"{asked.annotated} annotated; hours: 60 epochs of 9,462 steps"
    )
    case = Case(asked)
    theirs, ours = measured(
        case, [lambda: published_step(case), lambda: our_step(case, "32")], asked.runs
    )
    line("published, float32", asked.batch, theirs, theirs[0], hours=True)
    line("ours, float32", asked.batch, ours, theirs[0], hours=True)
    case.network.to(memory_format=torch.channels_last)
    names = ["ours, bf16, channels last"]
    if case.device.type == "cuda":  # minutes on a processor
        names += ["ours, bf16, channels last, compiled"]
    for name in names:
        network = torch.compile(case.network) if name.endswith("compiled") else case.network
        step = functools.partial(our_step, case, "bf16-mixed", network)
        (figures,) = measured(case, [step], asked.runs)
        line(name, asked.batch, figures, theirs[0], hours=True)


def evaluation(asked: argparse.Namespace) -> None:
    print(f"one evaluation pass, three maps, 26 thresholds, {SCORED} ellipses an image")
    case = Case(asked)
    case.network.eval()
    theirs, ours = measured(
        case, [lambda: published_evaluation(case), lambda: our_evaluation(case)], asked.runs
    )
    line("published, float32", asked.batch, theirs, theirs[0], hours=False)
    line("ours, float32", asked.batch, ours, theirs[0], hours=False)
    expected, found = published_evaluation(case), our_evaluation(case)
    for name, values in found.items():
        print(f"  largest difference of IoU, {name:8s} {np.abs(values - expected[name]).max():.1e}")


def batches(case: Case) -> tuple[Callable[[], object], Callable[[], object]]:
    """Predictions of all images at once, and of one by one."""
    case.network.eval().to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def together():
        return localisation_maps(case.network, case.network(case.images))

    @torch.inference_mode()
    def alone():
        return [localisation_maps(case.network, case.network(image[None])) for image in case.images]

    return together, alone


def ratios(folder: Path) -> Iterator[Ratio]:  # noqa: ARG001  nothing is read
    asked = parsed(["--backbone", "resnet18", "--size", "128", "--batch", "8"])
    images = f"{asked.batch} images of {asked.size} pixels, {asked.backbone}"
    case, fast = Case(asked), Case(asked)
    fast.network.to(memory_format=torch.channels_last)
    yield Ratio(
        "step-mil",
        f"a training step, bfloat16: {images}",
        "published, float32",
        *in_turns(
            lambda: our_step(fast, "bf16-mixed"),
            lambda: published_step(case),
            clock=time.process_time,
        ),
    )
    case.network.eval()
    fast.network.eval()
    yield Ratio(
        "evaluation-mil",
        f"probabilities, maps and IoU at 26 thresholds: {images}",
        "published, float32",
        *in_turns(
            lambda: our_evaluation(fast),
            lambda: published_evaluation(case),
            clock=time.process_time,
        ),
    )
    yield Ratio(
        "predict-batch",
        f"probabilities and maps: {images}, all at once",
        "the same one by one",
        *in_turns(*batches(fast), clock=time.process_time),
    )


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--backbone", default="tiny", choices=["tiny", "resnet18", "resnet50"])
    parser.add_argument("--size", type=int, default=128, help="pixels a side, a multiple of 32")
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--annotated", type=int, default=1, help="annotated images of the batch")
    parser.add_argument("--runs", type=int, default=10)
    return parser.parse_args(arguments)


def main() -> None:
    asked = parsed()
    training(asked)
    evaluation(asked)


if __name__ == "__main__":
    main()
