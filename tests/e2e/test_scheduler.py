"""The same bytes from one process, two, and a running scheduler; and from rows in any order."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext

import numpy as np
import psutil
import pytest
from distributed import LocalCluster

from gazescribe.pipeline.core import parallel
from gazescribe.pipeline.core.shards import open_shards
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.maps import heatmaps
from gazescribe.pipeline.windows import parts
from tests.running import gazescribe
from tests.synthetic import fixation, mention, reading, write_tables

TEXT = "edema seen . mass there . clear ."
READINGS_A_TASK = 32
MAPS_A_SHARD = 8
N_READINGS = 2 * READINGS_A_TASK + 1
SAID = (("seen", "pulmonary edema"), ("there", "mass"), ("clear", "pneumothorax"))


@pytest.fixture(scope="module", autouse=True)
def small_tasks():
    """Several tasks and shards of few readings, and the last not full."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "READINGS_A_TASK", READINGS_A_TASK)
        patch.setattr(heatmaps, "ROWS_A_SHARD", MAPS_A_SHARD)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    draw = random.Random(0)  # noqa: S311  (gaze, no secret)
    folder = tmp_path_factory.mktemp("scheduler")
    ids = [f"P{number:03d}R000000" for number in range(N_READINGS)]
    write_tables(
        folder / "tables",
        readings=[reading(one, TEXT, phase=3, split="train") for one in ids],
        fixations=[
            fixation(
                *(number, number * 0.5, number * 0.5 + 0.4),
                reading_id=one,
                x_px=draw.uniform(-10, 110),
                y_px=draw.uniform(-10, 90),
            )
            for one in ids
            for number in range(draw.randrange(16))
        ],
    )
    told = [json.dumps(mention(TEXT, *said, report_id=one)) for one in ids for said in SAID]
    (folder / "mentions.jsonl").write_text("\n".join(told))
    draw.shuffle(told)
    (folder / "shuffled.jsonl").write_text("\n".join(told))
    return folder


def build(folder, out, *options, mentions="mentions.jsonl"):
    """Bytes of all that the two stages write."""
    gazescribe("associate", folder / "tables", folder / mentions, out / "associated", *options)
    gazescribe(
        *("heatmaps", folder / "tables", out / "associated", out / "maps", "--size", 24, *options)
    )
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def alone(folder):
    return build(folder, folder / "alone", "--workers", 1)


def test_there_is_something_to_share(folder, alone):
    assert len(alone) > 10
    shards = open_shards(folder / "alone" / "maps")
    assert len(shards) > 40
    assert len(shards) % MAPS_A_SHARD
    assert len(set(shards.index["shard"].to_pylist())) >= 6
    windows = read_table(folder / "alone" / "associated", "windows").to_pandas()
    gaussians = read_table(folder / "alone" / "associated", "gaussians").to_pandas()
    for number in (0, MAPS_A_SHARD - 1, MAPS_A_SHARD, len(shards) - 1):
        row = shards.index.slice(number, 1).to_pylist()[0]
        mentioned = windows["labels"].map(lambda labels, label=row["label"]: label in labels)
        own = windows[mentioned & windows["reading_id"].eq(row["reading_id"])]
        drawn = gaussians[
            gaussians["reading_id"].eq(row["reading_id"]) & gaussians["window"].isin(own["window"])
        ]
        assert len(drawn)
        np.testing.assert_allclose(shards[number], render(drawn, (80, 100), (24, 24)), atol=5e-4)
    statuses = read_table(folder / "alone" / "associated", "windows")["status"].to_pylist()
    assert {"ok", "empty"} <= set(statuses)


def test_two_workers(folder, alone, monkeypatch):
    """Both stages share those of one start, which takes seconds."""
    with parallel._local_cluster(2) as started:
        monkeypatch.setattr(parallel, "_local_cluster", lambda _: nullcontext(started))
        assert build(folder, folder / "two", "--workers", 2) == alone


def test_shuffled_mentions(folder, alone):
    assert build(folder, folder / "s", "--workers", 1, mentions="shuffled.jsonl") == alone


@pytest.fixture(scope="module")
def cluster():
    """Two workers; one that is killed is started anew."""
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


def test_running_scheduler_that_works_elsewhere(folder, alone, cluster, monkeypatch):
    """Its workers have another working folder: what we name must not hang on ours."""
    monkeypatch.chdir(folder)
    here = type(folder)()
    address = cluster.scheduler_address
    assert build(here, here / "cluster", "--scheduler", address) == alone


@pytest.mark.usefixtures("alone")
def test_a_worker_killed_half_way_changes_nothing(folder, cluster):
    """Killed once the first shard lies there, while others are drawn."""
    tables, associated = folder / "tables", folder / "alone" / "associated"
    drawing = ("heatmaps", tables, associated)
    size = ("--size", 320)
    gazescribe(*drawing, folder / "calm", *size, "--workers", 1)
    out, killed = folder / "killed", []

    def kill_one():
        while not list(out.with_name(".killed.partial").glob("*.npy")):
            time.sleep(0.01)
        nanny = next(iter(cluster.workers.values()))
        os.kill(nanny.pid, signal.SIGKILL)
        killed.append((out / "index.parquet").exists())

    killer = threading.Thread(target=kill_one)
    killer.start()
    gazescribe(*drawing, out, *size, "--scheduler", cluster.scheduler_address)
    killer.join()
    assert killed == [False], "the worker was killed too late to matter"
    whole = {path.name: path.read_bytes() for path in (folder / "calm").iterdir()}
    assert len(whole) > 5
    assert {path.name: path.read_bytes() for path in out.iterdir()} == whole


@pytest.mark.usefixtures("alone")
def test_ctrl_c_ends_all_processes_with_one_line(folder):
    """The terminal sends it to all of them; none goes on, none says more."""
    out = folder / "interrupted"
    code = "from gazescribe.pipeline.maps import heatmaps; heatmaps.ROWS_A_SHARD = 1; "
    # Where tests run in the background of a shell, they ignore it, and what they start would, too.
    code += "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += "from gazescribe.pipeline.commands.cli import main; main()"
    heatmaps = ("heatmaps", folder / "tables", folder / "alone" / "associated", out)
    started = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, heatmaps), "--size", "3072", "--workers", "2"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not list(out.with_name(".interrupted.partial").glob("*.npy")):
        assert started.poll() is None
        time.sleep(0.01)
    os.killpg(started.pid, signal.SIGSTOP)  # so that it does not end while we count
    workers = psutil.Process(started.pid).children(recursive=True)
    assert len(workers) >= 2
    assert not out.exists(), "it ended too soon to be stopped"
    os.killpg(started.pid, signal.SIGINT)
    os.killpg(started.pid, signal.SIGCONT)
    _, told = started.communicate(timeout=120)
    assert (started.returncode, told) == (130, "stopped.\n")
    assert psutil.wait_procs(workers, timeout=60)[1] == []
    assert not out.exists()
    assert not out.with_name(".interrupted.partial").exists()
