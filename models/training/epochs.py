"""What happens between the epochs of a run: seeds, the best epoch, the state to resume from.

After each epoch the whole state goes to one file. A run that was killed takes it up and replays the
epoch it was killed in, with the order, the augmentation and the random numbers of that epoch, all
drawn from (seed, epoch). Lightning's own checkpoints are not used: what they restore of a loop that
was cut short is not what an uncut one had.
"""

# ruff: noqa: ARG002  Lightning gives every hook all of these

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor

from gazescribe.models.core.checkpoint import not_finite
from gazescribe.models.core.torch_files import read_torch
from gazescribe.models.training.sampling import epoch_seed
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing

Module = pl.LightningModule

FINITE_EVERY = 50
"""Steps between two looks at the loss: each look waits for the device."""
ANEW = "Delete it to start anew."
LOWER = "Lower lr, or train with precision 32 if it is 16-mixed."


@dataclass(frozen=True)
class TrainingPlan:
    """How a module is trained.

    Attributes
    ----------
    seed : int
        Of the global generators, with the epoch.
    monitor : str
        Logged value that chooses the best epoch; of equal ones the later, and any before one that
        is not a number.
    mode : {'max', 'min'}
        Which end of it is best.
    patience : int, optional
        Stop when so many epochs have brought nothing better; an equal score is not better.
    """

    name: str
    seed: int
    epochs: int
    monitor: str
    mode: Literal["max", "min"] = "max"
    patience: int | None = None
    precision: Literal["32", "16-mixed", "bf16-mixed"] = "32"
    channels_last: bool = False
    compile: bool = False


@dataclass
class Course:
    """What a run has been through so far: plain numbers and the best weights, fit for resuming.

    Attributes
    ----------
    rows : list of dict
        What was logged, one an epoch.
    best_epoch : int
        -1 before the first.
    best_weights : dict of Tensor
        State of the network then, on the CPU.
    n_images : int
        That trained it, each as often as it did.
    train_s, seconds : float
        Wall time without and with validation, over all processes that worked on it.
    """

    rows: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = -1
    best_score: float = math.nan
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    n_images: int = 0
    train_s: float = 0.0
    seconds: float = 0.0

    @property
    def summary(self) -> dict[str, Any]:
        """What `train.json` says of it."""
        return {
            "best_epoch": self.best_epoch,
            "best_score": self.best_score,
            "epochs": len(self.rows),
            "images_a_second": round(self.n_images / self.train_s, 1),
            "seconds": round(self.seconds, 3),
        }


def seed_all(seed: int) -> None:
    """Seed every global generator: torch, numpy, Python."""
    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002  libraries that mine triplets draw from it
    random.seed(seed)


class EpochEnd(pl.Callback):
    """Seed each epoch, judge it when it ends, keep the state from which the next one follows."""

    def __init__(
        self,
        plan: TrainingPlan,
        resume: Path,
        at_epoch: Callable[[Course], None] | None = None,
    ) -> None:
        self._plan = plan
        self._resume = resume
        self._at_epoch = at_epoch
        self.course = Course()

    def on_train_start(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Take up the state of a killed run."""
        if self._resume.is_file():
            self._load(trainer, pl_module)
        # Lightning goes by these two which epoch comes next.
        progress: Any = trainer.fit_loop.epoch_progress.current
        progress.processed = progress.completed = len(self.course.rows)
        trainer.should_stop = self._exhausted()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Keep the state between epochs; seed what the loader and dropout draw."""
        if self.course.rows and trainer.is_global_zero:
            self._save(trainer, pl_module)
        if self._at_epoch and trainer.is_global_zero:
            self._at_epoch(self.course)
        # By seed and epoch alone: an epoch that is replayed draws what it drew.
        seed_all(epoch_seed(self._plan.seed, trainer.current_epoch))
        self._first_wrong = torch.full((), -1, device=pl_module.device)
        self._begin = time.monotonic()

    def on_before_backward(self, trainer: pl.Trainer, pl_module: Module, loss: Tensor) -> None:
        """Stop at a loss that is not a number, before it is in the weights for long."""
        step = trainer.fit_loop.batch_idx
        is_first = (self._first_wrong < 0) & ~torch.isfinite(loss.detach())
        self._first_wrong = torch.where(is_first, step, self._first_wrong)
        if step % FINITE_EVERY == 0:
            self._check_loss(trainer)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Module, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count images."""
        self.course.n_images += len(batch["image"]) * trainer.world_size

    def on_validation_start(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Stop the clock of training; validation needs a network that gives numbers."""
        self._check_loss(trainer)
        self._check_weights(trainer, pl_module)
        self.course.train_s += time.monotonic() - self._begin

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Write down what was logged; keep the weights if none were better."""
        course, plan = self.course, self._plan
        logged = {key: float(value) for key, value in trainer.callback_metrics.items()}
        if plan.monitor not in logged:
            names = ", ".join(sorted(logged))
            raise GazeError(f"{plan.monitor} is not among what {plan.name} logs: {names}.")
        score = logged[plan.monitor]
        course.rows.append({"epoch": trainer.current_epoch, **dict(sorted(logged.items()))})
        if self._worth(score) >= self._worth(course.best_score):
            course.best_epoch, course.best_score = trainer.current_epoch, score
            course.best_weights = {
                name: value.detach().cpu().clone().contiguous()
                for name, value in pl_module.network.state_dict().items()  # type: ignore[union-attr]  # typed Tensor or Module
            }
        course.seconds += time.monotonic() - self._begin
        trainer.should_stop = self._exhausted()

    def _exhausted(self) -> bool:
        worth = [self._worth(row[self._plan.monitor]) for row in self.course.rows]
        if self._plan.patience is None or not worth:
            return False
        improved = worth.index(max(worth))  # the first of equals; best_epoch is the last
        return len(worth) - 1 - improved >= self._plan.patience

    def _worth(self, score: float) -> float:
        """Score whose largest is best; nothing is worse than one that is not a number."""
        if math.isnan(score):
            return -math.inf
        return score if self._plan.mode == "max" else -score

    def _check_loss(self, trainer: pl.Trainer) -> None:
        step = int(self._first_wrong)
        if step >= 0:
            place = f"in epoch {trainer.current_epoch} (batch {step})"
            message = f"the loss of {self._plan.name} is not a number {place}."
            raise GazeError(message, remedy=LOWER)

    def _check_weights(self, trainer: pl.Trainer, module: Module) -> None:
        """Stop at weights that the last steps spoilt, which no loss could tell."""
        if faults := not_finite(module.state_dict()):
            place = f"after epoch {trainer.current_epoch} (batch {trainer.fit_loop.batch_idx})"
            message = f"the weights of {self._plan.name} are not finite {place}."
            raise GazeError(message, remedy=LOWER, faults=faults)

    def _save(self, trainer: pl.Trainer, module: Module) -> None:
        state = {
            "module": module.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in trainer.optimizers],
            "schedulers": [
                config.scheduler.state_dict() for config in trainer.lr_scheduler_configs
            ],
            "precision": trainer.precision_plugin.state_dict(),
            "course": vars(self.course),
        }
        with replacing(self._resume) as beside, beside.open("wb") as file:
            try:
                torch.save(state, file)
            except RuntimeError as fault:  # torch's own words for a disk that is full
                if isinstance(fault.__context__, OSError):
                    raise fault.__context__ from fault
                raise

    def _load(self, trainer: pl.Trainer, module: Module) -> None:
        try:
            state = read_torch(self._resume)
            module.load_state_dict(state["module"])
            for optimizer, values in zip(trainer.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(values)
            schedulers = zip(trainer.lr_scheduler_configs, state["schedulers"], strict=True)
            for config, values in schedulers:
                config.scheduler.load_state_dict(values)
            trainer.precision_plugin.load_state_dict(state["precision"])
            self.course = Course(**state["course"])
            self._exhausted()  # asks each epoch for its score
            weights = {**state["module"], **self.course.best_weights}
            faults = not_finite(weights)
        except Exception as fault:  # a damaged file makes torch raise errors of any kind
            message = f"the state of a killed run of {self._plan.name} does not fit it."
            raise GazeError(message, where=self._resume, remedy=ANEW) from fault
        if faults:
            message = f"the state of a killed run of {self._plan.name} has weights that are not"
            raise GazeError(f"{message} finite.", where=self._resume, remedy=ANEW, faults=faults)
