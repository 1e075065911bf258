"""A few images for the cooperative networks, and settings of small ones."""

import dataclasses

import numpy as np

from gazescribe.models.cooperative.settings import CooperativeInputs, CooperativeRun
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.geometry.letterbox import Letterbox
from tests.synthetic import reading, table
from tests.unit.models.mil.mil_cases import write_shards

SMALL = CooperativeRun(
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
    crops="none",
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
    checkpointing=False,
    split="table",
    n_folds=5,
    fold=None,
    split_seed=0,
    shuffle=True,
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
    "inception_resnet": {
        "network": "inception_resnet",
        "objective": "cross_entropy",
        "image_height": 96,
        "image_width": 96,
    },
    "gazegnn": {"network": "gazegnn", "objective": "cross_entropy"},
    "gazegnn_published": {
        "network": "gazegnn",
        "objective": "cross_entropy",
        "gaze": False,
        "crops": "published",
        "imagenet_normalise": True,
        "image_height": 32,
        "image_width": 32,
    },
    "gazegnn_no_gaze": {"network": "gazegnn", "objective": "cross_entropy", "gaze": False},
}
"""What each model of the paper's tables sets otherwise."""


def small_run(model, **settings):
    """Settings of a model of the paper, small."""
    named = {"name": f"{model}-seed0", "model": model, **MODELS[model], **settings}
    named.setdefault("weights", None if named.get("init_from") else "scratch")
    return dataclasses.replace(SMALL, **named)


IMAGE_PX = (60, 90)
FRAME = (64, 64)
SIZES = {"image_height": FRAME[0], "image_width": FRAME[1]}


class World:
    """Collects readings of EGD; `write` makes folders of them.

    Unless a test says otherwise an image is in the shards and was looked at twice at its first
    pixel. No two images or maps are alike: image n is of grey n + 1 with a bright square, map n is
    white at one pixel, both at the frame's pixel `place(n)`.
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
        row |= {"height_px": size[0], "width_px": size[1]}
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
        shots = list(self.shots.values())
        pictures = np.empty((len(shots), *FRAME), np.uint8)
        for number, picture in enumerate(pictures):
            row, column = place(number)
            picture[:] = number + 1
            picture[row : row + 8, column : column + 8] = 200
        write_shards(self.folder / "images", "images", shots, list(pictures))
        maps = np.zeros((len(self.maps), *FRAME), np.float16)
        for number, heatmap in enumerate(maps):
            heatmap[place(number)] = 1
        write_shards(self.folder / "maps", "heatmaps", self.maps, list(maps))
        images, tables, maps = (str(self.folder / name) for name in ("images", "egd", "maps"))
        return CooperativeInputs(images, {"egd": tables}, {"egd": maps}, None)


def place(number):
    """Where map and image of this number are bright: on images of all sizes here."""
    return 20 + number % 24, 20 + (10 + 5 * number) % 24


def frame_of(image_px):
    box = Letterbox.fit(image_px, FRAME)
    names = ("height", "width", "scale", "pad_x_px", "pad_y_px")
    return {name: getattr(box, name) for name in names}


def balanced_world(folder, n_patients=12):
    """Three classes; every second patient has two images; gaze and size differ by image."""
    world = World(folder)
    splits = ("train", "train", "validate", "test")
    for subject in range(n_patients):
        diagnosis = ("normal", "chf", "pneumonia")[subject % 3]
        for _ in range(1 + subject % 2):
            n = len(world.readings)
            gaze = [(5.0 + 2 * n, 50.0 - 2 * n, 0.1 + 0.1 * n), (20.0, 3.0 * n, 0.2)][: 1 + n % 2]
            size = ((60, 90), (90, 60), (70, 70))[n % 3]
            split = splits[subject // 3 % 4]
            world.image(99_000_000 + subject, diagnosis, split, gaze=gaze, size=size)
    return world
