import subprocess
import sys

import pytest
import torch

from gazescribe.models.training import memory
from gazescribe.models.training.memory import forget_peak, peak_mib
from tests.conftest import ROOT

MIB = 2**20


IN_TURN = """
import torch
from gazescribe.models.training.memory import forget_peak, peak_mib

def said():
    print(peak_mib("cpu"))

forget_peak("cpu")
said()
block = torch.ones(100 * 2**20 // 4)
said()
del block
said()
forget_peak("cpu")
said()
"""


@pytest.mark.skipif(not memory.FORGET.exists(), reason="needs Linux's /proc")
def test_the_peak_is_that_of_what_came_after():
    """In a process of its own: in one of many tests others' memory comes free meanwhile."""
    done = subprocess.run(
        [sys.executable, "-c", IN_TURN], capture_output=True, check=True, cwd=ROOT
    )
    before, held, freed, after = map(float, done.stdout.split())
    assert held > before + 90
    assert freed > before + 90
    assert after < before + 50


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
