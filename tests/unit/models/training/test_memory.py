import multiprocessing
from mmap import PAGESIZE, mmap

import pytest
import torch

from gazescribe.models.training import memory
from gazescribe.models.training.memory import forget_peak, free_bytes, peak_mib

MIB = 2**20


def peaks(connection):
    """Tell the peak before, with and after a block of memory, and once it is forgotten."""
    forget_peak("cpu")
    told = [peak_mib("cpu")]
    with mmap(-1, 100 * MIB) as block:  # pages of its own: malloc may have some left
        for page in range(0, 100 * MIB, PAGESIZE):
            block[page] = 1
        told.append(peak_mib("cpu"))
    told.append(peak_mib("cpu"))
    forget_peak("cpu")
    connection.send([*told, peak_mib("cpu")])


@pytest.mark.skipif(not memory.FORGET.exists(), reason="needs Linux's /proc")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # threads are not copied
def test_the_peak_is_that_of_what_came_after():
    """In a process of its own: in one of many tests others' memory comes free meanwhile."""
    receiving, sending = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=peaks, args=[sending])
    process.start()
    sending.close()  # so that nobody waits for one that has ended
    before, held, freed, after = receiving.recv()
    process.join()
    assert held > before + 90
    assert freed > before + 90
    assert after < before + 50


def test_a_system_that_does_not_say(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATUS", tmp_path / "status")
    monkeypatch.setattr(memory, "FORGET", tmp_path / "clear_refs")
    forget_peak("cpu")
    assert peak_mib("cpu") is None


def test_memory_that_is_free(monkeypatch, tmp_path):
    path = tmp_path / "meminfo"
    monkeypatch.setattr(memory, "MEMORY", path)
    assert free_bytes() is None
    path.write_text("MemTotal:  16000000 kB\nMemAvailable:   2000 kB\n")
    assert free_bytes() == 2000 * 1024
    path.write_text("MemTotal:  16000000 kB\n")
    assert free_bytes() is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_only_tensors_count():
    forget_peak("gpu")
    before = peak_mib("gpu")
    torch.ones(10 * MIB // 4, device="cuda")
    assert peak_mib("gpu") == pytest.approx(before + 10, abs=1)
