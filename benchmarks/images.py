"""How fast radiographs are fitted into shards, against a plain reading of the published code.

    python benchmarks/images.py

Radiographs are generated, 2,544 x 3,056 with the grain that gives their files the bytes of
MIMIC-CXR-JPG's (557.6 GB for 377,110: 1.48 MB), and few; their files are linked under many names. A
few are fitted before the clock starts, so that imports, compiling and the start of workers are
apart. The baseline runs beside ours: one process that opens with Pillow, resizes twice
(`spec/mil.md` 2.2), truncates. What no way by libjpeg-turbo can do without is its decoder alone,
with one value a block of 8 x 8 pixels: it still reads all bits of a file.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import dask
import numpy as np
from distributed import LocalCluster
from PIL import Image
from ratio import Ratio, in_turns
from scipy.ndimage import gaussian_filter

from gazescribe.pipeline.core.parallel import KEPT_MEMORY
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.images import run as images
from gazescribe.pipeline.images.ahead import content_of
from gazescribe.pipeline.images.settings import Images

HEIGHT, WIDTH = 3056, 2544
GRAIN = 2.09  # grey levels, one standard deviation; with it files have 1.48 MB
QUALITY = 95  # MIMIC-CXR-JPG's
GRAIN_PX = 0.7  # a detector blurs its own noise
SIZE = 512
DISTINCT = 6
FEW, MANY = 24, 72
ROWS_A_SHARD = 6
READS = 20_000
LATE_S = 0.03
WORKERS = (1, 2, 4, 8)
WAYS = {
    "images-exact": "shards, all pixels decoded",
    "images-scaled": "shards, means of blocks decoded",
    "images-decoder": "no shards, libjpeg-turbo alone reading all bits",
}


def radiograph(seed: int) -> np.ndarray:
    """Something as hard to decode as a radiograph: a smooth field, and grain."""
    rng = np.random.default_rng(seed)
    clouds = Image.fromarray(rng.integers(20, 236, (12, 10), np.uint8))
    smooth = np.asarray(clouds.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.float32)
    grain = gaussian_filter(rng.standard_normal(smooth.shape, np.float32), GRAIN_PX)
    return (smooth + grain * (GRAIN / grain.std())).clip(0, 255).astype(np.uint8)


def draw(folder: Path, n: int) -> list[Path]:
    """JPEG files of so many radiographs."""
    files = [folder / f"{number}.jpg" for number in range(n)]
    for number, file in enumerate(files):
        Image.fromarray(radiograph(number)).save(file, quality=QUALITY)
    return files


def write_tree(folder: Path, few: int = FEW, many: int = MANY) -> None:
    """Many files of few pictures, and tables of few and of many of them."""
    rows: dict[str, list] = {name: [] for name in ("dicom_id", "study_id", "path")}
    for number in range(many):
        name = f"00000000-{number:08d}-00000000-00000000-00000000"
        path = f"files/p99/p99000001/s{99000000 + number}/{name}"
        file = folder / f"{path}.jpg"
        file.parent.mkdir(parents=True)
        if number < DISTINCT:
            Image.fromarray(radiograph(number)).save(file, quality=QUALITY)
        else:
            os.link(folder / f"{rows['path'][number % DISTINCT]}.jpg", file)
        for column, value in zip(rows, (name, 99000000 + number, path), strict=True):
            rows[column].append(value)
    for count, table in ((few, "few"), (many, "many")):
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


def decoded(path: Path) -> None:
    """Read all bits of a file, for one value a block."""
    image = Image.open(path)
    image.draft("L", (WIDTH // 8, HEIGHT // 8))
    image.load()


def decoded_alone(folder: Path, table: str) -> None:
    for file in sorted(folder.rglob("*.jpg"))[: FEW if table == "few" else MANY]:
        decoded(file)


def ours(
    decode: str = "exact", resize: str = "direct", scheduler: str | None = None
) -> Callable[[Path, str], None]:
    params = Images(size=SIZE, source="jpg", resize=resize, decode=decode, depth=8)
    where = {"scheduler": scheduler} if scheduler else {"workers": 1}

    def fit(folder: Path, table: str) -> None:
        images.run([(folder / table, folder)], folder / "out", params, **where)

    return fit


def rate(fit: Callable[[Path, str], None], folder: Path) -> float:
    """Images a second."""
    fit(folder, "few")
    begin = time.perf_counter()
    fit(folder, "many")
    return MANY / (time.perf_counter() - begin)


def ratios(folder: Path) -> Iterator[Ratio]:
    write_tree(folder)
    ways = {f"images-{decode}": ours(decode) for decode in ("exact", "scaled")}
    for name, fit in {**ways, "images-decoder": decoded_alone}.items():
        ours_s, peer_s = in_turns(
            lambda fit=fit: fit(folder, "many"),
            lambda: plainly(folder, "many"),
            clock=time.process_time,  # of all threads
        )
        work = f"{MANY} radiographs of {WIDTH} x {HEIGHT} to {SIZE}: {WAYS[name]}"
        yield Ratio(name, work, "a plain loop, resizing as published", ours_s, peer_s)


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
    ):
        folder = Path(name)
        write_tree(folder)
        sizes = [file.stat().st_size for file in folder.rglob("*.jpg")]
        print(
            f"radiographs of {WIDTH}x{HEIGHT}, {np.mean(sizes) / 1e6:.2f} MB, to {SIZE}x{SIZE},"
            " images a second"
        )
        theirs = rate(plainly, folder)
        print(f"  plain, one process         {theirs:6.1f}")
        for title, fit in (
            ("the decoder alone", decoded_alone),
            ("exact", ours()),
            ("exact, published resize", ours(resize="published")),
            ("scaled", ours("scaled")),
        ):
            told(title, rate(fit, folder), theirs)
        for n_workers in WORKERS:
            with LocalCluster(
                n_workers=n_workers, threads_per_worker=1, dashboard_address=":0"
            ) as cluster:
                for decode in ("exact", "scaled"):
                    found = rate(ours(decode, scheduler=cluster.scheduler_address), folder)
                    told(f"{decode}, scheduler of {n_workers}", found, theirs)
        from_a_late_disk(folder)
        print(f"opened shards: {reads_a_second(folder / 'out') / 1000:.0f} thousand rows a second")


def told(title: str, found: float, theirs: float) -> None:
    print(f"  {title:26s} {found:6.1f}   {found / theirs:5.2f} x", flush=True)


def from_a_late_disk(folder: Path) -> None:
    """The same where each file answers late, read ahead and, as peer, one after the other."""

    def late(path: Path | None) -> bytes | None:
        time.sleep(LATE_S)
        return content_of(path)

    with mock.patch.object(images, "content_of", late):
        with mock.patch.object(images, "ahead", map):
            theirs = rate(ours("scaled"), folder)
        found = rate(ours("scaled"), folder)
    print(f"files that answer after {LATE_S * 1e3:.0f} ms, read one by one: {theirs:.1f}")
    told("read ahead", found, theirs)


if __name__ == "__main__":
    main()
