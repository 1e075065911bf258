"""How long libraries take to decode JPEG files of radiographs, whole and by the means of blocks.

    python benchmarks/decoders.py [FOLDER] [--most N]

FOLDER has grey JPEG files; without it those of `images.py` are drawn. Prints processor milliseconds
a file of each library that is installed (simplejpeg, opencv-python-headless, imagecodecs and
torchvision are looked for beside Pillow), the best of several rounds in turns, and how many times
as fast that is as the plain loop of `images.py`, which decodes, resizes twice and truncates. With
blocks of 8 x 8 pixels hardly anything is left to do but to read the bits.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from images import SIZE, draw, plain
from PIL import Image

from gazescribe.pipeline.images.reading import decode_radiograph, fit_radiograph

ROUNDS = 5
BLOCKS_PX = (1, 2, 4, 8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--most", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        if arguments.folder is None:
            compare(draw(Path(made), arguments.most))
        else:
            compare(sorted(arguments.folder.rglob("*.jpg"))[: arguments.most])


def compare(files: list[Path]) -> None:
    ways = {"plain loop": plain, "ours, exact": ours(None), "ours, scaled": ours((SIZE, SIZE))}
    for px in BLOCKS_PX:
        ways |= {f"{name}, {px} x {px}": way for name, way in decoders(px).items()}
    taken_ms = {name: min(times) for name, times in timed(ways, files).items()}
    print(f"{len(files)} files, {np.mean([file.stat().st_size for file in files]) / 1e6:.2f} MB")
    for name, of_file_ms in taken_ms.items():
        ratio = taken_ms["plain loop"] / of_file_ms
        print(f"  {name:24s} {of_file_ms:6.1f} ms {ratio:5.2f} x")


def timed(ways: dict[str, Callable[[Path], Any]], files: list[Path]) -> dict[str, list[float]]:
    taken_ms: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            begin = time.process_time()
            for file in files:
                way(file)
            taken_ms[name].append((time.process_time() - begin) / len(files) * 1e3)
    return taken_ms


def ours(scaled_to: tuple[int, int] | None) -> Callable[[Path], Any]:
    return lambda file: fit_radiograph(decode_radiograph(file, scaled_to=scaled_to), (SIZE, SIZE))


def decoders(px: int) -> dict[str, Callable[[Path], Any]]:
    """Each library's way to grey values of a file, or to the means of blocks, if it has one."""
    ways: dict[str, Callable[[Path], Any]] = {"Pillow": lambda file: pillow(file, px)}
    if find_spec("simplejpeg"):
        ways["simplejpeg"] = lambda file: simplejpeg(file, px)
    if find_spec("cv2"):
        ways["OpenCV"] = lambda file: opencv(file, px)
    if find_spec("imagecodecs") and px == 1:
        ways["imagecodecs"] = imagecodecs
    if find_spec("torchvision") and px == 1:
        ways["torchvision"] = torchvision
    return ways


def pillow(file: Path, px: int) -> None:
    with Image.open(file) as image:
        image.draft("L", (image.width // px, image.height // px))
        image.load()


def simplejpeg(file: Path, px: int) -> None:
    from simplejpeg import decode_jpeg, decode_jpeg_header

    content = file.read_bytes()
    height, width, *_ = decode_jpeg_header(content)
    least = {"min_height": height // px, "min_width": width // px, "min_factor": px}
    fast = {"fastdct": True, "fastupsample": True}
    decode_jpeg(content, "GRAY", **least, **fast)


def opencv(file: Path, px: int) -> None:
    import cv2

    cv2.setNumThreads(1)
    name = "IMREAD_GRAYSCALE" if px == 1 else f"IMREAD_REDUCED_GRAYSCALE_{px}"
    cv2.imread(str(file), getattr(cv2, name))


def imagecodecs(file: Path) -> None:
    from imagecodecs import jpeg8_decode

    jpeg8_decode(file.read_bytes())


def torchvision(file: Path) -> None:
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg

    decode_jpeg(torch.from_numpy(np.fromfile(file, np.uint8)), ImageReadMode.GRAY)


if __name__ == "__main__":
    main()
