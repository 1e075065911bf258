"""A few images for the networks: tables, shards of images and maps, settings of a run."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from gazescribe.models.core.settings import Augment, Drawing
from gazescribe.models.mil.items import image_index
from gazescribe.models.mil.settings import MilDataset, MilInputs, MilRun
from gazescribe.models.mil.supervision import TABLES
from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.shards import shard_folder, shard_name
from gazescribe.pipeline.core.tables import table_path, write_table
from gazescribe.pipeline.core.values import CHEXPERT_LABELS
from gazescribe.pipeline.geometry.letterbox import Letterbox
from tests.synthetic import Row, reading, table

Box = tuple[float, float, float, float]
IMAGE_PX = (80, 100)  # of tests.synthetic.reading
SIZE, MAP_SIZE = 32, 64
CHANNELS = {
    "mimic-cxr-jpg": {"Edema": ("Edema", "Opacity"), "Pleural Effusion": ("Pleural abnormality",)},
    "reflacx": {"Pulmonary edema": ("Edema", "Opacity"), "Pneumothorax": ("Pneumothorax",)},
}
RUN = MilRun(
    name="et-seed0",
    model="et",
    seed=0,
    supervision="gaze",
    annotated_share=1.0,
    share_rule="subjects",
    drop_duplicates=False,
    max_unannotated=None,
    objective="mil",
    pooled_loss="sum",
    backbone="tiny",
    weights="scratch",
    image_size=SIZE,
    layers=(3, 4),
    grid=2,
    decoder=True,
    balanced="published",
    lambda_annotated=3.0,
    lambda_decoder=300.0,
    lambda_cam=0.0,
    map_threshold=0.15,
    iou_every=0,
    normalise="once",
    epochs=1,
    batch_size=2,
    lr=0.001,
    weight_decay=0.00001,
    amsgrad=True,
    augment=Augment(45.0, 0.15, 0.85, 1.15, "bilinear"),
    precision="32",
    channels_last=False,
    compile=False,
    workers=0,
    log="csv",
)


def run(**changes: object) -> MilRun:
    return replace(RUN, **changes)


class World:
    """Collects rows; `write` makes folders of them.

    Unless a test says otherwise a reading is of phase 3, has gaze and words with times; every image
    is in the shards, of one grey value, its row; every map is a white block at its top left.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.images: list[Row] = []
        self.studies: list[Row] = []
        self.readings: dict[str, list[Row]] = {"reflacx": [], "egd": []}
        self.windows: dict[str, list[Row]] = {"reflacx": [], "egd": []}
        self.ellipses: list[Row] = []
        self.maps: dict[str, list[Row]] = {
            name: [] for name in ("label", "ellipse", "report", "egd")
        }
        self.shot: dict[str, int] = {}
        self.absent: set[str] = set()

    def image(self, dicom_id: str, subject: int, split: str = "train", **states: str) -> None:
        """Add an image of MIMIC's list and its study; states by CheXpert label."""
        study = 99_500_000 + len(self.studies)
        keys = {"study_id": study, "subject_id": subject}
        names = {"dicom_id": dicom_id, "split": split, "view": "PA", "path": f"files/{dicom_id}"}
        self.images.append(keys | names)
        said = {name.replace("_", " "): state for name, state in states.items()}
        self.studies.append(keys | dict.fromkeys(CHEXPERT_LABELS, "not_mentioned") | said)
        self.shot[dicom_id] = subject

    def reading(
        self, reading_id: str, subject: int, split: str = "train", said: str = "", **columns: object
    ) -> None:
        """Add a reading; `said` are labels, in sentences of one each, separated by commas."""
        name = str(columns.get("dataset", "reflacx"))
        self.readings.setdefault(name, [])
        self.windows.setdefault(name, [])
        row = {"phase": 3, "image_path": f"files/{subject}/{reading_id}"}
        row |= {"subject_id": subject, "split": split, **columns}
        self.readings[name].append(reading(reading_id, **{"text": "some text"} | row))
        self.shot[self.readings[name][-1]["dicom_id"]] = subject
        labels = [[label] for label in said.split(",") if label]
        kinds = ["sentence"] * len(labels) + ["report", "reading"]
        for number, kind in enumerate(kinds):
            own = labels[number] if kind == "sentence" else []
            self.windows[name].append(
                {"reading_id": reading_id, "window": number, "kind": kind, "labels": own}
                | dict.fromkeys(("n_mentions", "n_uncertain"), [1] * len(own))
                | {"start_s": 0.0, "end_s": 1.0, "n_fixations": 1, "gaze_s": 1.0, "status": "ok"}
            )

    def map(self, kind: str, reading_id: str, label: str = "", peak: float | None = 0.5) -> None:
        """Add a map."""
        row = {"reading_id": reading_id, "label": label, "peak": peak}
        self.maps.setdefault(kind, []).append(row)

    def ellipse(
        self, reading_id: str, label: str, certainty: int, box_px: Box = (10.0, 10.0, 10.0, 10.0)
    ) -> None:
        """Add an ellipse of a column of the data set."""
        number = len(self.ellipses)
        box = dict(zip(("xmin_px", "ymin_px", "xmax_px", "ymax_px"), box_px, strict=True))
        row = {"reading_id": reading_id, "ellipse": number, "label": label, "certainty": certainty}
        self.ellipses.append(row | box)

    def write(self) -> MilInputs:
        """Write all folders; give their names."""
        folder = self.folder
        write_table(table(self.images, "images"), folder / "mimic", "images")
        write_table(table(self.studies, "studies"), folder / "mimic", "studies")
        for name, rows in self.readings.items():
            write_table(table(rows, "readings"), folder / name, "readings")
            windows = table(self.windows[name], "windows")
            write_table(windows, folder / f"associated-{name}", "windows")
        write_table(table(self.ellipses, "ellipses"), folder / "reflacx", "ellipses")
        shown = sorted(set(self.shot) - self.absent)
        write_shards(
            folder / "images",
            "images",
            [{"dicom_id": one, "subject_id": self.shot[one]} | of_image() for one in shown],
            [np.full((SIZE, SIZE), row, np.uint8) for row in range(len(shown))],
        )
        for kind, added in self.maps.items():
            rows = sorted(added, key=lambda row: (row["reading_id"], row["label"]))
            common = {"kind": kind, "dataset": "x", "dicom_id": "x"}
            index = [frame(MAP_SIZE) | row | common for row in rows]
            write_shards(folder / f"maps-{kind}", "heatmaps", index, [block()] * len(rows))
        places = {
            "egd_associated": "associated-egd",
            "associated": "associated-reflacx",
            "degraded_associated": "associated-reflacx",
            **{f"{kind}_maps": f"maps-{kind}" for kind in ("label", "ellipse", "report", "egd")},
            "degraded_maps": "maps-label",
        }
        names = {name: name for name in ("images", "mimic", "reflacx", "egd")} | places
        found = {name: str(folder / place) for name, place in names.items()}
        return MilInputs(
            **found,
            maps="shards",
            drawing=Drawing("mass", "direct"),
            unannotated=("mimic",),
            scored_on=("reflacx",),
            datasets={name: self._own(name) for name in self.readings if name not in TABLES},
            labels=TEN_LABELS,
            channels=CHANNELS,
            own_channels={},
        )

    def _own(self, name: str) -> MilDataset:
        """Name the folders of a data set that is none of the paper's: those that it has."""
        maps = {"label_maps": f"{name}-gaze", "ellipse_maps": f"{name}-ellipse"}
        found = {
            field: str(self.folder / f"maps-{kind}")
            for field, kind in maps.items()
            if kind in self.maps
        }
        associated = self.folder / f"associated-{name}"
        return MilDataset(str(self.folder / name), str(associated), **found)


def block() -> np.ndarray:
    heatmap = np.zeros((MAP_SIZE, MAP_SIZE), np.float16)
    heatmap[: MAP_SIZE // 2, : MAP_SIZE // 4] = 1
    return heatmap


def frame(size: int) -> Row:
    box = Letterbox.fit(IMAGE_PX, (size, size))
    names = ("height", "width", "scale", "pad_x_px", "pad_y_px")
    return {name: getattr(box, name) for name in names}


def of_image() -> Row:
    return frame(SIZE) | {"image_height_px": IMAGE_PX[0], "image_width_px": IMAGE_PX[1]}


def write_shards(folder: Path, kind: str, index: list[Row], arrays: list[np.ndarray]) -> None:
    """Write arrays as shards of two rows."""
    name = {"images": "image_shards", "heatmaps": "heatmaps"}[kind]
    placed = [row | {"shard": at // 2, "row": at % 2} for at, row in enumerate(index)]
    with shard_folder(folder, kind) as beside:
        for at in range(0, len(arrays), 2):
            np.save(beside / shard_name(at // 2, kind), np.stack(arrays[at : at + 2]))
        write_table(table(placed, name), beside, name)
        table_path(beside, name).rename(beside / "index.parquet")


def listed_world(folder):
    """Four images of MIMIC to train on, of which R1 and R2 show two; two for validation."""
    world = World(folder)
    for name, subject in [("A", 1), ("image of R1", 1), ("image of R2", 2), ("D", 3)]:
        world.image(name, 99_000_000 + subject, Edema="positive")
    world.image("V", 99_000_004, "validate", Pleural_Effusion="positive")
    world.image("image of R4", 99_000_004, "validate")
    world.image("T", 99_000_005, "test")
    world.reading("R1", 99_000_001, said="Edema,Opacity")
    world.reading("R2", 99_000_002, said="Fracture")
    world.reading("R3", 99_000_005, "test", said="Pneumothorax")
    world.reading("R4", 99_000_004, "validate")
    world.map("label", "R1", "Edema")
    world.map("label", "R1", "Opacity", peak=0.0)
    world.map("ellipse", "R1", "Edema", peak=None)
    world.map("ellipse", "R3", "Lung Lesion", peak=None)
    return world


def names(items):
    """Labels of each item, by reading or image."""
    ids = [
        reading or image for reading, image in zip(items.reading_id, items.dicom_id, strict=True)
    ]
    return {
        one: [items.label_names[label] for label in np.flatnonzero(row)]
        for one, row in zip(ids, items.labels, strict=True)
    }


def rows(items):
    """Rows of the maps of each item, by label."""
    return {
        reading: {items.label_names[label]: int(row[label]) for label in np.flatnonzero(row >= 0)}
        for reading, row in zip(items.reading_id, items.map_row, strict=True)
    }


def index_of(inputs):
    return image_index(inputs, run())
