import dataclasses
import math
from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
import torch

from gazescribe.models.core.device import Machine
from gazescribe.models.training import ways
from gazescribe.models.training.epochs import seed_all
from gazescribe.models.training.fitting import fit
from gazescribe.models.training.ways import (
    PLAIN,
    Trial,
    Way,
    choose,
    try_keeping,
    try_ways,
    ways_of,
)
from gazescribe.pipeline.core.errors import GazeError
from tests.unit.models.small_network import Small
from tests.unit.models.training.test_fitting import job_of

CPU = Machine("cpu")
HALF = Way("bf16-mixed", channels_last=False, compile=False)


def small_job(**module):
    seed_all(3)
    return job_of(Small(**module))


def test_each_way_is_told_beside_float32_on_the_same_batch(tmp_path, monkeypatch):
    monkeypatch.setattr(ways, "has_bfloat16", lambda: True)
    trials = try_ways(small_job(), CPU, own=PLAIN, compiles=True)
    assert [trial.way for trial in trials] == ways_of(CPU)
    assert len(trials) == 4
    plain, half, ordered, _ = trials
    assert plain.difference == 0
    assert ordered.difference < 1e-5 < half.difference < 0.05
    assert all(trial.first_s > 0 and trial.step_s > 0 for trial in trials)

    class FirstLoss(pl.Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):  # noqa: ARG002
            losses.append(float(outputs["loss"]))

    losses = []
    job = small_job()
    job.module.network[2].p = 0.0  # dropout draws by the order of memory
    with ways.quiet():
        ways.trainer_of(job.plan, CPU, [_seeded(), FirstLoss()]).fit(job.module, job.train)
    assert plain.loss == losses[0]


class Keeping(Small):
    """Keeps something of each image that it meets, which takes a while the first time."""

    def __init__(self):
        super().__init__()
        self.met = set()
        self.seconds = 0.0
        self.kept = SimpleNamespace(bytes_of=lambda n_images: n_images * 1000)
        self.meetings = []

    def training_step(self, batch, batch_idx):
        numbers = batch["image"].flatten(1).sum(dim=1).tolist()
        self.meetings.append(len({*numbers} - self.met))
        self.seconds += 1.0 if self.meetings[-1] else 0.1
        self.met.update(numbers)
        return super().training_step(batch, batch_idx)


def test_what_is_kept_is_met_once_and_known_then(monkeypatch):
    seed_all(3)
    job = job_of(Keeping())
    monkeypatch.setattr(ways, "finished", lambda _: job.module.seconds)
    trial = try_keeping(job, CPU, HALF, 0.5)
    assert trial.way == dataclasses.replace(HALF, keeps=True)
    n_steps = min(len(job.train), ways.N_STEPS)
    assert len(job.module.meetings) == 2 * n_steps
    assert all(job.module.meetings[:n_steps])
    assert not any(job.module.meetings[n_steps:])
    assert (trial.step_s, trial.extra_s) == pytest.approx((0.1, 0.9 * len(job.train)))
    assert trial.kept_bytes == 1000 * (len(job.train.dataset) + len(job.validate.dataset))
    assert trial.difference == pytest.approx(abs(trial.loss - 0.5) / 0.5)
    seed_all(3)
    monkeypatch.setattr(ways, "free_bytes", lambda: 1)
    full = try_keeping(job_of(Keeping()), CPU, HALF, 0.5)
    assert not full.is_sound
    assert full.fault.startswith("it would keep 0.0 GB of the 0.0 GB that are free")


def test_keeping_pays_where_epochs_are_many():
    keeping = dataclasses.replace(PLAIN, keeps=True)
    trials = [Trial(PLAIN, 1.0, 1.0, 0.7, 0.0), Trial(keeping, 1.0, 0.5, 0.7, 0.0, extra_s=10.0)]
    assert choose(trials, PLAIN, 10).way == PLAIN
    assert choose(trials, PLAIN, 100).way == keeping
    assert keeping.settings == {**PLAIN.settings, "cache_features": "all"}


def _seeded():
    return ways._StepTimes(3, n_batches=10**9)


def test_weights_are_the_same_for_all_and_training_is_not_touched(tmp_path, monkeypatch):
    monkeypatch.setattr(ways, "ways_of", lambda machine: [PLAIN] * 3)
    assert len({trial.loss for trial in try_ways(small_job(), CPU, own=PLAIN, compiles=False)}) == 1
    untouched = fit(small_job(), resume=tmp_path / "one.pt", machine=CPU)
    try_ways(small_job(), CPU, own=PLAIN, compiles=False)
    after = fit(small_job(), resume=tmp_path / "other.pt", machine=CPU)
    assert untouched.rows == after.rows


@pytest.mark.parametrize(
    ("n_batches", "least_s", "n_steps"),
    [(3, 9.0, 3), (10**6, 0.0, 4), (10**6, 9.0, 20)],
    ids=["an epoch", "long steps", "short steps"],
)
def test_short_steps_are_more(monkeypatch, n_batches, least_s, n_steps):
    monkeypatch.setattr(ways, "LEAST_S", least_s)
    times = ways._StepTimes(3, n_batches)
    small = Small()
    times.on_train_epoch_start(None, small)
    step = (None, small, {"loss": torch.tensor(0.5)}, None, 0)
    for _ in range(n_steps - 1):
        times.on_train_batch_end(*step)
    with pytest.raises(ways._EnoughSteps):
        times.on_train_batch_end(*step)
    assert times.loss == 0.5


def test_a_rate_that_falls_with_validation_needs_none_here():
    class Plateau(Small):
        def configure_optimizers(self):
            optimizer = torch.optim.Adam(self.parameters())
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
            scheduler = {"scheduler": plateau, "monitor": "val_score"}
            return {"optimizer": optimizer, "lr_scheduler": scheduler}

    trials = try_ways(job_of(Plateau()), CPU, own=PLAIN, compiles=False)
    assert all(trial.fault is None for trial in trials)


def test_a_way_that_does_not_work_is_told(monkeypatch):
    def arrange(module, plan):
        if plan.precision != "32":
            raise RuntimeError("no memory left\nand more")

    real = ways.trainer_of
    monkeypatch.setattr(ways, "has_bfloat16", lambda: True)
    monkeypatch.setattr(
        ways, "trainer_of", lambda plan, *others: (arrange(None, plan), real(plan, *others))[1]
    )
    trials = try_ways(small_job(), CPU, own=HALF, compiles=False)
    assert [trial.fault for trial in trials] == [None, "no memory left"] * 2
    assert choose(trials, HALF, 100).way.precision == "32"
    monkeypatch.setattr(ways, "ways_of", lambda machine: [HALF])
    with pytest.raises(GazeError, match="bf16-mixed, contiguous: no memory left"):
        try_ways(small_job(), CPU, own=HALF, compiles=False)


def test_compilation_is_tried_where_it_can_pay(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: compiled.append(type(self)))
    assert not any(t.way.compile for t in try_ways(small_job(), CPU, own=PLAIN, compiles=True))
    monkeypatch.setattr(ways, "COMPILED_FROM_S", 0)
    assert not any(t.way.compile for t in try_ways(small_job(), CPU, own=PLAIN, compiles=False))
    assert compiled == []
    *_, last = try_ways(small_job(), CPU, own=PLAIN, compiles=True)
    assert last.way.compile
    assert len(compiled) == 1


def timed(way, step_s, *, first_s=0.0, **about):
    return Trial(way, first_s, step_s, loss=1.0, **about)


COMPILED = Way("32", channels_last=True, compile=True)


@pytest.mark.parametrize(
    ("trials", "own", "n_steps", "chosen"),
    [
        pytest.param([timed(PLAIN, 1.0), timed(HALF, 0.5)], PLAIN, 100, HALF, id="fastest"),
        pytest.param([timed(PLAIN, 1.0), timed(HALF, 0.97)], PLAIN, 100, PLAIN, id="little gain"),
        pytest.param([timed(PLAIN, 1.0), timed(HALF, 0.97)], COMPILED, 100, HALF, id="own absent"),
        pytest.param(
            [timed(PLAIN, 1.0), timed(HALF, 0.5, difference=0.06)], PLAIN, 100, PLAIN, id="differs"
        ),
        pytest.param(
            [timed(PLAIN, 1.0), timed(HALF, 0.5, difference=math.nan)], PLAIN, 9, PLAIN, id="nan"
        ),
        pytest.param(
            [timed(PLAIN, 1.0), timed(COMPILED, 0.5, first_s=60)], PLAIN, 100, PLAIN, id="too short"
        ),
        pytest.param(
            [timed(PLAIN, 1.0), timed(COMPILED, 0.5, first_s=60)], PLAIN, 200, COMPILED, id="pays"
        ),
    ],
)
def test_choice(trials, own, n_steps, chosen):
    assert choose(trials, own, n_steps).way == chosen


@pytest.mark.parametrize("supported", [True, False])
def test_a_gpu_is_tried_in_the_precisions_it_has(monkeypatch, supported):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: supported)
    tried = [way.precision for way in ways_of(Machine("gpu"))]
    assert tried == ["32", "16-mixed", *["bf16-mixed"] * supported] * 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_gpu():
    trials = try_ways(small_job(), Machine("gpu"), own=PLAIN, compiles=False)
    assert [trial.way for trial in trials] == ways_of(Machine("gpu"))
    assert all(trial.is_sound for trial in trials)
