"""How fast radiographs are fitted into shards, against a plain reading of the published code.

    python benchmarks/images.py

Radiographs are generated, 2500x3050, and few; their files are linked under many names. A few are
fitted before the clock starts, so that imports and the start of workers are apart. The baseline
runs beside ours: one process that opens with Pillow, resizes twice (`spec/mil.md` 2.2), truncates.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import dask
import numpy as np
from distributed import LocalCluster
from PIL import Image

from gazescribe.pipeline.core.parallel import KEPT_MEMORY
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.images import run as images
from gazescribe.pipeline.images.settings import Images

HEIGHT, WIDTH = 3050, 2500
SIZE = 512
DISTINCT = 6
FEW, MANY = 12, 72
ROWS_A_SHARD = 6
READS = 20_000


def radiograph(seed: int) -> np.ndarray:
    """Something as hard to decode as a radiograph: a smooth field, and noise."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.random((30, 25), np.float32) * 200)
    smooth = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    return np.clip(smooth + rng.normal(20, 4, smooth.shape), 0, 255).astype(np.uint8)


def write_tree(folder: Path) -> None:
    """`MANY` files of few pictures, and tables of few and of many of them."""
    rows: dict[str, list] = {name: [] for name in ("dicom_id", "study_id", "path")}
    for number in range(MANY):
        name = f"00000000-{number:08d}-00000000-00000000-00000000"
        path = f"files/p99/p99000001/s{99000000 + number}/{name}"
        file = folder / f"{path}.jpg"
        file.parent.mkdir(parents=True)
        if number < DISTINCT:
            Image.fromarray(radiograph(number)).save(file, quality=95)
        else:
            os.link(folder / f"{rows['path'][number % DISTINCT]}.jpg", file)
        for column, value in zip(rows, (name, 99000000 + number, path), strict=True):
            rows[column].append(value)
    for count, table in ((FEW, "few"), (MANY, "many")):
        write_table(
            {
                **{column: values[:count] for column, values in rows.items()},
                "subject_id": [99000001] * count,
                "view": ["PA"] * count,
                "split": ["train"] * count,
                "width_px": [WIDTH] * count,
                "height_px": [HEIGHT] * count,
            },
            folder / table,
            "images",
        )


def plain(path: Path) -> np.ndarray:
    """Shrink, pad to a square, shrink again, in float32; then cut off."""
    grey = Image.open(path).convert("F")
    long, short = max(grey.size), min(grey.size)
    square = 16 * round(SIZE * long / short / 16)
    sides = tuple(square if side == long else round(side * square / long) for side in grey.size)
    padded = Image.new("F", (square, square))
    left, top = ((square - side) // 2 for side in sides)
    padded.paste(grey.resize(sides, Image.Resampling.BILINEAR), (left, top))
    fitted = padded.resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    return np.asarray(fitted).astype(np.uint8)


def plainly(folder: Path, table: str) -> None:
    files = sorted(folder.rglob("*.jpg"))[: FEW if table == "few" else MANY]
    np.save(folder / "plain.npy", np.stack([plain(file) for file in files]))


def ours(resize: str = "direct", scheduler: str | None = None) -> Callable[[Path, str], None]:
    params = Images(size=SIZE, source="jpg", resize=resize, decode="exact", depth=8)
    where = {"scheduler": scheduler} if scheduler else {"workers": 1}

    def fit(folder: Path, table: str) -> None:
        images.run([folder / table], folder, folder / "out", params, **where)

    return fit


def rate(fit: Callable[[Path, str], None], folder: Path) -> float:
    """Images a second."""
    fit(folder, "few")
    begin = time.perf_counter()
    fit(folder, "many")
    return MANY / (time.perf_counter() - begin)


def reads_a_second(folder: Path) -> float:
    shards = open_shards(folder)
    rows = np.random.default_rng(0).integers(0, len(shards), READS)
    begin = time.perf_counter()
    for row in rows:
        shards[row]
    return READS / (time.perf_counter() - begin)


def main() -> None:
    images.ROWS_A_SHARD = ROWS_A_SHARD  # so that there is something to share
    with (
        tempfile.TemporaryDirectory() as name,
        dask.config.set({"distributed.nanny.pre-spawn-environ": KEPT_MEMORY}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
    ):
        folder = Path(name)
        write_tree(folder)
        theirs = rate(plainly, folder)
        print(f"radiographs of {WIDTH}x{HEIGHT} to {SIZE}x{SIZE}, images a second")
        print(f"  plain, one process         {theirs:6.1f}")
        for title, fit in (
            ("ours, 1 worker", ours()),
            ("ours, 1 worker, published", ours("published")),
            ("ours, 2 workers", ours(scheduler=cluster.scheduler_address)),
        ):
            found = rate(fit, folder)
            print(f"  {title:26s} {found:6.1f}   {found / theirs:5.2f} x")
        print(f"opened shards: {reads_a_second(folder / 'out') / 1000:.0f} thousand rows a second")


if __name__ == "__main__":
    main()
