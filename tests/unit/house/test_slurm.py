"""`runs/slurm.sh` with stand-ins for `sbatch` and `gazescribe`: which runs come, in which order.

And `runs/slurm_workers.py`, which has workers of its own.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

SCRIPT = ROOT / "runs" / "slurm.sh"
SBATCH = """#!/usr/bin/env python3
import os, subprocess, sys
from pathlib import Path
log = Path(os.environ["LOG"])
number = 100 + log.read_text().count("sbatch")
options = [word for word in sys.argv[1:] if word.startswith("--")]
print("sbatch", *options, file=log.open("a"))
(array,) = (word[8:] for word in options if word.startswith("--array="))
for task in array.split(","):
    command = [word for word in sys.argv[1:] if not word.startswith("--")]
    subprocess.run(command, env={**os.environ, "SLURM_ARRAY_TASK_ID": task})
print(f"{number};cluster")
"""
GAZESCRIBE = """#!/usr/bin/env bash
echo "$@" >> "$LOG"
[ "$1 ${@: -1}" != "train $FAILING" ]
"""


def runs(*names_and_first):
    return [{"name": name, "init_from": first} for name, first in names_and_first]


@pytest.fixture
def submit(tmp_path):
    """Call the script for some runs; give what the stand-ins were asked for."""
    for name, text in (("sbatch", SBATCH), ("gazescribe", GAZESCRIBE)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "log").touch()

    def call(content, failing="none"):
        (tmp_path / "config.json").write_text(json.dumps({"runs": content}))
        path = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "LOG": str(tmp_path / "log"), "FAILING": failing}
        command = [SCRIPT, "config.json", "out", "scores", "--gres=gpu:1"]
        subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)
        return (tmp_path / "log").read_text().splitlines()

    return call


def test_a_task_for_each_run_trains_and_scores_it(submit):
    asked = submit([{"name": "et-seed0"}, {"name": "et-seed1"}])  # of the network without chains
    assert asked[0].startswith("sbatch --parsable --array=0,1 ")
    assert "--gres=gpu:1" in asked[0]
    assert asked[1:] == [
        "train config.json out --run 0",
        "evaluate config.json out scores --run 0",
        "train config.json out --run 1",
        "evaluate config.json out scores --run 1",
    ]


def test_runs_wait_for_those_they_start_from(submit):
    chain = runs(("a-seed0", None), ("c-seed0", "b-seed0"), ("b-seed0", "a-seed0"), ("d", None))
    arrays = [line for line in submit(chain) if line.startswith("sbatch")]
    assert [line.split("--array=")[1].split()[0] for line in arrays] == ["0,3", "2", "1"]
    waits = [line.partition("--dependency=")[2].partition(" ")[0] for line in arrays]
    assert waits == ["", "afterany:100", "afterany:101"]


def test_a_run_that_fails_is_not_scored_and_stops_no_other(submit):
    asked = submit(runs(("a-seed0", None), ("b-seed0", None)), failing="0")
    assert [line for line in asked if line.startswith("evaluate")] == [
        "evaluate config.json out scores --run 1"
    ]


QUEUE = """#!/usr/bin/env bash
cp "$1" job.sh
setsid bash job.sh > job.log 2>&1 < /dev/null &
echo "Submitted batch job 4711"
"""


def test_a_command_with_workers_of_slurm(tmp_path):
    """A stand-in for `sbatch` runs the job that dask-jobqueue wrote: the worker comes and works."""
    pytest.importorskip("dask_jobqueue")
    for name, text in (("sbatch", QUEUE), ("scancel", '#!/usr/bin/env bash\necho "$1" > ended\n')):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "reports.csv").write_text("report_id,text\nR1,No edema. Mass.\n")
    command = ["label", "reports.csv", "mentions.csv"]
    words = ["1", "01:00:00", "--partition=batch", "--", *command]
    subprocess.run(
        [sys.executable, ROOT / "runs" / "slurm_workers.py", *words],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "mentions.csv").read_text().count(",negative,") == 1
    job = (tmp_path / "job.sh").read_text()
    assert "#SBATCH --partition=batch\n" in job
    assert "#SBATCH -t 01:00:00\n" in job
    assert " tls://" in job
    assert (tmp_path / "ended").read_text() == "4711\n"
    assert list(tmp_path.glob(".dask*")) == [], "certificates are gone"
