"""Batches from processes of their own, with much, little and no memory to share with them."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import torch
from torch.utils.data import Dataset

from gazescribe.models.core import loaders
from gazescribe.models.core.loaders import HandOn, load_batches, stack_items
from gazescribe.pipeline.core.errors import GazeError

N = 12
SIDE = 100


class Items(Dataset):
    """Items of 10,000 bytes and more, each of its number; `act` is done for the last."""

    def __init__(self, act=None):
        self.act = act

    def __len__(self):
        return N

    def __getitem__(self, key):
        _, index = key
        if index == N - 1 and self.act:
            self.act()
        return {
            "image": torch.full((1, SIDE, SIDE), index, dtype=torch.uint8),
            "map": torch.full((3,), index, dtype=torch.float16),
            "index": torch.tensor(index),
        }


class Batches:
    batch_size = 4

    def __len__(self):
        return N // 4

    def __iter__(self):
        return iter([[(0, row + k) for k in range(4)] for row in range(0, N, 4)])


@pytest.fixture(autouse=True)
def free(monkeypatch):
    """Let so many bytes of shared memory be free."""
    loaders._warn.cache_clear()

    def be(n_bytes):
        monkeypatch.setattr(loaders, "free_shared_memory", lambda: n_bytes)

    be(10**9)
    return be


def load(workers, act=None):
    return load_batches(Items(act), workers, batch_sampler=Batches())


def same(batches, expected):
    assert len(batches) == len(expected) == N // 4
    for batch, other in zip(batches, expected, strict=True):
        assert list(batch) == list(other)
        for name, part in batch.items():
            assert part.dtype == other[name].dtype
            assert torch.equal(part, other[name])


@pytest.mark.parametrize(
    ("n_bytes", "shared"),
    [
        pytest.param(10**9, True, id="much"),
        pytest.param(2**20, False, id="little"),
        pytest.param(None, True, id="a system that does not tell"),
    ],
)
def test_the_same_batches_by_shared_memory_and_by_pipes(free, monkeypatch, n_bytes, shared):
    expected = list(load(0))
    monkeypatch.setattr(loaders, "_bytes_of_item", lambda _: 2**18)
    free(n_bytes)
    loader = load(1)
    batches = list(loader)
    same(batches, expected)
    assert loader.num_workers == 1
    assert {batch["image"].is_shared() for batch in batches} == {shared}
    batches[0]["image"] += 1  # a batch can be written to, whichever way it came


def test_little_shared_memory_is_said_once_with_its_remedy(free, capsys, monkeypatch):
    monkeypatch.setattr(loaders, "_bytes_of_item", lambda _: 2**18)
    free(3_000_000)
    load(2)
    load(2)
    line = capsys.readouterr().err
    assert line.count("warning") == 1
    # 2 processes with 2 batches each, and 2 in hand, of 4 items of 262,144 bytes
    assert "has 3.0 MB free, batches of 2 processes need 6.3, so they go through" in line
    assert "--shm-size=2g" in line
    assert "`workers`" in line


def test_an_item_is_measured(capsys):
    assert loaders._bytes_of_item(Items()) == SIDE**2 + 3 * 2 + 8
    load(2)
    assert capsys.readouterr().err == ""


def test_without_shared_memory_nothing_loads_beside(free, capsys):
    free(4096)
    loader = load(2)
    assert loader.num_workers == 0
    same(list(loader), list(load(0)))
    assert "so no processes load images beside this one. In a container" in capsys.readouterr().err


def test_memory_that_is_full_when_a_batch_comes(monkeypatch):
    def full(_):
        raise RuntimeError("unable to allocate shared memory(shm): No space left on device (28)")

    monkeypatch.setattr(torch.Tensor, "share_memory_", full)
    items = [Items()[0, row] for row in range(4)]
    handed = HandOn(stack_items, shares=True)(items)
    assert not isinstance(handed, dict)
    batch = pickle.loads(pickle.dumps(handed))  # noqa: S301  as a pipe does
    assert torch.equal(batch["image"], stack_items(items)["image"])


def test_nothing_has_to_be_shared_of_an_empty_part():
    batch = HandOn(stack_items, shares=True)([{"maps": torch.zeros((0, 10))}])
    assert batch["maps"].shape == (1, 0, 10)


def hang():
    time.sleep(60)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_hangs_is_an_error(monkeypatch):
    monkeypatch.setattr(loaders, "TIMEOUT_S", 3)
    message = r"no batch came from the 1 processes that load images within 3 s.*0 loads without"
    with pytest.raises(GazeError, match=message):
        list(load(1, hang))


def test_a_process_that_is_killed_is_an_error():
    # torch names the process, unless its connection breaks first.
    message = r"one of the 1 processes .* is gone \(.+\)\. .* no memory left.*--shm-size"
    with pytest.raises(GazeError, match=message):
        list(load(1, die))


def test_a_fault_of_an_item_stays_what_it_is():
    def fail():
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        list(load(0, fail))


@pytest.mark.skipif(
    sys.platform != "linux"
    or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0,
    reason="no right to mount a small /dev/shm",
)
def test_a_real_dev_shm_that_is_too_small():
    """Two batches fit; torch's own loaders would wait for ever at the third.

    It is seen at the start or, where that is told a lie, when it is full: in one process, which
    imports torch once.
    """
    program = """
        import sys
        import torch
        from gazescribe.models.core import loaders
        from tests.unit.models.core.test_loaders import Batches, Items, N
        Items.__getitem__ = lambda self, key: {"image": torch.full((10**6,), key[1])}
        def load():
            batches = list(loaders.load_batches(Items(), 1, batch_sampler=Batches()))
            print([batch["image"].is_shared() for batch in batches])
            assert [int(batch["image"][0, 0]) for batch in batches] == list(range(0, N, 4))
        load()
        print("full", file=sys.stderr)
        loaders._is_room = lambda *_: True
        load()
    """
    mount = 'mount -t tmpfs -o size=64m tmpfs /dev/shm && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", mount, "sh", sys.executable, "-c"]
    done = subprocess.run(
        [*command, textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    n = N // 4
    at_start, when_full = ([False] * n, [True, True, False][:n])
    assert done.stdout.splitlines() == [str(at_start), str(when_full)]
    told_at_start, _, told_when_full = done.stderr.partition("full\n")
    assert "so they go through pipes" in told_at_start
    assert "so they go through pipes" not in told_when_full
    assert "Traceback" not in done.stderr
