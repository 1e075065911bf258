r"""Run a command of gazescribe with workers that SLURM starts, and that end with it.

    python runs/slurm_workers.py 16 04:00:00 --partition=batch -- \
        images data/tables/mimic-cxr-jpg /data/physionet data/images/mil --size mil

First the number of jobs, each of one worker with one core and 4 GB, and how long each may take.
What follows goes to `sbatch`, what follows `--` is the command. Scheduler and command run where
this runs: a node that the others reach. They talk by certificates made for this run, in files of
the working folder that only you may read; all nodes must see that folder, in which the workers'
logs lie, too. Needs dask-jobqueue.
"""

import sys
from pathlib import Path

import dask
from dask_jobqueue import SLURMCluster
from distributed import Security

from gazescribe.pipeline.commands.cli import main

CORES, MEMORY = 1, "4GB"


def run(jobs: int, walltime: str, options: list[str], command: list[str]) -> None:
    """Start the workers, run the command, end the workers."""
    security = Security.temporary()
    ours = {
        "distributed.comm.tls.ca-file": security.tls_ca_file,
        "distributed.comm.tls.client.cert": security.tls_client_cert,
        "distributed.comm.tls.client.key": security.tls_client_key,
        "distributed.scheduler.http.routes": [],  # its pages would show your work to everybody
    }
    with (
        dask.config.set(ours),
        SLURMCluster(
            cores=CORES,
            memory=MEMORY,
            processes=1,
            walltime=walltime,
            job_extra_directives=options,
            worker_extra_args=["--no-dashboard"],
            scheduler_options={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            security=security,
            shared_temp_directory=str(Path.cwd()),
            log_directory="slurm-logs",
        ) as cluster,
    ):
        cluster.scale(jobs=jobs)
        cluster.wait_for_workers(1)  # as long as the queue takes; the others may come later
        main([*command, "--scheduler", cluster.scheduler_address], standalone_mode=False)


if __name__ == "__main__":
    at = sys.argv.index("--")
    run(int(sys.argv[1]), sys.argv[2], sys.argv[3:at], sys.argv[at + 1 :])
