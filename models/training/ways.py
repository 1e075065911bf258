"""Ways of computing the same training, tried for a few steps each on the machine at hand.

A way is a precision, an order of the tensors in memory, whether the network is compiled, and
whether what a frozen encoder gives of each image is kept. All take the same batches from the same
weights, by the trainer that trains, and drop nothing out. Told is what a step takes, and how far
the loss of the first lies from that in float32, contiguous.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from torch import nn

from gazescribe.models.core.device import Machine, finished
from gazescribe.models.training.epochs import seed_all
from gazescribe.models.training.fitting import Job, arrange, quiet, trainer_of
from gazescribe.models.training.memory import free_bytes
from gazescribe.models.training.sampling import epoch_seed
from gazescribe.pipeline.core.errors import GazeError

N_STEPS, MOST_STEPS, LEAST_S = 4, 20, 1.0
"""Of each way; the first, in which libraries set themselves up, counts apart. Short steps are more,
until they have taken a second."""
LARGEST_DIFFERENCE = 0.05
"""Share of the loss; a way that lies farther from float32 is not chosen."""
LEAST_GAIN = 0.05
"""Share of the time; the way of CONFIG is left only for one that saves as much."""
MOST_MEMORY = 0.5
"""Share of the memory that is free; features that would take more are not kept."""
COMPILED_FROM_S = 3600
"""Time of a whole training from which the minutes of a compilation can pay."""


@dataclass(frozen=True)
class Way:
    """A way of computing; the first three names are those of the settings of a run."""

    precision: Literal["32", "16-mixed", "bf16-mixed"]
    channels_last: bool
    compile: bool
    keeps: bool = False

    def __str__(self) -> str:
        order = "channels last" if self.channels_last else "contiguous"
        more = f"{', compiled' if self.compile else ''}{', features kept' if self.keeps else ''}"
        return f"{self.precision}, {order}{more}"

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a run that is trained so."""
        return plan_of(self) | ({"cache_features": "all"} if self.keeps else {})


def plan_of(way: Way) -> dict[str, Any]:
    """Give what a `TrainingPlan` says of a way."""
    return {name: getattr(way, name) for name in ("precision", "channels_last", "compile")}


PLAIN = Way("32", channels_last=False, compile=False)


@dataclass(frozen=True)
class Trial:
    """What came of a way.

    Attributes
    ----------
    first_s, step_s : float
        The first step, with compilation; the median of the others.
    difference : float, optional
        Of the first loss from that of `PLAIN`, as a share of it; None where that gave none.
    extra_s : float
        What all steps of the first epoch take more than those of the others.
    kept_bytes : int
        Of main memory, for features that are kept.
    fault : str, optional
        Why it cannot be used; there are no figures then.
    """

    way: Way
    first_s: float = math.nan
    step_s: float = math.nan
    loss: float = math.nan
    difference: float | None = None
    fault: str | None = None
    extra_s: float = 0.0
    kept_bytes: int = 0

    def training_s(self, n_steps: int) -> float:
        """Time that so many steps take, compilation included."""
        # The first step of others tells more about the machine than about the way.
        compiled_s = self.first_s if self.way.compile else 0
        return n_steps * self.step_s + compiled_s + self.extra_s

    @property
    def is_sound(self) -> bool:
        """Whether a network may be trained so."""
        differs = self.difference is not None and not self.difference <= LARGEST_DIFFERENCE
        return self.fault is None and not differs


class _EnoughSteps(Exception):  # noqa: N818  no error: the only way out of Lightning's loop half-way
    """Raised when a way has been tried."""


class _StepTimes(pl.Callback):
    def __init__(self, seed: int, n_batches: int) -> None:
        self._seed = seed
        self._n_batches = n_batches
        self.seconds: list[float] = []
        self.loss = math.nan

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002  Lightning's signature
        seed_all(epoch_seed(self._seed, 0))
        self._since = finished(pl_module.device)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,  # noqa: ARG002  Lightning's signature
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        now = finished(pl_module.device)
        if not self.seconds:
            self.loss = float(outputs["loss"])
        self.seconds.append(now - self._since)
        self._since = now
        n_steps, taken_s = len(self.seconds), sum(self.seconds[1:])
        is_long = n_steps >= N_STEPS and (taken_s >= LEAST_S or n_steps == MOST_STEPS)
        if is_long or n_steps == self._n_batches:
            raise _EnoughSteps


def ways_of(machine: Machine) -> list[Way]:
    """List the ways that make sense on a machine, without compilation; contiguous ones first.

    16-bit arithmetic is listed where the processor, or the GPU, has it.
    """
    if machine.accelerator == "gpu":
        halves = [
            "16-mixed",
            *["bf16-mixed"] * torch.cuda.is_bf16_supported(including_emulation=False),
        ]
    else:
        halves = ["bf16-mixed"] * has_bfloat16()
    # Contiguous ones first: weights of 1 x 1 kernels keep the order they had once.
    return [
        Way(precision, channels_last, compile=False)  # type: ignore[arg-type]  # one of the three
        for channels_last in (False, True)
        for precision in ("32", *halves)
    ]


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16; others emulate it, slowly."""
    cpu: Any = torch.cpu  # what it tells about processors has no public name yet
    return bool(cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported())  # noqa: SLF001


def try_ways(job: Job, machine: Machine, *, own: Way, compiles: bool) -> list[Trial]:
    """Try ways on a job, in the order of `ways_of`.

    `own` is the way of CONFIG. With `compiles` the fastest is also tried compiled, if the whole
    training takes so long that it can pay. The weights are as before when this ends; the job must
    not be trained afterwards. Raises GazeError if no way works.
    """
    _leave_out_dropout(job.module)
    start = {name: value.clone() for name, value in job.module.state_dict().items()}
    trials: list[Trial] = []

    def add(way: Way) -> None:
        trial = _try(job, way, start, machine)
        reference = trials[0].loss if trials else trial.loss
        trials.append(_compared(trial, reference))

    for way in ways_of(machine):
        add(way)
    if not any(trial.is_sound for trial in trials):
        faults = [f"{trial.way}: {trial.fault}" for trial in trials]
        raise GazeError(f"{job.plan.name} cannot be trained here in any way.", faults=faults)
    n_steps = steps_of(job)
    fastest = choose(trials, own, n_steps)
    if compiles and fastest.training_s(n_steps) >= COMPILED_FROM_S:
        add(dataclasses.replace(fastest.way, compile=True))
        torch.compiler.reset()
    return trials


def try_keeping(job: Job, machine: Machine, way: Way, reference: float) -> Trial:
    """Try a way on a job whose module keeps what its frozen encoder gives of each image.

    The same steps are gone through twice: an epoch meets each image first, the others know it.
    `reference` is the first loss of `PLAIN`. The job must not be trained afterwards.
    """
    _leave_out_dropout(job.module)
    start = {name: value.clone() for name, value in job.module.state_dict().items()}
    way = dataclasses.replace(way, keeps=True)
    meets, knows = (_try(job, way, start, machine, N_STEPS) for _ in range(2))
    if knows.fault is not None:
        return knows
    features: Any = job.module.kept
    datasets: Any = (job.train.dataset, job.validate.dataset)
    n_images = sum(map(len, datasets))
    trial = dataclasses.replace(
        knows,
        first_s=meets.first_s,
        loss=meets.loss,
        extra_s=len(job.train) * max(meets.step_s - knows.step_s, 0.0),
        kept_bytes=features.bytes_of(n_images),
    )
    free = free_bytes()
    if free is not None and trial.kept_bytes > MOST_MEMORY * free:
        needs = f"{trial.kept_bytes / 1e9:.1f} GB of the {free / 1e9:.1f} GB that are free"
        return Trial(way, fault=f"it would keep {needs}")
    return _compared(trial, reference)


def steps_of(job: Job) -> int:
    """Count the steps of a whole training, if nothing stops it early."""
    return job.plan.epochs * len(job.train)


def choose(trials: Sequence[Trial], own: Way, n_steps: int) -> Trial:
    """Choose the sound way in which so many steps take the least time.

    That of CONFIG stays where no other saves `LEAST_GAIN`.
    """
    sound = [trial for trial in trials if trial.is_sound]
    fastest = min(sound, key=lambda trial: trial.training_s(n_steps))
    for trial in sound:
        gain = 1 - fastest.training_s(n_steps) / trial.training_s(n_steps)
        if trial.way == own and gain < LEAST_GAIN:
            return trial
    return fastest


def _try(
    job: Job, way: Way, start: dict[str, torch.Tensor], machine: Machine, most: int = MOST_STEPS
) -> Trial:
    job.module.load_state_dict(start)
    plan = dataclasses.replace(job.plan, **plan_of(way))
    arrange(job.module, plan)
    times = _StepTimes(plan.seed, min(len(job.train), most))
    try:
        with quiet():
            trainer_of(plan, machine, [times]).fit(job.module, job.train, job.validate)
    except _EnoughSteps:
        first_s, *others = times.seconds
        return Trial(way, first_s, median(others or times.seconds), times.loss)
    except RuntimeError as fault:  # no memory left, or no compiler: other ways can do without
        return Trial(way, fault=str(fault).splitlines()[0])
    raise AssertionError("an epoch has as many batches as its loader says")


def _leave_out_dropout(module: nn.Module) -> None:
    """Drop nothing: in another order of memory, or compiled, other units would be dropped."""
    for part in module.modules():
        if isinstance(part, nn.Dropout | nn.Dropout2d):
            part.p = 0.0


def _compared(trial: Trial, reference: float) -> Trial:
    if math.isnan(reference):
        return trial
    difference = abs(trial.loss - reference) / max(abs(reference), 1e-12)
    return dataclasses.replace(trial, difference=difference)
