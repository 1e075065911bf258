import pytest
import torch

from gazescribe.models.core.device import (
    Machine,
    choose_device,
    choose_machine,
    finished,
    machine_name,
    process_rank,
)
from gazescribe.pipeline.core.errors import GazeError


def test_choose_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device(None) == choose_device("gpu") == torch.device("cuda")
    assert choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device(None) == torch.device("cpu")
    with pytest.raises(GazeError, match="a GPU was asked for, none found"):
        choose_device("gpu")


def test_choose_machine(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert choose_machine(None, 1) == Machine("gpu", 1)
    assert choose_machine("cpu", 2) == Machine("cpu", 2)
    with pytest.raises(GazeError, match="2 GPUs were asked for, 1 found"):
        choose_machine(None, 2)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert choose_machine(None, 1) == Machine("cpu", 1)


def test_process_rank(monkeypatch):
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert process_rank() == 0
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert process_rank() == 1


def test_a_machine_has_a_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU of {device}")
    assert machine_name(torch.device("cuda")) == "GPU of cuda"
    name, _, threads = machine_name(torch.device("cpu")).rpartition(", threads: ")
    assert name
    assert int(threads) == torch.get_num_threads()


def test_time_is_told_when_the_device_has_finished(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    assert finished(torch.device("cpu")) <= finished(torch.device("cuda", 0))
    assert waited == [torch.device("cuda", 0)]
