"""How fast images are loaded for training, against the published loader restated.

    python benchmarks/loader.py FOLDER [--images N] [--rounds N]

Makes radiographs of noise in FOLDER, once: JPEG files of a usual size, shards of them, and gaze of
three labels on each. Prints the bytes of a batch that go to the device, and images a second of the
loader alone, with 0, 1 and 2 loader processes: ours (uint8 images and affines; they are moved on
the device later), ours with maps of annotated images, from shards, drawn from Gaussians, or sent as
Gaussians that are drawn on the device; all four drawn and moved as well, on a thread of this
process in place of the device; and the published way, which decodes, resizes twice, moves and
normalises each image in the loader, with a map of zeros. Files are read from memory, as they would
be on a machine whose memory holds them. The best of several rounds counts, for other work on the
machine can only slow a round.
"""

import argparse
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from click.testing import CliRunner
from PIL import Image
from ratio import Ratio, in_turns
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import InterpolationMode, RandomAffine
from torchvision.transforms.functional import normalize, pad, resize

from gazescribe.models.core.config import read_config
from gazescribe.models.core.settings import Drawing
from gazescribe.models.mil.items import MilItems
from gazescribe.models.mil.loading import draw_on, training_loader
from gazescribe.models.mil.settings import MilInputs, MilRun
from gazescribe.models.training.augment import apply
from gazescribe.pipeline.commands.cli import main as gazescribe
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import ROWS_A_SHARD, shard_folder, shard_name
from gazescribe.pipeline.core.tables import table_path, write_table
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.images.reading import letterboxed

IMAGE_SIZE = (3056, 2544)
SIZE = 512
BATCH_SIZE = 20
LABELS_SAID = 3
FIXATIONS = 15
SIGMA_PX = (92.0, 95.0)
X_PX, Y_PX = (200, 2300), (200, 2800)
CLIPS = ("clip_xmin_px", "clip_ymin_px", "clip_xmax_px", "clip_ymax_px")
MAPS = ("none", "shards", "gaussians", "on the device")
SUBJECT = 99_000_001


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    files = radiographs(arguments.folder / "jpg", arguments.images)
    shards(arguments.folder, files)
    megabytes = sum(file.stat().st_size for file in files) / len(files) / 1e6
    print(f"{len(files)} radiographs of {IMAGE_SIZE} pixels, {megabytes:.1f} MB each")
    places = [arguments.folder / name for name in ("maps", "gaze/gaussians.parquet")]
    sizes = [
        sum(file.stat().st_size for file in place.glob("*") if place.is_dir())
        or place.stat().st_size
        for place in places
    ]
    print(f"maps: {sizes[0] / 1e6:.1f} MB of shards, {sizes[1] / 1e6:.2f} MB of Gaussians")
    loaders = {maps: ours(arguments.folder, len(files), 0, maps) for maps in MAPS}
    for maps, loader in loaders.items():
        n_bytes = sum(part.nbytes for part in next(iter(loader)).values())
        print(f"a batch of {BATCH_SIZE} sent to the device, maps {maps}: {n_bytes / 1e6:.2f} MB")
    names = " | ".join(MAPS)
    print(f"loader processes | published | {names} | moved: {names}")
    for workers in (0, 1, 2):
        theirs = best(published_loader(files, workers), len(files), arguments.rounds)
        loaders = [ours(arguments.folder, len(files), workers, maps) for maps in MAPS]
        rates = [best(one, len(files), 3 * arguments.rounds) for one in loaders]
        rates += [best(Moved(one), len(files), arguments.rounds) for one in loaders]
        print(f"{workers:16d} | {theirs:9.1f} |", " | ".join(f"{rate:6.0f}" for rate in rates))
        print(f"{'ratio':>16s} | {1:9.1f} |", " | ".join(f"{rate / theirs:6.1f}" for rate in rates))


def ratios(folder: Path) -> Iterator[Ratio]:
    """Batches with maps of gaze, all moved, beside the published loader; and beside shards."""
    torch.set_num_threads(1)
    files = radiographs(folder / "jpg", BATCH_SIZE)
    shards(folder, files)
    drawn, stored = (
        partial(all_of, Moved(ours(folder, len(files), 0, maps)))
        for maps in ("gaussians", "shards")
    )
    work = f"batch of {BATCH_SIZE} with maps drawn from Gaussians, all moved, {SIZE} pixels"
    published = partial(all_of, published_loader(files, 0))
    yield Ratio(
        "loader",
        work,
        "published loader, maps of zeros",
        *in_turns(drawn, published, clock=time.process_time),
    )
    peer = "the same with maps read from shards, resampled"
    yield Ratio("loader-gaussians", work, peer, *in_turns(drawn, stored, clock=time.process_time))


def radiographs(folder: Path, n: int) -> list[Path]:
    """Smooth clouds with grain, whose files are as large as radiographs'."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    files = [folder / f"{number:04d}.jpg" for number in range(n)]
    for file in files:
        if not file.is_file():
            clouds = Image.fromarray(rng.integers(20, 236, (12, 10), np.uint8))
            smooth = np.asarray(
                clouds.resize(IMAGE_SIZE[::-1], Image.Resampling.BICUBIC), np.float32
            )
            grain = rng.standard_normal(IMAGE_SIZE, np.float32) * 4
            Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(file, quality=92)
    return files


def shards(folder: Path, files: list[Path]) -> None:
    """Shards of the radiographs, gaze on them, and shards of its maps: three of each reading."""
    frame = Letterbox.fit(IMAGE_SIZE, (SIZE, SIZE))
    names = ("height", "width", "scale", "pad_x_px", "pad_y_px")
    common = {name: getattr(frame, name) for name in names}
    places = [{"shard": at // ROWS_A_SHARD, "row": at % ROWS_A_SHARD} for at in range(10**4)]
    if not (folder / "images" / "index.parquet").is_file():
        sizes = {"image_height_px": IMAGE_SIZE[0], "image_width_px": IMAGE_SIZE[1]}
        rows = [
            {"dicom_id": file.stem, "subject_id": SUBJECT, **common, **sizes, **place}
            for file, place in zip(files, places, strict=False)
        ]
        fitted = [letterboxed(np.asarray(Image.open(file)), (SIZE, SIZE))[0] for file in files]
        with shard_folder(folder / "images", "images") as beside:
            for at in range(0, len(fitted), ROWS_A_SHARD):
                part = np.stack(fitted[at : at + ROWS_A_SHARD])
                np.save(beside / shard_name(at // ROWS_A_SHARD, "images"), part)
            index(beside, rows, "image_shards")
    if not (folder / "maps" / "index.parquet").is_file():
        gaze(folder, files)
        command("heatmaps", folder / "tables", folder / "gaze", folder / "maps", "--size", SIZE)


def gaze(folder: Path, files: list[Path]) -> None:
    """A sentence for each of three labels of a reading, a fifth of its gaze on a zoomed part."""
    rng = np.random.default_rng(0)
    size = {"height_px": IMAGE_SIZE[0], "width_px": IMAGE_SIZE[1]}
    readings, windows, gaussians = [], [], []
    for file in files:
        key = {"reading_id": file.stem}
        about = {"dataset": "reflacx", "phase": 3, "dicom_id": file.stem, "has_gaze": True}
        readings.append(key | about | size | {"subject_id": SUBJECT, "split": "train"})
        for number, label in enumerate(TEN_LABELS[:LABELS_SAID]):
            row = {"window": number, "kind": "sentence", "labels": [label], "status": "ok"}
            counts = {"n_mentions": [1], "n_uncertain": [0], "n_fixations": FIXATIONS}
            times = {"start_s": 0.0, "end_s": 9.0, "gaze_s": 9.0}
            windows.append(key | row | counts | times | size)
            zoomed = rng.integers(0, 1000, 2)
            for fixation in range(FIXATIONS):
                low, high = (0, 0), IMAGE_SIZE[::-1]
                if fixation % 5 == 0:
                    low, high = zoomed.tolist(), (zoomed + 1500).tolist()
                clips = zip(CLIPS, (*low, *high), strict=True)
                places = {"x_px": rng.uniform(*X_PX), "y_px": rng.uniform(*Y_PX)}
                spreads = {"sigma_x_px": SIGMA_PX[0], "sigma_y_px": SIGMA_PX[1]}
                keys = key | {"window": number, "fixation": fixation, "weight_s": 0.3}
                gaussians.append(keys | places | spreads | dict(clips))
    tables = {"readings": readings, "windows": windows, "gaussians": gaussians}
    for name, rows in tables.items():
        table = pa.Table.from_pylist(rows, schema=TABLES[name].schema)
        write_table(table, folder / ("tables" if name == "readings" else "gaze"), name)


def command(*words: object) -> None:
    CliRunner().invoke(gazescribe, [str(word) for word in words], catch_exceptions=False)


def index(folder: Path, rows: list[dict], name: str) -> None:
    write_table(pa.Table.from_pylist(rows, schema=TABLES[name].schema), folder, name)
    table_path(folder, name).rename(folder / "index.parquet")


def settings(folder: Path, workers: int, maps: str) -> tuple[MilInputs, MilRun]:
    """The settings of the paper's model, of this size."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "config.json"
        command("configure", "mil", path)
        config = read_config(path)
    run = next(run for run in config.runs if run.model == "et")
    run = replace(run, image_size=SIZE, batch_size=BATCH_SIZE, workers=workers)
    places = {"images": "images", "label_maps": "maps", "associated": "gaze"}
    found = {name: str(folder / place) for name, place in places.items()}
    return replace(config.inputs, **found, maps=maps, drawing=Drawing("mass", "direct")), run


def ours(folder: Path, n: int, workers: int, maps: str) -> DataLoader:
    """Our loader: without maps, or with those of shards or Gaussians."""
    kind = {"none": "shards", "on the device": "gaussians"}.get(maps, maps)
    inputs, run = settings(folder, workers, kind)
    map_row = np.full((n, 10), -1)
    map_row[:, :LABELS_SAID] = np.arange(n * LABELS_SAID).reshape(n, LABELS_SAID)
    items = MilItems(
        dicom_id=np.full(n, "x"),
        reading_id=np.full(n, "x"),
        source=np.full(n, "reflacx"),
        subject_id=np.full(n, SUBJECT),
        annotated=np.full(n, maps != "none"),
        labels=np.zeros((n, 10), np.float32),
        image_row=np.arange(n),
        map_row=map_row,
        left_out={},
        label_names=TEN_LABELS,
    )
    return training_loader(items, inputs, run, draws_later=maps == "on the device")


class Moved:
    """Batches whose images and maps are moved as well, here rather than on a device."""

    def __init__(self, loader: DataLoader) -> None:
        self.loader = loader

    def __iter__(self):
        for sent in self.loader:
            batch = draw_on(sent, torch.device("cpu"))
            (image,) = apply(batch["affine"], batch["image"], mode="bilinear")
            maps = batch["maps"].float()
            if not self.loader.dataset.are_moved:
                (maps,) = apply(batch["affine"][batch["annotated"]], maps, mode="bilinear")
            yield {**batch, "image": image, "maps": maps}


def all_of(loader: Iterable) -> int:
    return sum(1 for _ in loader)


class Published(Dataset):
    """The published item restated (spec: `mil.md` 2.2, 6.1, 6.4, 6.5), without its files of H5."""

    def __init__(self, files: list[Path]) -> None:
        self.files = files
        self.move = RandomAffine(
            45, (0.15, 0.15), (0.85, 1.15), interpolation=InterpolationMode.NEAREST
        )

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple:
        picture = torch.from_numpy(np.array(Image.open(self.files[index]))).float()[None]
        height, width = picture.shape[-2:]
        long = 16 * round(SIZE * max(height, width) / min(height, width) / 16)
        short = round(min(height, width) * long / max(height, width))
        sides = [long, short] if height > width else [short, long]
        shrunk = resize(picture, sides, InterpolationMode.BILINEAR, antialias=True)
        left, top = ((long - side) // 2 for side in sides[::-1])
        square = pad(shrunk, [left, top, long - sides[1] - left, long - sides[0] - top])
        small = resize(square, [SIZE, SIZE], InterpolationMode.BILINEAR, antialias=True)
        grey = self.move(small.to(torch.uint8).float() / 255)
        image = normalize(grey.repeat(3, 1, 1), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        return image, torch.zeros(10), False, torch.zeros(10, 256, 256)


def published_loader(files: list[Path], workers: int) -> DataLoader:
    return DataLoader(
        Published(files),
        batch_size=BATCH_SIZE,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def best(loader: Iterable, n: int, rounds: int) -> float:
    """Images a second of the fastest round; one before them starts processes and fills memory."""
    n_loaded = n // BATCH_SIZE * BATCH_SIZE
    seconds = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        n_batches = all_of(loader)
        seconds.append(time.perf_counter() - begin)
        if n_batches * BATCH_SIZE != n_loaded:
            message = f"{n_batches} batches came, of {n_loaded // BATCH_SIZE}"
            raise RuntimeError(message)
    return n_loaded / min(seconds[1:])


if __name__ == "__main__":
    main()
