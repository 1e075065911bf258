"""Train the cooperative network, stage by stage or at once, and what it is compared with.

One module trains all of them: a model is a network and an objective. Validation chooses the epoch
by what does not move while training: the plain sum of the losses, whatever weighs them.

Source: Qiu, Rivaz, Xiao 2025, III; `spec/cooperative.md` 2 to 5 and 7.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader

from gazescribe.models.cooperative.blocks import CooperativeOutput
from gazescribe.models.cooperative.data import draw_on, evaluation_loader, scaled, training_loader
from gazescribe.models.cooperative.features import KeptFeatures, cached_loaders
from gazescribe.models.cooperative.items import (
    CooperativeItems,
    build_lists,
    summarise_lists,
    targets_of,
)
from gazescribe.models.cooperative.losses import (
    UncertaintyWeights,
    published_triplet_loss,
    saliency_loss,
    triplet_loss,
)
from gazescribe.models.cooperative.networks import outputs_of, started
from gazescribe.models.cooperative.settings import (
    CooperativeInputs,
    CooperativeRun,
    network_of_file,
)
from gazescribe.models.cooperative.splits import SPLIT_FILE, split_csv, split_sha256
from gazescribe.models.core.device import Machine
from gazescribe.models.core.images import resize_of
from gazescribe.models.core.loaders import Tensors
from gazescribe.models.core.starting_weights import told, warn_of_other_file
from gazescribe.models.training.epochs import TrainingPlan
from gazescribe.models.training.fitting import Job
from gazescribe.models.training.sampling import faults_of, naming
from gazescribe.models.training.validation import by_epoch, gathered, macro_auroc
from gazescribe.pipeline.core.errors import AlignmentError, ParamsError
from gazescribe.pipeline.geometry.saliency import cc, kl

MONITOR = "val_loss"
LR_FACTOR = 0.1  # published
SALIENCY_ALONE = ("dual_imagenet", "dual_random", "res_se_clean", "unet_s", "res_se_unet")
"""Models of params.yaml that need no diagnosis."""


class CooperativeTraining(pl.LightningModule):
    """A network, as it starts, under the objective of its run."""

    def __init__(self, run: CooperativeRun, network: Any) -> None:
        super().__init__()
        self.run = run
        self.network: Any = network
        self.cached = uses_cache(run)
        self.kept = KeptFeatures(network.encoder) if keeps_features(run) else None
        self.uncertainty: UncertaintyWeights | None = None
        if run.objective == "joint" and run.weighing != "sum":
            self.uncertainty = UncertaintyWeights(run.weighing)
        self._seen: list[Tensors] = []

    def configure_optimizers(self) -> Any:
        """Adam, or AdamW for GazeGNN; the rate falls where validation stands still."""
        run = self.run
        parameters = [weight for weight in self.parameters() if weight.requires_grad]
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[run.optimiser]
        optimiser = kind(parameters, lr=run.lr, weight_decay=run.weight_decay)
        if run.lr_patience is None:
            return optimiser
        plateau = ReduceLROnPlateau(optimiser, factor=LR_FACTOR, patience=run.lr_patience)
        return {
            "optimizer": optimiser,
            "lr_scheduler": {"scheduler": plateau, "monitor": MONITOR},
        }

    def on_before_batch_transfer(self, batch: Tensors, dataloader_idx: int) -> Tensors:  # noqa: ARG002  Lightning's signature
        """Draw maps on the device where the processes that load have not."""
        return draw_on(batch, self.device)

    def on_after_batch_transfer(self, batch: Tensors, dataloader_idx: int) -> Tensors:  # noqa: ARG002  Lightning's signature
        """Bring images to [0, 1] on the device."""
        return batch if self.cached else {**batch, "image": scaled(batch["image"], self.run)}

    def training_step(self, batch: Tensors, batch_idx: int) -> Tensor:  # noqa: ARG002  Lightning's signature
        """Loss of a batch."""
        terms = self.terms(batch)
        loss = self.weighed(terms)
        means = {f"train_{name}": term.detach() for name, term in terms.items()}
        (group,) = self.trainer.optimizers[0].param_groups
        self.log_dict(
            {"train_loss": loss.detach(), **means, "lr": group["lr"]},
            **by_epoch(len(batch["image"])),
        )
        return loss

    def terms(self, batch: Tensors) -> dict[str, Tensor]:
        """Give what the run is trained for, each a number."""
        if self.run.objective == "triplet":
            embedding = self.embedding(batch["image"])
            return {"triplet": self.triplets(embedding, batch["target"])}
        prediction = self.predict(batch)
        terms = {}
        if self.run.objective != "saliency":
            logits = prediction.classes.float()
            terms["classes"] = functional.cross_entropy(logits, batch["target"])
        if self.run.objective != "cross_entropy":
            of_all = saliency_loss(prediction.saliency, batch["map"], self.valid(batch))
            # A mean over those that somebody looked at; the others have added nothing.
            terms["saliency"] = of_all * len(batch["map"]) / looked_at(batch).sum().clamp(min=1)
        return terms

    def weighed(self, terms: dict[str, Tensor]) -> Tensor:
        """Join the terms into the loss."""
        if self.uncertainty is None:
            return torch.stack(list(terms.values())).sum()
        loss: Tensor = self.uncertainty(terms["classes"], terms["saliency"])
        return loss

    def predict(self, batch: Tensors) -> Any:
        """Apply the network to what it takes: images, with gaze, or cached features."""
        if self.cached:
            return CooperativeOutput(classes=self.network.head(batch["image"]))
        if self.run.network == "gazegnn" and self.run.gaze:
            return self.network(batch["image"], batch["gaze"])
        if self.kept is not None:
            images = batch["image"]
            start = self.kept.of(images, batch["index"], training=self.training)
            return self.network(images, start)
        return self.network(batch["image"])

    def embedding(self, images: Tensor) -> Tensor:
        """Give what triplets are made of."""
        if self.run.mining == "published":
            features: Tensor = self.network.encoder(images).decoder
            return features
        embedding: Tensor = self.network.embed(images)
        return embedding

    def triplets(self, embedding: Tensor, target: Tensor) -> Tensor:
        """Contrastive loss of these images."""
        run = self.run
        if run.mining == "published":
            return published_triplet_loss(embedding, target, margin=run.margin)
        return triplet_loss(
            embedding, target, mining=run.mining, margin=run.margin, normalise=run.unit_length
        )

    def valid(self, batch: Tensors) -> Tensor | None:
        """Pixels over which a map is a distribution; None for all."""
        return batch["valid"] if self.run.loss_pixels == "valid" else None

    def validation_step(self, batch: Tensors, batch_idx: int) -> None:  # noqa: ARG002  Lightning's signature
        """Keep what is to be judged at once: one row an image."""
        run, seen = self.run, {"target": batch["target"]}
        if run.objective == "triplet":
            seen["embedding"] = self.embedding(batch["image"])
        else:
            prediction = self.predict(batch)
            if run.objective != "saliency":
                seen["logits"] = prediction.classes.double()
            if run.objective != "cross_entropy":
                scores = map_scores(prediction.saliency, batch, self.valid(batch))
                seen["maps"] = scores.to(self.device)
        self._seen.append(seen)

    def on_validation_epoch_end(self) -> None:
        """Score all of them: means over images, not over batches."""
        columns = {
            name: gathered(torch.cat([seen[name] for seen in self._seen])) for name in self._seen[0]
        }
        self._seen.clear()
        losses, scores = self.judged(columns)
        total = sum(losses.values())
        named = {f"val_{name}": value for name, value in {**losses, **scores}.items()}
        self.log_dict({MONITOR: total, **named})

    def judged(self, columns: Tensors) -> tuple[dict[str, float], dict[str, float]]:
        """Give losses, whose sum chooses the epoch, and other scores."""
        target = columns["target"]
        losses: dict[str, float] = {}
        scores: dict[str, float] = {}
        if "embedding" in columns:
            losses["triplet"] = float(self.triplets(columns["embedding"], target))
        if "logits" in columns:
            logits = columns["logits"]
            losses["classes"] = float(functional.cross_entropy(logits, target))
            scores["accuracy"] = float((logits.argmax(dim=1) == target).double().mean())
            one_hot = functional.one_hot(target, logits.shape[1])
            scores["auroc"], _ = macro_auroc(logits.softmax(dim=1), one_hot)
        if "maps" in columns:
            losses["saliency"], scores["cc"] = columns["maps"].nanmean(dim=0).tolist()
        return losses, scores


def looked_at(batch: Tensors) -> Tensor:
    """Tell which images have a map that shows gaze, (B,)."""
    return batch["map"].flatten(1).amax(dim=1) > 0


def map_scores(logits: Tensor, batch: Tensors, valid: Tensor | None) -> Tensor:
    """KL and CC of each map, (B, 2) in float64 on the CPU; NaN where nobody looked."""
    # In float64, as all scores are.
    p = logits.double().flatten(1).softmax(dim=1).view_as(logits)[:, 0].cpu().numpy()
    y = batch["map"][:, 0].double().cpu().numpy()
    on = [None] * len(p) if valid is None else list(valid[:, 0].cpu().numpy())
    rows = [
        (kl(*pair), cc(*pair)) if shown else (np.nan, np.nan)
        for *pair, shown in zip(p, y, on, looked_at(batch).tolist(), strict=True)
    ]
    return torch.tensor(rows, dtype=torch.float64)


def uses_cache(run: CooperativeRun) -> bool:
    """Whether a run trains on features that its frozen trunk gave once."""
    stage_3 = run.network == "fusion" and run.objective == "cross_entropy"
    return stage_3 and run.frozen is True and bool(run.cache_features)


def keeps_features(run: CooperativeRun) -> bool:
    """Whether a run keeps what its frozen encoder gave of each image, to draw maps from it."""
    return can_keep(run) and run.cache_features == "all"


def can_keep(run: CooperativeRun) -> bool:
    """Whether a run has a frozen encoder, so that it could."""
    has_encoder = run.network == "dual_encoder" and run.encoder is not None
    return has_encoder and run.frozen is True


def prepare(run: CooperativeRun, inputs: CooperativeInputs, out: Path, machine: Machine) -> Job:
    """Prepare a run for `models.training.fitting.fit`.

    `out` is the folder of all runs: the one that this starts from lies there. Raises GazeError if
    the data are not what they must be or fill no batch, or if the weights to start from do not fit.
    """
    lists = build_lists(inputs, run)
    where = ", ".join(inputs.tables.values())
    if not lists.classes and run.objective != "saliency":
        raise ParamsError(
            f"{run.name} is trained to tell diagnoses, and no image has one.",
            where=where,
            remedy="Train models that learn saliency and start from none that learns diagnoses:"
            f" {', '.join(SALIENCY_ALONE)}.",
        )
    items = {name: lists.items[name] for name in ("train", "validate")}
    if run.objective != "saliency":
        items = {name: part.diagnosed for name, part in items.items()}
    drawn = run.objective in ("saliency", "joint")
    validated = items["validate"].with_maps if drawn else items["validate"]
    if not len(validated):
        message = f"{run.name} has nothing to validate on, which chooses its epoch."
        remedy = f"Ingest more of {', '.join(inputs.tables)}."
        faults = faults_of(lists.left_out)
        raise AlignmentError(message, where=where, remedy=remedy, faults=faults)
    split = split_csv(lists.readings, lists.chosen)
    network: Any = started(run, out, split, len(lists.classes))
    loaders: tuple[DataLoader[Any], DataLoader[Any]]
    with naming(run.name, where, lists.left_out):
        if uses_cache(run):
            loaders = cached_loaders(network, items, inputs, run, machine)
        else:
            later = {"draws_later": machine.draws}
            size = run.batch_size
            loaders = (
                training_loader(items["train"], inputs, run, len(lists.classes), **later),
                evaluation_loader(items["validate"], inputs, run, batch_size=size, **later),
            )
    return Job(
        module=CooperativeTraining(run, network),
        train=loaders[0],
        validate=loaders[1],
        plan=TrainingPlan(
            name=run.name,
            seed=run.seed,
            epochs=run.epochs,
            monitor=MONITOR,
            mode="min",
            patience=run.patience,
            precision=run.precision,
            channels_last=run.channels_last,
            compile=run.compile,
        ),
        labels=outputs_of(run, lists.classes),
        input={
            "height": run.image_height,
            "width": run.image_width,
            "channels": 1,
            "normalise": "by 255" if run.crops == "published" else "by their maximum",
            "resize": resize_of(inputs.images),
        },
        training={
            **summarise_lists(lists),
            "split_sha256": split_sha256(split),
            "targets": targets_of(inputs),
            "started_from": told(run.weights, run.init_from),
        },
        warnings=[
            *warnings_of(run, items["validate"], lists.classes),
            *warn_of_other_file(run.name, run.weights, network_of_file(run)),
        ],
        files={SPLIT_FILE: split},
    )


def warnings_of(
    run: CooperativeRun, validated: CooperativeItems, classes: Sequence[str]
) -> list[str]:
    """Say what validation images cannot tell, though they choose the epoch."""
    if not classes:
        return [f"{run.name}: no image has a diagnosis: it learns saliency alone"]
    if run.objective == "saliency":
        return []
    counts = np.bincount(validated.target, minlength=len(classes))
    n_least = 2 if run.objective == "triplet" else 1
    few = [f"{n} {name}" for name, n in zip(classes, counts, strict=True) if n < n_least]
    if not few:
        return []
    return [f"{run.name}: validation, which chooses the epoch, has only {', '.join(few)}"]
