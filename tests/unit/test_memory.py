import pytest
import torch

from models import memory
from models.memory import forget_peak, peak_mib

MIB = 2**20


@pytest.mark.skipif(not memory.FORGET.exists(), reason="needs Linux's /proc")
def test_the_peak_is_that_of_what_came_after():
    forget_peak("cpu")
    before = peak_mib("cpu")
    block = torch.ones(100 * MIB // 4)
    assert peak_mib("cpu") > before + 90
    del block
    assert peak_mib("cpu") > before + 90
    forget_peak("cpu")
    assert peak_mib("cpu") < before + 50


def test_a_system_that_does_not_say(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATUS", tmp_path / "status")
    monkeypatch.setattr(memory, "FORGET", tmp_path / "clear_refs")
    forget_peak("cpu")
    assert peak_mib("cpu") is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_only_tensors_count():
    forget_peak("gpu")
    before = peak_mib("gpu")
    torch.ones(10 * MIB // 4, device="cuda")
    assert peak_mib("gpu") == pytest.approx(before + 10, abs=1)
