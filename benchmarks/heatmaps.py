"""How fast a sentence map is drawn, against the published algorithm and this machine's limit.

    python benchmarks/heatmaps.py

Every figure of a single map is the median of several runs in this one process; baselines run
beside ours. Whole data sets are drawn once, synthetic, with one worker and with two.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from click.testing import CliRunner
from ratio import Ratio, fastest, in_turns

from gazescribe.pipeline.commands.cli import main as gazescribe
from gazescribe.pipeline.geometry.canvas import Canvas
from gazescribe.pipeline.geometry.gaussians import draw

IMAGE_SIZE = (3056, 2544)
SIZE = (512, 512)
FIXATIONS = 15


def reading(n: int, image_size: tuple[int, int] = IMAGE_SIZE, seed: int = 0) -> dict:
    """Gaussians of one window: a degree is a thirtieth of the image, the whole of it shown."""
    rng = np.random.default_rng(seed)
    height, width = image_size
    return {
        "window": np.zeros(n, int),
        "x_px": rng.uniform(0, width, n),
        "y_px": rng.uniform(0, height, n),
        "sigma_x_px": np.full(n, width / 30),
        "sigma_y_px": np.full(n, width / 30),
        "weight_s": rng.uniform(0.1, 0.6, n),
        "clip_xmin_px": np.zeros(n, int),
        "clip_ymin_px": np.zeros(n, int),
        "clip_xmax_px": np.full(n, width),
        "clip_ymax_px": np.full(n, height),
    }


def published(gaze: dict, image_size: tuple[int, int]) -> np.ndarray:
    """The published algorithm restated: a grid, and one float64 density in 2-D a fixation."""
    height, width = image_size
    total = np.zeros(image_size, np.float32)
    for x, y, sx, sy, weight in zip(
        *(gaze[k] for k in ("x_px", "y_px", "sigma_x_px", "sigma_y_px", "weight_s")), strict=True
    ):
        grid_x, grid_y = np.meshgrid(np.arange(width), np.arange(height))
        position = np.empty((height, width, 2))
        position[:, :, 0], position[:, :, 1] = grid_x, grid_y
        whitened = (position - (x, y)) @ np.diag([1 / sx, 1 / sy])
        squared = np.sum(np.square(whitened), axis=-1)
        total += weight * (np.exp(-0.5 * squared) / (2 * np.pi * sx * sy))
    return total / total.max()


def outer_loop(gaze: dict, image_size: tuple[int, int]) -> np.ndarray:
    """One outer product of two profiles a fixation, float32."""
    total = np.zeros(image_size, np.float32)
    y_at, x_at = (np.arange(side, dtype=np.float32) for side in image_size)
    for x, y, sx, sy, weight in zip(
        *(gaze[k] for k in ("x_px", "y_px", "sigma_x_px", "sigma_y_px", "weight_s")), strict=True
    ):
        rows = np.exp(-0.5 * ((y_at - y) / sy) ** 2) * weight / (2 * np.pi * sx * sy)
        total += np.outer(rows, np.exp(-0.5 * ((x_at - x) / sx) ** 2)).astype(np.float32)
    return total / total.max()


def ours(gaze: dict, image_size: tuple[int, int], size: tuple[int, int] | None) -> np.ndarray:
    return Canvas(gaze, image_size, size).label_map([0])[0]


def seconds(function: Callable[[], object], runs: int) -> float:
    function()
    taken = []
    for _ in range(runs):
        begin = time.perf_counter()
        function()
        taken.append(time.perf_counter() - begin)
    return float(np.median(taken))


def matmul_limit() -> float:
    """GFLOP/s of a large square float32 product."""
    a, b = (np.random.default_rng(s).random((2048, 2048), np.float32) for s in (0, 1))
    return 2 * 2048**3 / seconds(lambda: a @ b, 5) / 1e9


def command(*arguments: object) -> float:
    """Seconds of one command of gazescribe."""
    begin = time.perf_counter()
    CliRunner().invoke(
        gazescribe, [str(argument) for argument in arguments], catch_exceptions=False
    )
    return time.perf_counter() - begin


def ratios(_folder: Path) -> Iterator[Ratio]:
    """A sentence's map at full size, and at the networks'."""
    gaze = reading(FIXATIONS)
    work = f"sentence map of {FIXATIONS} fixations, {IMAGE_SIZE[1]} x {IMAGE_SIZE[0]}"
    full, small = (partial(ours, gaze, IMAGE_SIZE, size) for size in (None, SIZE))
    loop = in_turns(full, partial(outer_loop, gaze, IMAGE_SIZE))
    yield Ratio("map-full-outer", work, "one outer product a fixation, summed", *loop)
    theirs = in_turns(full, partial(published, gaze, IMAGE_SIZE), rounds=2)
    yield Ratio("map-full", work, "published: a 2-D density a fixation", *theirs)
    small_s = min(fastest(small, time.perf_counter) for _ in range(3))
    work = f"the same at {SIZE[1]} x {SIZE[0]}"
    yield Ratio("map-512", work, "published, at full size", small_s, theirs[1])


def whole_sets() -> None:
    """Scaling over readings and workers, from tables to shards at 512 pixels."""
    print("readings  maps/s, 1 worker  maps/s, 2 workers")
    for n in (100, 400, 1600):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            command("demo", folder / "raw", "--readings", n, "--images", "none")
            command("ingest", "reflacx", folder / "raw", folder / "tables")
            command("label", folder / "tables", folder / "mentions.parquet")
            command("associate", folder / "tables", folder / "mentions.parquet", folder / "gaze")
            rates = []
            for workers in (1, 2):
                out = folder / f"maps-{workers}"
                taken = command(
                    "heatmaps", folder / "tables", folder / "gaze", out, "--workers", workers
                )
                shards = [np.load(path, mmap_mode="r") for path in out.glob("heatmaps-*.npy")]
                rates.append(sum(map(len, shards)) / taken)
            print(f"{n:8d} {rates[0]:17.0f} {rates[1]:18.0f}")


def main() -> None:
    gaze = reading(FIXATIONS)
    theirs = seconds(lambda: published(gaze, IMAGE_SIZE), 1)
    loop = seconds(lambda: outer_loop(gaze, IMAGE_SIZE), 3)
    full = seconds(lambda: ours(gaze, IMAGE_SIZE, None), 5)
    small = seconds(lambda: ours(gaze, IMAGE_SIZE, SIZE), 20)
    error = np.abs(published(gaze, IMAGE_SIZE) - ours(gaze, IMAGE_SIZE, None)).max()
    limit = matmul_limit()
    canvas = Canvas(gaze, IMAGE_SIZE, None)
    product = seconds(lambda: draw(canvas.rows, canvas.columns, canvas.weight_s), 10)
    achieved = 2 * FIXATIONS * IMAGE_SIZE[0] * IMAGE_SIZE[1] / product / 1e9
    print(f"one sentence map, {IMAGE_SIZE[1]}x{IMAGE_SIZE[0]}, {FIXATIONS} fixations")
    print(f"  published algorithm     {theirs * 1e3:9.1f} ms")
    print(f"  outer-product loop      {loop * 1e3:9.1f} ms   {theirs / loop:8.0f} x faster")
    print(f"  ours, full size         {full * 1e3:9.1f} ms   {theirs / full:8.0f} x faster")
    print(f"  ours, {SIZE[0]}x{SIZE[1]}           {small * 1e3:9.1f} ms   {theirs / small:8.0f} x")
    print(f"  largest difference of full-size maps {error:.1e}")
    print(f"  its matrix product runs at {achieved:.0f} of {limit:.0f} GFLOP/s reached by a large")
    print(
        f"  square one ({achieved / limit:.0%}); it writes {4 * np.prod(IMAGE_SIZE) / 1e6:.0f} MB"
    )
    print("fixations   full size ms   512 ms")
    for n in (5, 15, 50, 150):
        more = reading(n)
        whole = seconds(lambda more=more: ours(more, IMAGE_SIZE, None), 3)
        shrunk = seconds(lambda more=more: ours(more, IMAGE_SIZE, SIZE), 10)
        print(f"{n:9d} {whole * 1e3:14.1f} {shrunk * 1e3:8.2f}")
    print("resolution  ms")
    for side in (128, 256, 512, 1024):
        drawn = seconds(lambda side=side: ours(gaze, IMAGE_SIZE, (side, side)), 10)
        print(f"{side:10d} {drawn * 1e3:5.2f}")
    whole_sets()


if __name__ == "__main__":
    main()
