"""Train one network with Lightning, quietly.

A module is a LightningModule that keeps all weights worth keeping in its attribute `network`, and
logs by epoch. A batch is a dict whose "image" has one row an item.
"""

import logging
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.exceptions import SIGTERMException
from pytorch_lightning.utilities.warnings import PossibleUserWarning  # type: ignore[attr-defined]  # not in its `__all__`
from torch.utils.data import DataLoader

from gazescribe.models.core.device import Machine
from gazescribe.models.training.epochs import Course, EpochEnd, TrainingPlan
from gazescribe.models.training.progress import EpochBar, EpochLines, LiveLog


@dataclass(frozen=True)
class Job:
    """All that a system prepares for one run.

    Attributes
    ----------
    module : LightningModule
        With the attribute `network`.
    train, validate : DataLoader
        Batches; the sampler of `train` follows `set_epoch`.
    labels, input, training
        What the checkpoint says of them (`models.core.checkpoint.Checkpoint`).
    files : mapping of str to str
        Texts that go beside the checkpoint, by name: CSV alone.
    """

    module: pl.LightningModule
    train: DataLoader[Any]
    validate: DataLoader[Any]
    plan: TrainingPlan
    labels: Sequence[str]
    input: Mapping[str, Any]
    training: Mapping[str, Any]
    warnings: Sequence[str] = ()
    files: Mapping[str, str] = field(default_factory=dict)


def wait_for_all() -> None:
    """Let all processes that train together come to this point."""
    if torch.distributed.is_initialized():
        torch.distributed.barrier()


def fit(
    job: Job,
    *,
    resume: Path,
    machine: Machine,
    live: Path | None = None,
    at_epoch: Callable[[Course], None] | None = None,
) -> Course:
    """Train a job's module, or go on where a killed run of the same job left off.

    `resume` is the file of the state after the last whole epoch, `live` the folder for DVCLive.
    `at_epoch` is told, by one process, what there is when an epoch begins.
    Raises GazeError if the loss is no longer a number, or the monitored value is not logged. Raises
    SystemExit with status 143 if the process is told to stop (SIGTERM); the state is kept.
    """
    plan = job.plan
    arrange(job.module, plan)
    epochs = EpochEnd(plan, resume, at_epoch)
    lines = EpochLines(plan, epochs, machine)
    callbacks: list[pl.Callback] = [epochs, EpochBar(plan.name), lines]
    if live:
        callbacks.append(LiveLog(live))
    with quiet():
        trainer = trainer_of(plan, machine, callbacks)
        try:
            trainer.fit(job.module, job.train, job.validate)
        except SIGTERMException:  # Lightning's own exit has status 0, as if all were done
            raise SystemExit(128 + signal.SIGTERM) from None
    return epochs.course


def arrange(module: pl.LightningModule, plan: TrainingPlan) -> None:
    """Lay the weights out in memory as the plan says, and have the network compiled if it does."""
    network: Any = module.network
    layout = torch.channels_last if plan.channels_last else torch.contiguous_format
    network.to(memory_format=layout)
    if plan.compile:
        network.compile()


def trainer_of(plan: TrainingPlan, machine: Machine, callbacks: list[pl.Callback]) -> pl.Trainer:
    """Give the trainer of a plan on this machine."""
    return pl.Trainer(
        accelerator=machine.accelerator,
        devices=machine.devices,
        strategy="ddp" if machine.devices > 1 else "auto",
        precision=plan.precision,
        max_epochs=plan.epochs,
        callbacks=callbacks,
        deterministic=machine.accelerator == "cpu",
        benchmark=machine.accelerator == "gpu",
        use_distributed_sampler=False,  # ours give each process its part
        num_sanity_val_steps=0,  # else validation would begin before any epoch has
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Lightning's advice to itself; what goes wrong is raised."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PossibleUserWarning)
            # torch 2.15 deprecates what Lightning 2.6 does; nothing that we could do otherwise.
            warnings.filterwarnings("ignore", r".*isinstance\(treespec, LeafSpec\)", FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
