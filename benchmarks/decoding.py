"""What scaled decoding changes: grey levels of fitted radiographs, and what networks say of them.

    python benchmarks/decoding.py [FOLDER] [CHECKPOINT...] [--size N] [--most N] [--as-jpeg]

FOLDER has JPEG files, at any depth; at most 200 of them are read unless --most says otherwise.
--as-jpeg takes DICOM and PNG files, spreads their grey values evenly and stores them with quality
95, as MIMIC-CXR-JPG was made. Without FOLDER three radiographs of `images.py` are drawn. Without
CHECKPOINT radiographs come into a square of --size pixels (512). With some, each network is asked
of all of them twice, by the frame and the way of resizing that it was trained on.
"""

import argparse
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from images import QUALITY, draw
from PIL import Image, ImageOps

from gazescribe.models.predicting import predict
from gazescribe.models.predicting.predictor import Predictor, load_predictor
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.images.reading import decode_radiograph, fit_radiograph, read_radiograph


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("checkpoints", nargs="*", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--most", type=int, default=200)
    parser.add_argument("--as-jpeg", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        compare(files_of(arguments, Path(made)), arguments)


def files_of(arguments: argparse.Namespace, made: Path) -> list[Path]:
    """The JPEG files to compare, of which some are made first."""
    if arguments.folder is None:
        draw(made, 3)
    elif arguments.as_jpeg:
        kinds = (".dcm", ".png")
        sources = [path for path in arguments.folder.rglob("*") if path.suffix in kinds]
        for number, path in enumerate(sorted(sources)[: arguments.most]):
            picture = ImageOps.equalize(Image.fromarray(read_radiograph(path)))
            picture.save(made / f"{number}.jpg", quality=QUALITY)
    folder = made if arguments.as_jpeg or arguments.folder is None else arguments.folder
    return sorted(folder.rglob("*.jpg"))[: arguments.most]


def compare(files: list[Path], arguments: argparse.Namespace) -> None:
    frames = {((arguments.size, arguments.size), "direct")}
    networks: dict[Path, Predictor] = {}
    if arguments.checkpoints:
        networks = dict(loaded(arguments.checkpoints))
        frames = {(network.size, network.resize) for network in networks.values()}
    for size, resize in sorted(frames):
        print(in_words(files, size, resize), flush=True)
    for checkpoint in networks:
        print(f"{checkpoint.parent.name}: {of_network(files, checkpoint)}", flush=True)


def loaded(checkpoints: list[Path]) -> Iterator[tuple[Path, Predictor]]:
    for checkpoint in checkpoints:
        try:
            yield checkpoint, load_predictor(checkpoint)
        except GazeError as error:  # a stage that predicts nothing
            print(f"{checkpoint.parent.name}: {error.what}")


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
