import pytest
import torch

from gazescribe.models.core.device import choose_device
from gazescribe.pipeline.core.errors import GazeError


def test_choose_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device(None) == choose_device("gpu") == torch.device("cuda")
    assert choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device(None) == torch.device("cpu")
    with pytest.raises(GazeError, match="a GPU was asked for, none found"):
        choose_device("gpu")
