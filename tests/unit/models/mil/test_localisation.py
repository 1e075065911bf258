"""Maps against what readers drew; whole tables of it are in `test_evaluation`."""

import math

import numpy as np
import pytest
import torch

from gazescribe.models.mil.lists import evaluation_items
from gazescribe.models.mil.localisation import (
    DrawnLabel,
    ValidationIou,
    cases_of,
    mask_of,
    open_masks,
)
from gazescribe.models.mil.network import network_of
from gazescribe.pipeline.core.class_names import TEN_LABELS
from tests.unit.models.mil.mil_cases import run
from tests.unit.models.mil.mil_scored import world


@pytest.fixture
def inputs(tmp_path):
    return world(tmp_path / "world").write()


@pytest.fixture
def items(inputs):
    return evaluation_items(inputs, run())["test"]


def test_cases_are_what_readers_drew(inputs, items):
    assert cases_of(items) == [DrawnLabel(0, 0), DrawnLabel(1, 0), DrawnLabel(1, 2)]
    found = mask_of(open_masks(inputs, run()), items, DrawnLabel(1, 2))
    assert (found.dtype, found.shape) == (np.bool_, (64, 64))
    assert found[:32, :16].all()
    assert found.sum() == 32 * 16


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [({}, {"decoder", "spatial", "gradcam"}), ({"decoder": False}, {"spatial", "gradcam"})],
)
def test_iou_comes_every_so_many_epochs(inputs, items, changes, kinds):
    settings = run(iou_every=3, **changes)
    network = network_of(settings, len(TEN_LABELS)).eval()
    iou = ValidationIou(items, inputs, settings)
    scores = [iou.after(epoch, network) for epoch in range(6)]
    assert [set(score) for score in scores] == [kinds] * 6
    due = [not any(math.isnan(value) for value in score.values()) for score in scores]
    assert due == [False, False, True] * 2
    assert scores[2] == scores[5]


def test_iou_draws_no_random_numbers(inputs, items):
    settings = run(iou_every=1)
    network = network_of(settings, len(TEN_LABELS)).eval()
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002  the global one
    ValidationIou(items, inputs, settings).after(0, network)
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()  # noqa: NPY002  the global one
