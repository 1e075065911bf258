"""Train the multiple-instance network: what Lightning needs of it, and of its data.

Source: Lanfredi et al. 2023, Sections 2.3, 2.4 and 2.9; `spec/mil.md` sections 4 to 7.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from gazescribe.models.core.device import Machine
from gazescribe.models.core.images import resize_of
from gazescribe.models.core.loaders import Tensors
from gazescribe.models.core.starting_weights import told, warn_of_other_file
from gazescribe.models.mil.lists import build_items, evaluation_items
from gazescribe.models.mil.loading import draw_on, evaluation_loader, training_loader
from gazescribe.models.mil.localisation import ValidationIou
from gazescribe.models.mil.losses import (
    GazeUncertainty,
    annotated_cells,
    decoder_loss,
    image_loss,
    pooled_loss,
)
from gazescribe.models.mil.network import MilOutput, gradcam, network_of, probability_of
from gazescribe.models.mil.settings import MilInputs, MilRun, input_of
from gazescribe.models.mil.summary import summarise_items
from gazescribe.models.mil.supervision import LONG_NAMES, sources_of, tables_of
from gazescribe.models.training.augment import apply
from gazescribe.models.training.epochs import TrainingPlan
from gazescribe.models.training.fitting import Job
from gazescribe.models.training.sampling import faults_of, naming
from gazescribe.models.training.validation import by_epoch, gathered, macro_auroc
from gazescribe.pipeline.core.errors import AlignmentError

MONITOR = "val_auroc"


class MilTraining(pl.LightningModule):
    """The network of a run under its losses."""

    def __init__(self, run: MilRun, n_labels: int) -> None:
        super().__init__()
        self.run = run
        self.network = network_of(run, n_labels)
        self.uncertainty: GazeUncertainty | None = None
        # Without a map σ would fall for ever.
        if run.lambda_cam and sources_of(run.supervision):
            self.uncertainty = GazeUncertainty()
        self.iou: ValidationIou | None = None
        self.moves_maps = True
        self._seen: list[tuple[Tensor, Tensor]] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam with AMSGrad at a constant rate (Section 2.9)."""
        run = self.run
        parameters = [weight for weight in self.parameters() if weight.requires_grad]
        return torch.optim.Adam(
            parameters, lr=run.lr, weight_decay=run.weight_decay, amsgrad=run.amsgrad
        )

    def on_before_batch_transfer(self, batch: Tensors, dataloader_idx: int) -> Tensors:  # noqa: ARG002  Lightning's signature
        """Draw maps on the device where the processes that load have not."""
        return draw_on(batch, self.device)

    def on_after_batch_transfer(self, batch: Tensors, dataloader_idx: int) -> Tensors:  # noqa: ARG002  Lightning's signature
        """Move image and maps alike, each item by its own draw, on the device.

        Maps that are drawn from Gaussians come moved.
        """
        if not self.trainer.training:
            return batch
        mode, affine = self.run.augment.interpolation, batch["affine"]
        (image,) = apply(affine, batch["image"], mode=mode)
        maps = batch["maps"].float()
        if self.moves_maps:
            (maps,) = apply(affine[batch["annotated"]], maps, mode=mode)
        # Only now: grey values stay bytes on their way to the device.
        return {**batch, "image": image / 255, "maps": maps}

    def training_step(self, batch: Tensors, batch_idx: int) -> Tensor:  # noqa: ARG002  Lightning's signature
        """Loss (7) of a batch, or that of the cross-entropy baseline, with what is added to it."""
        terms = self.losses(self.network(batch["image"]), batch)
        loss = torch.stack(list(terms.values())).sum()
        n = len(batch["image"])
        means = {f"train_{name}": term.detach() for name, term in terms.items()}
        self.log_dict({"train_loss": loss.detach(), **means}, **by_epoch(n))
        n_annotated = batch["annotated"].sum().float()
        self.log("train_annotated", n_annotated, reduce_fx="sum", **by_epoch(n))
        return loss

    def losses(self, output: MilOutput, batch: Tensors) -> dict[str, Tensor]:
        """Terms of the loss, weighted, each a number."""
        if self.run.objective == "cross_entropy":
            reduction = self.run.pooled_loss
            pooled = pooled_loss(output.logits, batch["labels"], reduction=reduction)
            terms = {"pooled": pooled}
        else:
            terms = self.mil_losses(output, batch)
        if self.uncertainty is not None:
            cams = gradcam(output.activations, self.network.classifier.weight)
            differing = self.uncertainty(cams, batch["labels"], batch["annotated"], batch["maps"])
            terms["cam"] = self.run.lambda_cam * differing
        return terms

    def mil_losses(self, output: MilOutput, batch: Tensors) -> dict[str, Tensor]:
        """Terms of loss (7)."""
        run, labels, annotated = self.run, batch["labels"], batch["annotated"]
        cells = annotated_cells(batch["maps"], (run.grid, run.grid), threshold=run.map_threshold)
        terms = {
            "image": image_loss(
                output.logits,
                labels,
                annotated,
                cells,
                balanced=run.balanced,
                lambda_annotated=run.lambda_annotated,
            )
        }
        if output.decoder_logits is not None:
            drawn = decoder_loss(output.decoder_logits, labels, annotated, batch["maps"])
            terms["decoder"] = run.lambda_decoder * drawn
        return terms

    def validation_step(self, batch: Tensors, batch_idx: int) -> None:  # noqa: ARG002  Lightning's signature
        """Keep what the network says of unannotated images, and their labels."""
        logits = self.network(batch["image"], decode=False).logits
        self._seen.append((probability_of(logits, self.run), batch["labels"]))

    def on_validation_epoch_end(self) -> None:
        """Score all of them at once: macro AUROC."""
        columns = (torch.cat(column) for column in zip(*self._seen, strict=True))
        probability, labels = (gathered(column) for column in columns)
        self._seen.clear()
        auroc, n_labels = macro_auroc(probability, labels)
        self.log(MONITOR, auroc)
        self.log("val_labels", float(n_labels))
        # One process writes down what was logged; the others wait for it at their next step.
        if self.iou is not None and self.trainer.is_global_zero:
            # Also where they are no numbers: Lightning would repeat those of an earlier epoch.
            for kind, iou in self.iou.after(self.current_epoch, self.network).items():
                self.log(f"val_iou_{kind}", iou, rank_zero_only=True)


def prepare(run: MilRun, inputs: MilInputs, out: Path, machine: Machine) -> Job:  # noqa: ARG001  every network's `prepare` takes it
    """Prepare a run for `models.training.fitting.fit`.

    `out` is not used: no run starts from another. Raises GazeError if the data are not what they
    must be, or fill no batch.
    """
    items = build_items(inputs, run)
    readings = evaluation_items(inputs, run)
    counts = summarise_items(inputs, run, items, readings)
    if not len(items["validate"]):
        names = " or ".join(LONG_NAMES.get(name, name) for name in inputs.unannotated)
        message = f"{run.name} has no image of {names} to validate on, which chooses its epoch."
        places = [input_of(inputs, tables_of(name)) for name in inputs.unannotated]
        remedy = "Ingest it with some, or more of it, and make shards of their images."
        where = ", ".join([*places, inputs.images])
        faults = faults_of(items["validate"].left_out)
        raise AlignmentError(message, where=where, remedy=remedy, faults=faults)
    module = MilTraining(run, len(inputs.labels))
    named = [*inputs.unannotated, *(source.dataset for source in sources_of(run.supervision))]
    tables = dict.fromkeys(input_of(inputs, tables_of(name)) for name in named)
    with naming(run.name, ", ".join([*tables, inputs.images]), items["train"].left_out):
        train = training_loader(items["train"], inputs, run, draws_later=machine.draws)
    images: Any = train.dataset  # its kind is lost on the way through torch's loader
    module.moves_maps = not images.are_moved
    if run.iou_every:
        module.iou = ValidationIou(readings["validate"], inputs, run)
    return Job(
        module=module,
        train=train,
        validate=evaluation_loader(items["validate"], inputs, run, batch_size=run.batch_size),
        plan=TrainingPlan(
            name=run.name,
            seed=run.seed,
            epochs=run.epochs,
            monitor=MONITOR,
            precision=run.precision,
            channels_last=run.channels_last,
            compile=run.compile,
        ),
        labels=inputs.labels,
        input={
            "height": run.image_size,
            "width": run.image_size,
            "channels": 3,
            "normalise": run.normalise,
            "resize": resize_of(inputs.images),
        },
        training={**counts, "started_from": told(run.weights)},
        warnings=[
            *warnings_of(items["validate"].labels, inputs.labels),
            *warn_of_other_file(run.name, run.weights, run.backbone),
        ],
    )


def warnings_of(labels: NDArray[np.float32], names: Sequence[str]) -> list[str]:
    """Say which labels, (n, labels) of the validation images, cannot choose an epoch."""
    share = labels.mean(axis=0)
    flat = [name for name, value in zip(names, share, strict=True) if value in {0, 1}]
    if not flat:
        return []
    message = f"{len(flat)} labels have one class only among the {len(labels)} validation images"
    if len(flat) == len(names):
        return [f"all {message}: the last epoch is kept"]
    return [f"{message} and choose no epoch: {', '.join(flat)}"]
