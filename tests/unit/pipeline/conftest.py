import subprocess
from contextlib import nullcontext

import pytest

from gazescribe.pipeline.core import parallel


def pytest_collection_modifyitems(items):
    """Those that share workers come last, and one after another: workers that idle take time."""
    items.sort(key=lambda item: "two_workers" in item.fixturenames)


@pytest.fixture(scope="session")
def started_workers():
    with parallel._local_cluster(2) as cluster:
        yield cluster


@pytest.fixture
def two_workers(started_workers, monkeypatch):
    """Two workers as `--workers 2` starts them, which stay: a start takes seconds of CPU.

    How they start and end is tested in core/test_parallel.py and e2e/test_scheduler.py.
    """

    def running(n_workers):
        assert n_workers == 2
        return nullcontext(started_workers)

    monkeypatch.setattr(parallel, "_local_cluster", running)


@pytest.fixture
def mounted(tmp_path):
    """Give a function that mounts a disk of a few kilobytes on a new folder."""
    folders = []

    def mount(*options, size="64k"):
        folder = tmp_path / f"mounted{len(folders)}"
        folder.mkdir()
        arguments = ["mount", "-t", "tmpfs", "-o", ",".join((f"size={size}", *options)), "none"]
        try:
            subprocess.run([*arguments, folder], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"nothing can be mounted here: {error}")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", folder], check=True)
