"""IoU against brute force, torch's own enlarging, and what the authors' code printed."""

import numpy as np
import pytest

from gazescribe.pipeline.geometry.iou import (
    ALL_THRESHOLDS,
    PUBLISHED_THRESHOLDS,
    iou_between,
    iou_by_threshold,
)


def by_pixels(values, mask, thresholds):
    found = []
    for threshold in np.asarray(thresholds, np.float32):
        above = values > threshold
        union = (above | mask).sum()
        found.append((above & mask).sum() / union if union else 0.0)
    return found


@pytest.mark.parametrize(
    ("shape", "frame"),
    [
        pytest.param((32, 32), (512, 512), id="grid"),
        pytest.param((256, 256), (512, 512), id="decoder"),
        pytest.param((512, 512), (512, 512), id="same size"),
        pytest.param((7, 5), (33, 64), id="no whole multiple"),
    ],
)
@pytest.mark.parametrize("thresholds", [PUBLISHED_THRESHOLDS, ALL_THRESHOLDS[::40]])
def test_as_pixels_count(shape, frame, thresholds):
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    values = random.random(shape).astype(np.float32).round(2)
    mask = random.random(frame) < 0.2
    large = torch.nn.functional.interpolate(torch.from_numpy(values)[None, None], frame)[0, 0]
    expected = by_pixels(large.numpy(), mask, thresholds)
    found = iou_by_threshold(values, mask, thresholds)
    assert 0.1 < found.max() < 0.5
    np.testing.assert_array_equal(found, expected)


def test_published_values(shared):
    golden = np.load(shared / "golden" / "losses.npz")
    with np.errstate(over="ignore"):
        maps = 1 / (1 + np.exp(-golden["decoder_logits"]))
    masks = golden["heat256"] > 0.5
    thresholds = (0, 0.15, 0.5, 0.999)
    assert masks.any(axis=(2, 3)).sum() > 5
    for at in np.ndindex(maps.shape[:2]):
        found = iou_by_threshold(maps[at], masks[at], thresholds)
        expected = [golden[f"iou_{threshold}"][at] for threshold in thresholds]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_maps_of_several_readers_as_sklearn_scores_them():
    metrics = pytest.importorskip("sklearn.metrics")
    maps = np.random.default_rng(3).random((4, 9, 7)).astype(np.float32).round(2)
    thresholds = (0.1, 0.15, 0.5, 0.9)
    found = iou_between(maps, thresholds)
    assert found.shape == (4, 4, 4)
    for threshold, matrix in zip(thresholds, found, strict=True):
        above = (maps > np.float32(threshold)).reshape(4, -1)
        expected = [[metrics.jaccard_score(a, b) for b in above] for a in above]
        np.testing.assert_allclose(matrix, expected, rtol=1e-15)
