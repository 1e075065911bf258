"""Object stores for tests: moto's server, as S3 is, and fsspec's own store in memory."""

import logging
import os
from contextlib import contextmanager

import fsspec
import pytest


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """Give the file system of a store that stands for S3, with an empty bucket `lab`."""
    with serving(tmp_path_factory.mktemp("s3")) as files:
        yield files


@contextmanager
def serving(folder):
    """Serve such a store, to the processes started meanwhile too; copies come to the folder."""
    from moto.server import ThreadedMotoServer  # slow to import

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # each request is a line of it
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "of-a-test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "never-to-be-printed")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", str(folder / "none"))
        patch.setenv("GAZE_CACHE", str(folder / "copies"))
        fsspec.filesystem("s3").clear_instance_cache()  # the ones before know other credentials
        files = fsspec.filesystem("s3")
        files.mkdir("lab")
        yield files
        files.clear_instance_cache()
    server.stop()


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """Give a store of this process with two files, and an empty folder for copies."""
    monkeypatch.setenv("GAZE_CACHE", str(tmp_path / "copies"))
    files = fsspec.filesystem("memory")
    files.pipe({"/lab/tables/a.txt": b"one", "/lab/tables/sub/b.txt": b"two"})
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]
