"""What scaled decoding changes: grey levels of fitted radiographs, and what networks say of them.

    python benchmarks/decoding.py FOLDER [CHECKPOINT...] [--size N] [--most N]

FOLDER has JPEG files, at any depth; at most 200 of them are read unless --most says otherwise.
Without CHECKPOINT radiographs come into a square of --size pixels (512). With some, each network
is asked of all of them twice, by the frame and the way of resizing that it was trained on.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gazescribe.models.predicting import predict
from gazescribe.models.predicting.predictor import load_predictor
from gazescribe.pipeline.images.reading import decode_radiograph, fit_radiograph


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("checkpoints", nargs="*", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--most", type=int, default=200)
    arguments = parser.parse_args()
    files = sorted(arguments.folder.rglob("*.jpg"))[: arguments.most]
    frames = {((arguments.size, arguments.size), "direct")}
    if arguments.checkpoints:
        networks = [load_predictor(checkpoint) for checkpoint in arguments.checkpoints]
        frames = {(network.size, network.resize) for network in networks}
    for size, resize in sorted(frames):
        print(in_words(files, size, resize), flush=True)
    for checkpoint in arguments.checkpoints:
        print(f"{checkpoint.parent.name}: {of_network(files, checkpoint)}", flush=True)


def in_words(files: list[Path], size: tuple[int, int], resize: str) -> str:
    counts, blocks = differences(files, size, resize)
    levels = np.arange(len(counts))
    share = counts.cumsum() / counts.sum()
    largest = int(levels[counts > 0].max())
    return (
        f"{len(files)} radiographs in {size[0]} x {size[1]} ({resize}), blocks of {blocks} px: mean"
        f" {counts @ levels / counts.sum():.3f} grey levels, 99.9 % within"
        f" {int(np.searchsorted(share, 0.999))}, largest {largest}"
    )


def differences(files: Iterable[Path], size: tuple[int, int], resize: str) -> tuple:
    """How many model pixels on the images differ by how many grey levels; sides of blocks."""
    counts = np.zeros(256, int)
    blocks = set()
    for file in files:
        exact, frame = fit_radiograph(decode_radiograph(file), size, resize)
        decoded = decode_radiograph(file, scaled_to=size)
        scaled, _ = fit_radiograph(decoded, size, resize)
        inside = np.ix_(frame.on_image(0), frame.on_image(1))
        away = np.abs(exact[inside].astype(int) - scaled[inside])
        counts += np.bincount(away.ravel(), minlength=256)
        blocks.add(decoded.block_px)
    return counts, "/".join(map(str, sorted(blocks)))


def of_network(files: list[Path], checkpoint: Path) -> str:
    exact, scaled = (
        predict(checkpoint, files, decode=decode).probabilities.to_numpy(float)
        for decode in ("exact", "scaled")
    )
    if not exact.size:
        return "gives no probabilities"
    away = np.abs(exact - scaled)
    return f"probabilities differ by {away.max():.4f} at most, {away.mean():.5f} on average"


if __name__ == "__main__":
    main()
