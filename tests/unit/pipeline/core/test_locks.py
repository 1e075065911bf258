import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gazescribe.pipeline.core import locks
from gazescribe.pipeline.core.errors import WriteError
from gazescribe.pipeline.core.files import replacing_folder
from gazescribe.pipeline.core.locks import alone, lock_path, writer_of


def owner_of(place):
    return json.loads(lock_path(place).read_text())


def test_it_names_who_writes_and_leaves_nothing(tmp_path):
    place = tmp_path / "new" / "out"
    with alone(place):
        owner = owner_of(place)
        assert (owner["pid"], owner["host"]) == (os.getpid(), socket.gethostname())
        message = f"out: another run .*: process {os.getpid()} on .*since 20.* Wait for it"
        with pytest.raises(WriteError, match=message), alone(place):
            pass
    assert list(place.parent.iterdir()) == []


def test_it_is_known_who_writes(tmp_path):
    assert writer_of(tmp_path / "out") is None
    with alone(tmp_path / "out"):
        assert str(writer_of(tmp_path / "out")).startswith(f"process {os.getpid()} on ")
        owner = {**owner_of(tmp_path / "out"), "started": "never"}
        lock_path(tmp_path / "out").write_text(json.dumps(owner))
        assert writer_of(tmp_path / "out") is None  # it was killed


def test_it_goes_when_the_work_fails(tmp_path):
    with pytest.raises(KeyboardInterrupt), alone(tmp_path / "out"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_holds_nothing(tmp_path):
    """Its process is gone, or its number belongs to another by now."""
    code = "import os, sys; from gazescribe.pipeline.core.locks import alone; "
    code += (
        "from pathlib import Path; lock = alone(Path(sys.argv[1])); lock.__enter__(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "out"], check=False)
    assert owner_of(tmp_path / "out")["pid"] != os.getpid()
    with alone(tmp_path / "out"):
        assert owner_of(tmp_path / "out")["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changed", [{"started": "1"}, {"pid": "none"}, {"pid": 10**30}], ids=["reused", "odd", "huge"]
)
def test_a_number_alone_is_no_owner(tmp_path, changed, monkeypatch):
    monkeypatch.setattr(locks, "_LONG_ENOUGH_S", 0.1)  # what cannot be read is waited for
    with alone(tmp_path / "out"):
        owner = owner_of(tmp_path / "out")
    lock_path(tmp_path / "out").write_text(json.dumps(owner | changed))
    with alone(tmp_path / "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_of_another_machine_nobody_can_tell(tmp_path):
    with alone(tmp_path / "out"):
        owner = owner_of(tmp_path / "out")
    lock = lock_path(tmp_path / "out")
    lock.write_text(json.dumps(owner | {"host": "elsewhere", "started": "1"}))
    with (
        pytest.raises(WriteError, match=rf"on elsewhere .* if it has ended there, remove {lock}"),
        alone(tmp_path / "out"),
    ):
        pass
    assert lock.exists()


def test_what_to_remove_is_said_in_full(tmp_path, monkeypatch):
    """Who writes there, since when, and the whole path of the lock, wherever one is."""
    monkeypatch.chdir(tmp_path)
    since = "2026-01-02T03:04:05+00:00"
    lock = tmp_path / ".out.lock"
    lock.write_text(json.dumps({"pid": 7, "host": "node12", "since": since, "started": "1"}))
    with pytest.raises(WriteError) as error, replacing_folder(Path("out"), "maps"):
        pass
    assert str(error.value) == (
        f"{tmp_path}/out: another run is writing here: process 7 on node12 (since {since})."
        f" Wait for it, or name another place; if it has ended there, remove {lock}."
    )
    lock.unlink()
    with replacing_folder(Path("out"), "maps"):
        pass


def test_a_lock_that_is_no_file(tmp_path):
    os.mkfifo(tmp_path / ".out.lock")
    with pytest.raises(WriteError, match=r"pipe or a device.* Remove .*\.out\.lock"):
        alone(tmp_path / "out").__enter__()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 10**5, b"[]", b"9" * 5000])
def test_a_damaged_lock_has_no_owner(tmp_path, content):
    lock = lock_path(tmp_path / "out")
    lock.write_bytes(content)
    os.utime(lock, (0, 0))
    with alone(tmp_path / "out"):
        pass
    assert not lock.exists()


def test_one_that_is_being_written_is_waited_for(tmp_path):
    """An old one without owner was cut off; a new one has its owner in an instant."""
    lock = lock_path(tmp_path / "out")
    lock.touch()
    os.utime(lock, (0, 0))
    with alone(tmp_path / "out"):
        pass
    lock.touch()

    def write():
        time.sleep(0.1)
        lock.write_text(json.dumps({"pid": 1, "host": "elsewhere", "since": "now"}))

    writer = threading.Thread(target=write)
    writer.start()
    with pytest.raises(WriteError, match="process 1 on elsewhere"), alone(tmp_path / "out"):
        pass
    writer.join()


def test_of_many_one_at_a_time_takes_the_place_of_a_dead_one(tmp_path):
    """All find the same dead lock; never are two inside together."""
    lock_path(tmp_path / "out").write_text(json.dumps({"pid": 2**30, "host": socket.gethostname()}))
    inside, most, done = [], [], []

    def work(number):
        while True:
            try:
                with alone(tmp_path / "out"):
                    inside.append(number)
                    most.append(len(inside))
                    time.sleep(0.002)
                    inside.remove(number)
            except WriteError:
                time.sleep(0.001)
            else:
                done.append(number)
                return

    workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(done) == list(range(8))
    assert set(most) == {1}
    assert list(tmp_path.iterdir()) == []
