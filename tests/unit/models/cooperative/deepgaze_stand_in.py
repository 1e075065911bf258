"""A stand-in for the package of DeepGaze: people look at bright pixels, and not back."""

import sys
from types import SimpleNamespace

import torch
from torch import nn


class Bright(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.0))

    def forward(self, image, bias):
        assert image.shape[1] == 3
        assert max(image.shape[2:]) == 1024
        assert bool((image[:, 0] == image[:, 2]).all())
        assert abs(float(bias.exp().sum()) - 1) < 1e-3
        values = image.mean(dim=1) * self.scale + bias
        return values - values.logsumexp(dim=(-2, -1), keepdim=True)


class DeepGazeIIE(nn.Module):
    """A mixture, as the authors' is."""

    def __init__(self, pretrained=True):
        assert not pretrained  # it would be fetched
        super().__init__()
        self.models = nn.ModuleList([Bright(), Bright()])

    def forward(self, image, bias):
        said = torch.cat([model(image, bias)[:, None] for model in self.models], dim=1)
        return (said - torch.log(torch.tensor(2.0))).logsumexp(dim=1, keepdim=True)


class DeepGazeIII(nn.Module):
    """One network, which is told of earlier fixations."""

    def __init__(self, pretrained=True):
        assert not pretrained
        super().__init__()
        self.features = Bright()

    def forward(self, image, bias, x_hist, y_hist):
        assert x_hist.shape == y_hist.shape == (1, 4)
        assert bool(torch.isnan(x_hist[:, 1:]).all())
        assert float(y_hist[0, 0]) == image.shape[2] / 2
        return self.features(image, bias)


def install(monkeypatch):
    """Let `import deepgaze_pytorch` find the stand-in."""
    package = SimpleNamespace(DeepGazeIIE=DeepGazeIIE, DeepGazeIII=DeepGazeIII)
    monkeypatch.setitem(sys.modules, "deepgaze_pytorch", package)


def write_weights(kind, path):
    """Write weights as the authors do; give their path."""
    network = kind(pretrained=False)
    state = {name: torch.tensor(0.04) for name in network.state_dict()}
    torch.save(state, path)
    return path
