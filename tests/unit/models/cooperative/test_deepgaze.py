"""DeepGaze with weights from a file; a stand-in for its package looks at bright pixels."""

import sys

import numpy as np
import pytest
import torch

from gazescribe.models.cooperative.deepgaze import DeepGaze
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.geometry.letterbox import Letterbox
from tests.unit.models.cooperative import deepgaze_stand_in
from tests.unit.models.cooperative.deepgaze_stand_in import (
    DeepGazeIIE,
    DeepGazeIII,
    install,
    write_weights,
)

CPU = torch.device("cpu")
FRAME = Letterbox.fit((90, 60), (48, 48))
SHOWN = np.ix_(FRAME.on_image(0), FRAME.on_image(1))


@pytest.fixture(autouse=True)
def _package(monkeypatch):
    install(monkeypatch)


def looked(path):
    image = np.zeros((48, 48), np.uint8)
    image[SHOWN] = 10
    image[6:18, 20:32] = 250
    centre = np.full((48, 48), 1 / 48**2)
    return DeepGaze(path, CPU).map(image, FRAME, centre)


@pytest.mark.parametrize("kind", [DeepGazeIIE, DeepGazeIII])
def test_the_map_is_a_distribution_over_the_image(tmp_path, kind):
    found = looked(write_weights(kind, tmp_path / "weights.pth"))
    assert found.shape == (48, 48)
    assert found.sum() == pytest.approx(1)
    outside = np.ones((48, 48), bool)
    outside[SHOWN] = False
    assert (found[outside] == 0).all()
    y, x = np.unravel_index(found.argmax(), found.shape)
    assert 6 <= y < 18
    assert 20 <= x < 32


def test_files_that_are_none(tmp_path):
    with pytest.raises(GazeError, match="no such file"):
        looked(tmp_path / "absent.pth")
    (tmp_path / "text.pth").write_bytes(b"no weights")
    with pytest.raises(GazeError, match="not a file of weights") as raised:
        looked(tmp_path / "text.pth")
    assert "docs/cooperative.md" in str(raised.value)
    torch.save({"other": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(GazeError, match="not weights of DeepGazeIII"):
        looked(tmp_path / "other.pth")
    torch.save([np.zeros], tmp_path / "code.pth")  # a pickle that names a function
    with pytest.raises(GazeError, match="not a file of weights"):
        looked(tmp_path / "code.pth")


def test_without_its_package_or_its_backbones(tmp_path, monkeypatch):
    path = write_weights(DeepGazeIIE, tmp_path / "weights.pth")

    def unreachable(**_):
        raise OSError("no route to host")

    monkeypatch.setattr(sys.modules["deepgaze_pytorch"], "DeepGazeIIE", unreachable)
    with pytest.raises(GazeError, match=r"cannot be built \(OSError\)") as raised:
        looked(path)
    assert "hub" in str(raised.value)
    monkeypatch.setitem(sys.modules, "deepgaze_pytorch", None)
    with pytest.raises(GazeError, match="a package that is absent") as raised:
        looked(path)
    assert "matthias-k/DeepGaze" in str(raised.value)


def test_weights_that_give_no_density(tmp_path, monkeypatch):
    monkeypatch.setattr(
        deepgaze_stand_in.Bright, "forward", lambda _, __, bias: torch.full_like(bias, torch.nan)
    )
    with pytest.raises(GazeError, match="gives no density"):
        looked(write_weights(DeepGazeIIE, tmp_path / "weights.pth"))
