"""What people see of a run while it trains: a bar, or a line an epoch, or DVCLive's curves."""

# ruff: noqa: ARG002  Lightning gives every hook all of these

import sys
import time
from pathlib import Path
from typing import Any

import click
import pytorch_lightning as pl

from gazescribe.models.core.device import Machine
from gazescribe.models.training.epochs import EpochEnd, TrainingPlan
from gazescribe.models.training.memory import peak_mib

Module = pl.LightningModule


class EpochBar(pl.Callback):
    """A bar over all epochs of a run, by its name, that goes when the run ends."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._bar: Any = None

    def on_train_start(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Show the bar, unless nobody looks."""
        if not (sys.stderr.isatty() and trainer.is_global_zero):
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            TextColumn("{task.fields[rate]:.1f} images/s"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=Console(stderr=True),
            transient=True,
        )
        steps = int(trainer.num_training_batches)
        self._task = self._bar.add_task(
            self._name,
            total=steps * (trainer.max_epochs or 0),
            completed=steps * trainer.current_epoch,
            epoch=trainer.current_epoch + 1,
            epochs=trainer.max_epochs,
            rate=0.0,
        )
        self._bar.start()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Start the clock of the epoch."""
        self._begin, self._images = time.monotonic(), 0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Module, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move on by a step."""
        if self._bar is None:
            return
        self._images += len(batch["image"]) * trainer.world_size
        rate = self._images / (time.monotonic() - self._begin)
        epoch = trainer.current_epoch + 1
        self._bar.update(self._task, advance=1, epoch=epoch, rate=rate)

    def on_train_end(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: Module, exception: BaseException
    ) -> None:
        """Take the bar away; what went wrong is said after it."""
        self.on_train_end(trainer, pl_module)


class EpochLines(pl.Callback):
    """A line on stderr after each epoch, where there is no terminal for a bar: what logs keep."""

    def __init__(self, plan: TrainingPlan, epochs: EpochEnd, machine: Machine) -> None:
        self._plan = plan
        self._epochs = epochs
        self._machine = machine

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Note what earlier epochs took."""
        course = self._epochs.course
        self._images_before, self._seconds_before = course.n_images, course.train_s

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Say how the epoch went, how long the rest will take, and the memory taken so far."""
        if sys.stderr.isatty() or not trainer.is_global_zero:
            return
        course, plan = self._epochs.course, self._plan
        row, n_done = course.rows[-1], len(course.rows)
        shown = dict.fromkeys([*(name for name in row if name.endswith("loss")), plan.monitor])
        parts = [f"{name} {row[name]:.4g}" for name in shown]
        images = course.n_images - self._images_before
        parts.append(f"{images / (course.train_s - self._seconds_before):.1f} images/s")
        left_s = course.seconds / n_done * (plan.epochs - n_done)
        left = f"{left_s / 3600:.1f} h" if left_s >= 3600 else f"{left_s / 60:.0f} min"
        parts.append(f"{'at most ' if plan.patience is not None else ''}{left} left")
        if (peak := peak_mib(self._machine.accelerator)) is not None:
            parts.append(f"{peak / 2**10:.1f} GiB")
        click.echo(f"{plan.name}: epoch {n_done}/{plan.epochs}: {', '.join(parts)}", err=True)


class LiveLog(pl.Callback):
    """Log each epoch with DVCLive to a folder; it writes neither dvc.yaml nor experiments."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    def on_train_start(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Begin, or go on after a killed run."""
        from dvclive.live import Live

        resume = trainer.current_epoch > 0
        self._live: Any = Live(
            self._folder, dvcyaml=None, save_dvc_exp=False, report=None, resume=resume
        )

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Log what the module logged."""
        self._live.step = trainer.current_epoch
        for name, value in trainer.callback_metrics.items():
            self._live.log_metric(name, float(value))
        self._live.make_summary()

    def on_train_end(self, trainer: pl.Trainer, pl_module: Module) -> None:
        """Close its files."""
        self._live.end()
