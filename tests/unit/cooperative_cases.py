"""A few images for the cooperative networks, and settings of small ones."""

import dataclasses

import numpy as np

from models.cooperative.settings import Inputs, Run
from pipeline.geometry.letterbox import Letterbox
from pipeline.tables import write_table
from tests.synthetic import reading, table
from tests.unit.mil_cases import write_shards

SMALL = Run(
    name="small-seed0",
    model="small",
    seed=0,
    network="dual_encoder",
    objective="saliency",
    init_from=None,
    weights=None,
    frozen=True,
    cache_features=True,
    encoder="tiny",
    encoder_tap="block4",
    imagenet_normalise=False,
    unet_blocks="plain",
    unet_channels=4,
    saliency_stride=4,
    gaze=True,
    graph_channels=(8, 12, 16, 20),
    graph_blocks=(1, 1, 1, 1),
    mining="all",
    margin=1.0,
    unit_length=False,
    weighing="sum",
    loss_pixels="valid",
    image_height=64,
    image_width=64,
    split="table",
    n_folds=5,
    fold=None,
    split_seed=0,
    optimiser="adam",
    lr=1e-3,
    weight_decay=0.0,
    epochs=2,
    patience=None,
    lr_patience=None,
    batch_size=6,
    precision="32",
    channels_last=False,
    compile=False,
    workers=0,
    log="csv",
)

MODELS = {
    "contrastive": {"network": "densenet", "objective": "triplet"},
    "dnet201": {"network": "densenet", "objective": "cross_entropy"},
    "dnet201_cl": {
        "network": "densenet",
        "objective": "cross_entropy",
        "init_from": "contrastive-seed0",
    },
    "dual_encoder": {"init_from": "dnet201_cl-seed0"},
    "res_se_clean": {"encoder": None},
    "cooperative": {
        "network": "fusion",
        "objective": "cross_entropy",
        "init_from": "dual_encoder-seed0",
    },
    "joint": {"network": "fusion", "objective": "joint", "frozen": False},
    "mt_unet": {"network": "unet", "objective": "joint", "weighing": "published"},
    "unet_s": {"network": "unet"},
    "res_se_unet": {"network": "unet", "unet_blocks": "residual"},
    "inception_resnet": {"network": "inception_resnet", "objective": "cross_entropy"},
    "gazegnn": {"network": "gazegnn", "objective": "cross_entropy"},
    "gazegnn_no_gaze": {"network": "gazegnn", "objective": "cross_entropy", "gaze": False},
}
"""What each model of the paper's tables sets otherwise."""


def small_run(model, **settings):
    """Settings of a model of the paper, small."""
    named = {"name": f"{model}-seed0", "model": model, **MODELS[model], **settings}
    return dataclasses.replace(SMALL, **named)


IMAGE_PX = (60, 90)
FRAME = (64, 64)
SIZES = {"image_height": FRAME[0], "image_width": FRAME[1]}


class World:
    """Collects readings of EGD; `write` makes folders of them.

    Unless a test says otherwise an image is in the shards, of one grey value, and was looked at
    twice at its first pixel; its map is white at the frame's pixel (20, 30).
    """

    def __init__(self, folder):
        self.folder = folder
        self.readings, self.fixations, self.maps, self.shots = [], [], [], {}

    def image(
        self,
        subject,
        diagnosis="normal",
        split="train",
        *,
        gaze=((0.0, 0.0, 0.3), (0.0, 0.0, 0.2)),
        shot=True,
        size=IMAGE_PX,
        of_map=None,
        **columns,
    ):
        """Add an image that was looked at: (x, y, seconds) in image pixels."""
        name = f"image {len(self.readings):03d}"
        row = {"dicom_id": name, "subject_id": subject, "diagnosis": diagnosis, "egd_split": split}
        row |= {"dataset": "egd", "has_gaze": bool(gaze), **columns}
        self.readings.append(reading(name, "text", **row))
        for number, (x, y, seconds) in enumerate(gaze):
            self.fixations.append(
                {"reading_id": name, "fixation": number, "onset_s": float(number)}
                | {"offset_s": number + seconds, "x_px": x, "y_px": y}
                | {"px_per_deg_x": 10.0, "px_per_deg_y": 10.0}
            )
        if gaze:
            common = {"reading_id": name, "dicom_id": name, "kind": "saliency", "label": ""}
            self.maps.append(frame_of(of_map or size) | common | {"dataset": "egd", "peak": 1.0})
        if shot:
            sizes = {"image_height_px": size[0], "image_width_px": size[1]}
            self.shots[name] = frame_of(size) | sizes | {"dicom_id": name, "subject_id": subject}
        return name

    def write(self):
        """Write all folders; give their names."""
        for name in ("readings", "fixations"):
            write_table(table(getattr(self, name), name), self.folder / "egd", name)
        heatmap = np.zeros(FRAME, np.float16)
        heatmap[20, 30] = 1
        shots = list(self.shots.values())
        pictures = [np.full(FRAME, 1 + number, np.uint8) for number in range(len(shots))]
        write_shards(self.folder / "images", "images", shots, pictures)
        maps = [heatmap] * len(self.maps)
        write_shards(self.folder / "maps", "heatmaps", self.maps, maps)
        return Inputs(*(str(self.folder / name) for name in ("images", "egd", "maps")))


def frame_of(image_px):
    box = Letterbox.fit(image_px, FRAME)
    names = ("height", "width", "scale", "pad_x_px", "pad_y_px")
    return {name: getattr(box, name) for name in names}


def balanced_world(folder, n_patients=12):
    """Three classes; every second patient has two images."""
    world = World(folder)
    splits = ("train", "train", "validate", "test")
    for subject in range(n_patients):
        diagnosis = ("normal", "chf", "pneumonia")[subject % 3]
        for _ in range(1 + subject % 2):
            world.image(99_000_000 + subject, diagnosis, splits[subject // 3 % 4])
    return world
