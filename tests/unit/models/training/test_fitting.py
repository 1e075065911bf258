import math
import os
import signal
import warnings
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

from gazescribe.models.core.device import Machine
from gazescribe.models.training.epochs import TrainingPlan, seed_all
from gazescribe.models.training.fitting import Job, fit
from gazescribe.models.training.sampling import EpochSampler
from gazescribe.pipeline.core.errors import GazeError, WriteError
from tests.unit.models.small_network import Items, N, Small

CPU = Machine("cpu")


def job_of(module, *, epochs=4, **plan):
    plan = TrainingPlan(name="small-seed3", seed=3, epochs=epochs, monitor="val_score", **plan)
    train = DataLoader(Items(), batch_size=6, sampler=EpochSampler(N, 6, seed=3), drop_last=True)
    return Job(module, train, DataLoader(Items(), batch_size=6), plan, ["one"], {}, {})


def run(path, *, epochs=4, plan=None, **module):
    seed_all(3)
    small = Small(**module)
    return fit(job_of(small, epochs=epochs, **(plan or {})), resume=path, machine=CPU), small


def same(one, other):
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]


def test_it_learns(tmp_path):
    course, _ = run(tmp_path / "epoch.pt", epochs=6, plan={"mode": "min"})
    assert [row["epoch"] for row in course.rows] == list(range(6))
    assert course.rows[-1]["train_loss"] < course.rows[0]["train_loss"]
    assert course.best_score == min(row["val_score"] for row in course.rows)
    assert course.n_images == 6 * N
    assert course.seconds >= course.train_s > 0
    assert course.summary["images_a_second"] > 0


@pytest.mark.parametrize("scheduler", [False, True], ids=["constant", "scheduler"])
@pytest.mark.parametrize("step", [0, 2])
def test_a_killed_run_goes_on_as_if_nothing_had_been(tmp_path, step, scheduler):
    whole, module = run(tmp_path / "whole.pt", scheduler=scheduler)
    path = tmp_path / "killed.pt"
    with pytest.raises(RuntimeError, match="killed"):
        run(path, fail_at=(2, step), scheduler=scheduler)
    assert path.is_file()
    resumed, other = run(path, scheduler=scheduler)
    assert other.steps == 2 * N // 6, "epochs 2 and 3 alone"
    assert resumed.rows == whole.rows
    assert (resumed.best_epoch, resumed.best_score) == (whole.best_epoch, whole.best_score)
    assert same(whole.best_weights, resumed.best_weights) == []
    assert same(module.state_dict(), other.state_dict()) == []
    assert any("running_mean" in name for name in module.state_dict())
    kept, found = (one.trainer.optimizers[0].state_dict() for one in (module, other))
    assert kept["param_groups"] == found["param_groups"]
    assert len(kept["state"]) == 7
    for number, state in kept["state"].items():
        assert set(state) == {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}
        assert same(state, found["state"][number]) == []


def test_a_run_killed_in_its_first_epoch_starts_anew(tmp_path):
    whole, _ = run(tmp_path / "whole.pt", epochs=2)
    with pytest.raises(RuntimeError, match="killed"):
        run(tmp_path / "killed.pt", epochs=2, fail_at=(0, 1))
    assert not (tmp_path / "killed.pt").exists()
    resumed, _ = run(tmp_path / "killed.pt", epochs=2)
    assert same(whole.best_weights, resumed.best_weights) == []


def test_a_run_told_to_stop_says_that_it_is_not_done_and_goes_on(tmp_path, monkeypatch):
    whole, _ = run(tmp_path / "whole.pt")
    loss = Small._loss

    def stopped(self, batch):
        if self.steps == 2 * N // 6 + 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return loss(self, batch)

    monkeypatch.setattr(Small, "_loss", stopped)
    path = tmp_path / "stopped.pt"
    with pytest.raises(SystemExit) as stop:
        run(path)
    assert stop.value.code == 143
    monkeypatch.undo()
    resumed, other = run(path)
    assert other.steps == 2 * N // 6, "epochs 2 and 3 alone"
    assert same(whole.best_weights, resumed.best_weights) == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"nothing", id="bytes"),
        pytest.param(b"", id="empty"),
        pytest.param({"module": {}}, id="another network"),
    ],
)
def test_a_state_that_does_not_fit(tmp_path, content):
    path = tmp_path / "epoch.pt"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(GazeError, match=r"killed run of small-seed3 does not fit .*Delete it"):
        run(path)


def test_a_state_that_was_cut_short(tmp_path):
    path = tmp_path / "epoch.pt"
    with pytest.raises(RuntimeError, match="killed"):
        run(path, fail_at=(2, 0))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(GazeError, match=r"killed run of small-seed3 does not fit .*Delete it"):
        run(path)


def test_a_state_with_weights_that_are_no_numbers(tmp_path):
    path = tmp_path / "epoch.pt"
    with pytest.raises(RuntimeError, match="killed"):
        run(path, fail_at=(2, 0))
    state = torch.load(path, weights_only=True)
    state["module"]["network.4.bias"][:] = math.nan
    torch.save(state, path)
    with pytest.raises(GazeError, match=r"has weights that are not finite.*Delete it") as raised:
        run(path)
    assert raised.value.faults == ("network.4.bias: 1 of 1",)


def test_the_seed_decides(tmp_path):
    one, _ = run(tmp_path / "one.pt", epochs=1)
    again, _ = run(tmp_path / "again.pt", epochs=1)
    assert same(one.best_weights, again.best_weights) == []
    seed_all(3)
    job = job_of(Small(), epochs=1)
    object.__setattr__(job, "plan", TrainingPlan("small-seed4", 4, 1, "val_score"))
    other = fit(job, resume=tmp_path / "other.pt", machine=CPU)
    assert same(one.best_weights, other.best_weights)


@pytest.mark.parametrize(
    ("mode", "scores", "best"),
    [
        pytest.param("max", (0.5, 0.9, 0.9, 0.7), 2, id="the later of equals"),
        pytest.param("min", (0.5, 0.9, 0.4, 0.7), 2, id="loss"),
        pytest.param("max", (0.9, 0.8, 0.7, 0.6), 0, id="the first"),
        pytest.param("min", (math.nan, 0.5, math.nan, 0.7), 1, id="a number before none"),
    ],
)
def test_best_epoch(tmp_path, mode, scores, best):
    course, module = run(tmp_path / "epoch.pt", plan={"mode": mode}, scores=scores)
    assert (course.best_epoch, course.best_score) == (best, pytest.approx(scores[best]))
    differ = same(course.best_weights, module.network.state_dict())
    assert bool(differ) == (best < 3), "best weights, not last"


def test_patience(tmp_path):
    scores = (0.5, 0.9, 0.8, 0.8, 0.95, 1.0)
    course, _ = run(tmp_path / "epoch.pt", epochs=6, plan={"patience": 2}, scores=scores)
    assert [row["epoch"] for row in course.rows] == [0, 1, 2, 3]
    assert course.best_epoch == 1


@pytest.mark.parametrize("mode", ["max", "min"])
def test_patience_ends_where_scores_stand_still(tmp_path, mode):
    plan = {"patience": 3, "mode": mode}
    course, _ = run(tmp_path / "epoch.pt", epochs=9, plan=plan, scores=(0.5,) * 9)
    assert len(course.rows) == 4
    assert course.best_epoch == 3, "of equals the last"


def test_a_killed_run_has_as_much_patience_left(tmp_path):
    scores = (0.4, 0.5, 0.5, 0.4, 0.5, 0.3, 0.3)
    settings = {"epochs": 7, "plan": {"patience": 3}, "scores": scores}
    whole, _ = run(tmp_path / "whole.pt", **settings)
    with pytest.raises(RuntimeError, match="killed"):
        run(tmp_path / "killed.pt", fail_at=(3, 1), **settings)
    resumed, _ = run(tmp_path / "killed.pt", **settings)
    assert resumed.rows == whole.rows
    assert len(whole.rows) == 5
    assert (resumed.best_epoch, whole.best_epoch) == (4, 4)
    assert same(whole.best_weights, resumed.best_weights) == []


def test_a_run_without_a_number_has_no_patience_for_ever(tmp_path):
    scores = (math.nan,) * 9
    course, _ = run(tmp_path / "epoch.pt", epochs=9, plan={"patience": 2}, scores=scores)
    assert len(course.rows) == 3


def test_a_loss_that_is_no_number(tmp_path):
    with pytest.raises(GazeError, match=r"small-seed3 is not a number in epoch 1 .*Lower lr"):
        run(tmp_path / "epoch.pt", nan_at=(1, 2))


def test_a_loss_that_is_no_number_is_named_by_its_batch(tmp_path):
    with pytest.raises(GazeError, match=r"small-seed3 is not a number in epoch 0 \(batch 2\)"):
        run(tmp_path / "epoch.pt", nan_at=(0, 2))


def test_weights_that_the_last_step_spoils(tmp_path, monkeypatch):
    step = torch.optim.Adam.step

    def spoilt(self, closure=None):
        loss = step(self, closure)
        weight = self.param_groups[0]["params"][0]
        if self.state[weight]["step"] == N // 6:  # the last of an epoch: no loss comes after it
            weight.data.fill_(math.inf)
        return loss

    monkeypatch.setattr(torch.optim.Adam, "step", spoilt)
    with pytest.raises(GazeError, match=r"not finite after epoch 0 \(batch 3\)") as raised:
        run(tmp_path / "epoch.pt", epochs=1)
    assert [fault.split(":")[0] for fault in raised.value.faults] == ["weight"]


def test_a_score_that_nobody_logs(tmp_path):
    seed_all(3)
    job = job_of(Small())
    object.__setattr__(job, "plan", TrainingPlan("small-seed3", 3, 2, "val_auc"))
    with pytest.raises(GazeError, match=r"val_auc is not among .*: train_loss, val_score"):
        fit(job, resume=tmp_path / "epoch.pt", machine=CPU)


def test_lightning_leaves_nothing_behind(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(tmp_path / "state" / "epoch.pt", epochs=2)
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    lines = "".join(capfd.readouterr()).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["small-seed3", "epoch 1/2"],
        ["small-seed3", "epoch 2/2"],
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_is_said(tmp_path):
    (tmp_path / ".epoch.pt.tmp").symlink_to("/dev/full")
    with pytest.raises(WriteError, match="the disk is full"):
        fit(job_of(Small(), epochs=2), resume=tmp_path / "epoch.pt", machine=CPU)


def test_dvclive(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seed_all(3)
    job = job_of(Small(), epochs=2)
    fit(job, resume=tmp_path / "epoch.pt", machine=CPU, live=tmp_path / "live")
    metric = (tmp_path / "live/plots/metrics/val_score.tsv").read_text().splitlines()
    assert len(metric) == 3
    assert not (tmp_path / "dvc.yaml").exists()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("precision", ["32", "16-mixed", "bf16-mixed"])
def test_gpu(tmp_path, precision):
    seed_all(3)
    plan = {"precision": precision, "channels_last": True, "compile": True}
    job = job_of(Small(), epochs=2, **plan)
    course = fit(job, resume=tmp_path / "epoch.pt", machine=Machine("gpu"))
    assert len(course.rows) == 2
    assert all(value.device.type == "cpu" for value in course.best_weights.values())
