"""Clusters of several machines: workers with a working folder and a temporary one of their own.

With a disk that all share, and with an object store and no shared disk at all: the same bytes.
"""

import os
import subprocess
import sys

import pytest
from distributed import Client

from tests.conftest import ROOT
from tests.running import gazescribe, invoke
from tests.stores import s3  # noqa: F401  a fixture

READINGS = 12
CHAIN = (
    "ingest reflacx RAW TABLES --samples",
    "fixations TABLES FOUND",
    "label TABLES MENTIONS.parquet",
    "associate TABLES MENTIONS.parquet WINDOWS",
    "heatmaps TABLES WINDOWS MAPS --size 24",
    "images TABLES RAW/mimic-cxr-jpg PICTURES --size 32",
    "export TABLES WINDOWS EXPORT --shards MAPS",
)
"""Each stage; words in capitals are folders and files."""


def run_chain(raw, place, *options):
    """Run all stages; `place` makes the path or address of a folder of its name."""
    for line in CHAIN:
        words = [
            word.replace("RAW", str(raw))
            if "RAW" in word
            else place(word)
            if word[0].isupper()
            else word
            for word in line.split()
        ]
        gazescribe(*words, *options)


def content(folder):
    return {str(x.relative_to(folder)): x.read_bytes() for x in folder.rglob("*") if x.is_file()}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw")
    params = (ROOT / "params.yaml").read_text()
    for name, value in (
        ("readings: 60", f"readings: {READINGS}"),
        ("gaze_readings: 3", "gaze_readings: 1"),
    ):
        assert name in params
        params = params.replace(name, value)
    (folder / "params.yaml").write_text(params)
    gazescribe(
        "demo",
        folder / "demo",
        "--images",
        "small",
        "--params",
        folder / "params.yaml",
        "--workers",
        1,
    )
    return folder / "demo"


@pytest.fixture(scope="module")
def alone(raw, tmp_path_factory):
    """What each stage writes on this machine alone."""
    folder = tmp_path_factory.mktemp("alone")
    run_chain(raw, lambda name: folder / name, "--workers", 1)
    return content(folder)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory, s3):  # noqa: F811  the fixture
    """Two workers that share neither working folder nor temporary one with us, nor copies."""
    place = tmp_path_factory.mktemp("cluster") / "scheduler.json"
    start_scheduler = ("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
    started = [start(place.parent, *start_scheduler, "--scheduler-file", place)]
    for number in (1, 2):
        home = tmp_path_factory.mktemp(f"machine{number}")
        (home / "rules").mkdir()  # of nobody's project
        start_worker = ("dask_worker", "--nthreads", "1", "--no-nanny")
        started.append(start(home, *start_worker, "--scheduler-file", place))
    with Client(scheduler_file=place, timeout=60) as client:
        client.wait_for_workers(2, timeout=60)
        yield client.scheduler.address
    for process in reversed(started):  # a worker that ends asks its scheduler
        process.kill()
        process.wait()


def start(home, program, *options):
    """Start a part of a cluster on what stands for a machine."""
    (home / "tmp").mkdir()
    elsewhere = {"TMPDIR": home / "tmp", "HOME": home, "GAZE_CACHE": home / "copies"}
    elsewhere["DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED"] = False  # nobody sees the call stacks
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", *options],
        cwd=home,
        env={**os.environ, **{name: str(path) for name, path in elsewhere.items()}},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_a_shared_disk(raw, alone, scheduler, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_chain(raw, str, "--scheduler", scheduler)
    assert content(tmp_path) == alone


def test_an_object_store_and_no_shared_disk(raw, alone, scheduler, s3, tmp_path):  # noqa: F811
    s3.put(str(raw), "lab/raw", recursive=True)
    run_chain("s3://lab/raw", lambda name: f"s3://lab/out/{name}", "--scheduler", scheduler)
    s3.get("lab/out", str(tmp_path / "out"), recursive=True)
    assert content(tmp_path / "out") == alone


def test_faults_of_a_store_that_is_there(s3, tmp_path, monkeypatch):  # noqa: F811
    """In words, and without the credentials."""
    for address, said in (
        ("s3://nowhere/tables", "there is no such bucket"),
        ("s3://lab/nothing", "there is no such folder or file in the store"),
    ):
        result = invoke("label", address, tmp_path / "mentions.csv")
        assert (result.exit_code, said in result.output) == (2, True), result.output
        assert "never-to-be-printed" not in result.output
    (tmp_path / "reports.csv").write_text("report_id,text\nR1,No edema.\n")
    result = invoke("label", tmp_path / "reports.csv", "s3://nowhere/mentions.csv")
    assert (result.exit_code, "there is no such bucket" in result.output) == (2, True)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    s3.clear_instance_cache()
    result = invoke("label", "s3://lab/nothing", tmp_path / "mentions.csv")
    assert "there are no credentials for this store" in result.output
    s3.clear_instance_cache()
