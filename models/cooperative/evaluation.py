"""Score one run of the cooperative network, of one of its stages, or of a baseline.

Diagnosis: probabilities of the validation and test images. Maps: the network's saliency, Grad-CAM
of its diagnosis, two maps that know nothing of the image (a centre prior, the mean of the training
maps) and, where there is a file of it, DeepGaze, all against where the reader looked, on the
image's pixels and on all.
Drops: what `models.cooperative.items` leaves out, maps of images that nobody looked at; counted.
A measure that a map leaves undefined is null in its row and in no mean; warnings count them.
Source: Qiu, Rivaz, Xiao 2025, IV; `spec/cooperative.md` 6.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gazescribe.models.cooperative.data import CooperativeBatch, evaluation_loader, scaled
from gazescribe.models.cooperative.deepgaze import DeepGaze
from gazescribe.models.cooperative.gradcam import gradcam
from gazescribe.models.cooperative.items import (
    UNKNOWN,
    CooperativeItems,
    build_lists,
    summarise_lists,
    targets_of,
)
from gazescribe.models.cooperative.losses import distribution
from gazescribe.models.cooperative.networks import classes_in, restored
from gazescribe.models.cooperative.settings import CooperativeRun
from gazescribe.models.core.config import Config
from gazescribe.models.core.device import finished, machine_name
from gazescribe.models.evaluating.run import SCORED_SPLITS, Scored
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.geometry.letterbox import Letterbox
from gazescribe.pipeline.geometry.saliency import scores

UNIFORM = 0.01
"""Share of a uniform map in those that are 0 somewhere (Grad-CAM, mean map): else the divergence of
one fixation on a 0 is infinite."""
EXAMPLES_A_CLASS = 2
N_TIMED = 5  # images whose inference is timed
HEADLINES = ("kl", "cc", "hs")
"""Measures that sum up a run; null where the map shows no gaze."""

Map = NDArray[np.float64]
Row = dict[str, Any]


def score(run: CooperativeRun, path: Path, config: Config, device: torch.device) -> Scored:
    """Score a run, whose settings the checkpoint at `path` shares, on validation and test images.

    Raises GazeError if the checkpoint or the data are not what they must be, if a patient is in two
    splits, or if no image is for the test.
    """
    network, _, checkpoint = restored(path)
    lists = build_lists(config.inputs, run, classes_in(checkpoint, path) or None)
    summary: dict[str, Any] = {"counts": summarise_lists(lists), "classes": list(lists.classes)}
    if run.objective == "triplet":
        return Scored({}, {**summary, "gives": "an embedding, nothing to score"}, None, {})
    if not len(lists.items["test"]):
        message = f"{run.name} cannot be scored: no image is in the test split."
        remedy = (
            "Ingest more patients, with each diagnosis among the test ones, or cross-validate:"
            " `cooperative.split: folds` tests every image once."
        )
        raise AlignmentError(message, where=", ".join(config.inputs.tables.values()), remedy=remedy)
    summary["targets"] = {
        "trained": checkpoint.training.get("training", {}).get("targets"),
        "scored": targets_of(config.inputs),
    }
    network.to(device)
    summary["inference"] = inference_time(network, lists.items["test"], run, config, device)
    columns = [f"p_{name}" for name in lists.classes]
    baselines = Baselines(lists.items["train"], config, run)
    file = config.inputs.deepgaze
    deepgaze = None if file is None else DeepGaze(Path(file), device)
    diagnosed: list[Row] = []
    compared: list[Row] = []
    shown: dict[str, list[NDArray[Any]]] = {}
    for split in SCORED_SPLITS:
        items = lists.items[split]
        examples = example_rows(items, lists.classes) if split == "test" else set()
        for row, output in enumerate(look(network, items, run, config, device)):
            about = {
                "run": run.name,
                "model": run.model,
                "seed": run.seed,
                "fold": run.fold,
                "split": split,
                "dicom_id": items.dicom_id[row],
                "subject_id": int(items.subject_id[row]),
            }
            target = lists.classes[items.target[row]] if items.target[row] >= 0 else None
            if output["probability"] is not None and target is not None:
                chances = dict(zip(columns, output["probability"], strict=True))
                diagnosed.append({**about, "target": target, **chances})
            if items.map_row[row] >= 0:
                output["maps"] |= baselines.maps(items.frames[row])
                if deepgaze is not None:
                    output["maps"]["deepgaze"] = mixed(
                        deepgaze.map(output["image"], items.frames[row], output["maps"]["centre"])
                    )
                about["reading_id"] = items.reading_id[row]
                compared += compare(about, output, items, row, baselines.places_px(items, row))
            if row in examples:
                for name, array in example(output, items.dicom_id[row], target).items():
                    shown.setdefault(name, []).append(array)
    return Scored(
        tables={
            **as_table(diagnosed, "cooperative_classification"),
            **as_table(compared, "cooperative_saliency"),
        },
        about=summary,
        thresholds=None,
        metrics=headlines(diagnosed, compared),
        examples={name: np.stack(arrays) for name, arrays in shown.items()} or None,
        warnings=warnings_of(compared),
    )


def as_table(rows: list[Row], name: str) -> dict[str, dict[str, list[Any]]]:
    """Give rows as columns of the table `name`, null where they have none; nothing of no rows."""
    if not rows:
        return {}
    columns = TABLES[name].widened(rows[0]).columns
    return {name: {column: [row.get(column) for row in rows] for column in columns}}


def look(
    network: nn.Module,
    items: CooperativeItems,
    run: CooperativeRun,
    config: Config,
    device: torch.device,
) -> Iterator[Row]:
    """Give what a network, on the device and in evaluation mode, says of each image.

    That is: probability (classes,) or None; maps by kind, target and valid (H, W); image (H, W) in
    uint8.
    """
    batch_size = config.evaluation.batch_size
    for batch in evaluation_loader(items, config.inputs, run, batch_size=batch_size):
        inputs = inputs_of(batch, run, device)
        prediction, evidence = gradcam(network, *inputs)
        classes = saliency = None
        if prediction.classes is not None:
            classes = prediction.classes.double().softmax(dim=1).cpu()
        if prediction.saliency is not None:
            saliency = distribution(prediction.saliency).cpu()
        for row in range(len(batch["image"])):
            maps = {}
            if saliency is not None:
                maps["saliency"] = saliency[row].numpy()
            if evidence is not None:
                maps["gradcam"] = mixed(evidence[row].double().cpu().numpy())
            yield {
                "probability": None if classes is None else classes[row].numpy(),
                "maps": maps,
                "target": batch["map"][row, 0].numpy().astype(np.float64),
                "valid": batch["valid"][row, 0].numpy(),
                "image": batch["image"][row, 0].numpy(),
            }


@torch.inference_mode()
def inference_time(
    network: nn.Module,
    items: CooperativeItems,
    run: CooperativeRun,
    config: Config,
    device: torch.device,
) -> Row:
    """Time the network's answer to single images, without maps that explain it; and on what.

    The median over a few images, in the precision of scoring, 32 bit, after one that does not
    count, in which libraries set themselves up.
    """
    few = items.take(np.arange(len(items))[:N_TIMED])
    alone = dataclasses.replace(run, workers=0)
    batches = list(evaluation_loader(few, config.inputs, alone, batch_size=1))
    seconds = []
    for batch in [batches[0], *batches]:
        inputs = inputs_of(batch, run, device)
        began = finished(device)
        network(*inputs)
        seconds.append(finished(device) - began)
    return {
        "s_an_image": float(np.median(seconds[1:])),
        "n_images": len(batches),
        "machine": machine_name(device),
    }


def inputs_of(
    batch: CooperativeBatch, run: CooperativeRun, device: torch.device
) -> tuple[Tensor, ...]:
    """Give what a network is called with: images in [0, 1], and gaze where it takes that."""
    images = scaled(batch["image"].to(device, non_blocking=True), run)
    if run.channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    if run.network == "gazegnn" and run.gaze:
        return images, batch["gaze"].to(device, non_blocking=True)
    return (images,)


def mixed(values: Map) -> Map:
    """Give a distribution that is nowhere 0: `UNIFORM` of it is spread over all pixels."""
    total = values.sum()
    even = np.full_like(values, 1 / values.size)
    return (1 - UNIFORM) * values / total + UNIFORM * even if total > 0 else even


class Baselines:
    """Maps that know nothing of the image, from the training readings, `items`, alone.

    The centre prior is a Gaussian about the image's centre; its standard deviations, in shares of
    the image's sides, are those of the training fixations about that centre.
    """

    def __init__(self, items: CooperativeItems, config: Config, run: CooperativeRun) -> None:
        self._places = [gaze.places_px for gaze in items.gaze]
        self._readings = items.reading_id.tolist()
        looked = items.with_maps
        total = np.zeros((run.image_height, run.image_width))
        size = config.evaluation.batch_size
        for batch in evaluation_loader(looked, config.inputs, run, batch_size=size):
            maps = batch["map"][:, 0].numpy().astype(np.float64)
            maps = maps[maps.any(axis=(1, 2))]
            # Each map has the same weight, however long its reader looked.
            total += (maps / maps.sum(axis=(1, 2), keepdims=True)).sum(axis=0)
        self._mean = mixed(total)
        shares = [
            (gaze.places_px - _centre(frame)) / _sides(frame)
            for gaze, frame in zip(items.gaze, items.frames, strict=True)
        ]
        offsets = np.concatenate(shares) if shares else np.zeros((0, 2))
        # A quarter of the sides where nobody looked at any training image.
        self._spread = np.sqrt((offsets**2).mean(axis=0)) if len(offsets) else np.full(2, 0.25)

    def maps(self, frame: Letterbox) -> dict[str, Map]:
        """Centre prior and mean map for an image that lies so in its frame."""
        sigma, centre = self._spread * _sides(frame), _centre(frame)
        # A Gaussian whose axes are the image's: the outer product of two curves.
        x, y = (
            np.exp(-(((np.arange(length) - centre[axis]) / sigma[axis]) ** 2) / 2)
            for axis, length in ((0, frame.width), (1, frame.height))
        )
        return {"centre": mixed(np.outer(y, x)), "mean": self._mean}

    def places_px(self, items: CooperativeItems, row: int) -> NDArray[np.float64]:
        """Fixations on the training images, this one's apart."""
        reading_id = items.reading_id[row]
        places = [
            xy for name, xy in zip(self._readings, self._places, strict=True) if name != reading_id
        ]
        return np.concatenate(places) if places else np.zeros((0, 2))


def _sides(frame: Letterbox) -> NDArray[np.float64]:
    height, width = frame.image_size
    return np.array([width, height]) * frame.scale


def _centre(frame: Letterbox) -> NDArray[np.float64]:
    pads = np.array([frame.pad_x_px, frame.pad_y_px])
    centre: NDArray[np.float64] = pads + _sides(frame) / 2 - 0.5
    return centre


def compare(
    about: Mapping[str, Any],
    seen: Mapping[str, Any],
    items: CooperativeItems,
    row: int,
    others_px: NDArray[np.float64],
) -> list[Row]:
    """Rows of `cooperative_saliency`: every map on valid pixels and on all; null is undefined.

    Among the maps are those which information is gained over, `centre` and `mean`.
    """
    places = items.gaze[row].places_px
    priors = seen["maps"]["centre"], seen["maps"]["mean"]
    rows = []
    for kind, values in seen["maps"].items():
        for pixels, valid in (("valid", seen["valid"]), ("all", None)):
            measured = scores(values, seen["target"], places, others_px, *priors, valid)
            if np.isnan(measured["hs"]):  # no gaze on these pixels: nothing to correlate with
                measured["cc"] = np.nan
            finite = {name: v if np.isfinite(v) else None for name, v in measured.items()}
            rows.append({**about, "map": kind, "pixels": pixels, **finite})
    return rows


def example_rows(items: CooperativeItems, classes: Sequence[str]) -> set[int]:
    """Test images for figures, the same for all runs of a split: some of each class, by name."""
    chosen: set[int] = set()
    for target in range(len(classes)) or [UNKNOWN]:
        rows = np.flatnonzero((items.target == target) & (items.map_row >= 0))
        ordered = rows[np.argsort(items.dicom_id[rows])]
        chosen.update(ordered[:EXAMPLES_A_CLASS].tolist())
    return chosen


def example(
    seen: Mapping[str, Any], dicom_id: str, diagnosis: str | None
) -> dict[str, NDArray[Any]]:
    """Picture and maps of one image, each map with maximum 1; '' is an unknown diagnosis."""
    maps = {"target": seen["target"], **seen["maps"]}
    return {
        "dicom_id": np.array(dicom_id),
        "diagnosis": np.array(diagnosis or ""),
        "image": seen["image"],
        **{kind: (values / (values.max() or 1)).astype("f2") for kind, values in maps.items()},
    }


def most_probable(row: Row) -> str:
    """Name the diagnosis of a row of `cooperative_classification`."""
    chances = {name: p for name, p in row.items() if name.startswith("p_")}
    return max(chances, key=lambda name: chances[name]).removeprefix("p_")  # the first of equals


def headlines(diagnosed: list[Row], compared: list[Row]) -> dict[str, Any]:
    """Sum up a run: accuracy, and the mean fit of its map on valid pixels, by split."""
    figures: dict[str, Any] = {}
    for split in SCORED_SPLITS:
        rows = [row for row in diagnosed if row["split"] == split]
        right = [row["target"] == most_probable(row) for row in rows]
        figures[split] = {
            "n_images": len(rows),
            "accuracy": float(np.mean(right)) if right else None,
        }
        key = split, "saliency", "valid"
        maps = [row for row in compared if (row["split"], row["map"], row["pixels"]) == key]
        for name in HEADLINES:
            fits = [row[name] for row in maps if row[name] is not None]
            figures[split][name] = float(np.mean(fits)) if fits else None
    return figures


def warnings_of(compared: list[Row]) -> list[str]:
    """Count the images whose fit to gaze is in no mean: nobody's gaze to fit, or an infinite KL."""
    texts = []
    for split in SCORED_SPLITS:
        key = split, "all"
        rows = [row for row in compared if (row["split"], row["pixels"]) == key]
        readings = {row["reading_id"] for row in rows}
        blank = {row["reading_id"] for row in rows if row["hs"] is None}
        infinite = {row["reading_id"] for row in rows if row["kl"] is None} - blank
        for left_out, reason in (
            (blank, "show no gaze, though their index says they do"),
            (infinite, "show gaze where the network gives none: KL is infinite"),
        ):
            if left_out:
                text = f"{len(left_out)} of {len(readings)} {split} maps {reason}"
                texts.append(f"{text}; left out of the means: {', '.join(sorted(left_out)[:10])}")
    return texts
