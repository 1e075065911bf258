from collections import Counter

import numpy as np
import pytest

from gazescribe.pipeline.demo.cases import (
    CERTAINTIES,
    Lesion,
    draw_anatomy,
    draw_certainty,
    draw_lesions,
    inscribed,
)


def test_a_box_holds_its_inscribed_ellipse():
    assert inscribed((0.25, 0.5, 0.75, 1.0)) == (0.5, 0.75, 0.25, 0.25)


def test_pixels_of_an_ellipse_count_from_the_centre_of_the_first():
    # x: 0.5 * 100 - 0.5 = 49.5, and 10 to each side; y: 0.25 * 200 - 0.5 = 49.5, and 20.
    box = Lesion("mass", "left", 0.5, 0.25, 0.1, 0.1, 5).box_px(100, 200)
    assert box == pytest.approx([39.5, 29.5, 59.5, 69.5])
    whole = Lesion("mass", "left", 0.5, 0.5, 0.5, 0.5, 5).box_px(100, 200)
    assert whole == pytest.approx([-0.5, -0.5, 99.5, 199.5])


def test_nobody_doubts_a_device():
    rng = np.random.default_rng(0)
    lesions = [
        lesion
        for _ in range(40)
        for lesion in draw_lesions(rng, draw_anatomy(rng, 0.83, []), ["support devices"])
    ]
    assert {lesion.certainty for lesion in lesions} == {5}
    assert {lesion.side for lesion in lesions} == {"right", "left", "middle"}


def test_certainties_follow_the_table():
    rng = np.random.default_rng(0)
    drawn = Counter(draw_certainty(rng, "pneumothorax") for _ in range(4000))
    expected = np.array(CERTAINTIES["pneumothorax"]) / sum(CERTAINTIES["pneumothorax"])
    found = np.array([drawn[k] for k in range(1, 6)]) / 4000
    assert found == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize(
    ("finding", "low", "high"),
    [
        pytest.param("pleural effusion", 0.85, 1.0, id="effusion at the base"),
        pytest.param("pneumothorax", 0.0, 0.2, id="pneumothorax at the apex"),
        pytest.param("atelectasis", 0.65, 0.95, id="atelectasis low"),
        pytest.param("pleural thickening", 0.0, 0.1, id="thickening at the apex"),
    ],
)
def test_lesions_are_where_they_belong(finding, low, high):
    seen = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        anatomy = draw_anatomy(rng, 2544 / 3056, [finding])
        for lesion in draw_lesions(rng, anatomy, [finding]):
            lung = anatomy.right_lung if lesion.side == "right" else anatomy.left_lung
            assert lung[0] < lesion.x < lung[2]
            assert low <= (lesion.y - lung[1]) / (lung[3] - lung[1]) <= high
            seen += 1
    assert seen >= 40


def test_cardiomegaly_fills_the_heart_box_and_widens_it():
    rng = np.random.default_rng(0)
    finding = "enlarged cardiac silhouette"
    large, normal = draw_anatomy(rng, 0.83, [finding]), draw_anatomy(rng, 0.83, [])
    (lesion,) = draw_lesions(rng, large, [finding])
    assert lesion.x - lesion.rx == pytest.approx(large.heart[0])
    assert lesion.y + lesion.ry == pytest.approx(large.heart[3])
    assert large.heart[2] - large.heart[0] > 1.2 * (normal.heart[2] - normal.heart[0])


def test_bilateral_pairs_and_shared_ellipses_occur():
    pairs = shared = 0
    names = ["atelectasis", "consolidation"]
    for seed in range(60):
        rng = np.random.default_rng(seed)
        lesions = draw_lesions(rng, draw_anatomy(rng, 0.83, names), names)
        sides = [lesion.side for lesion in lesions if lesion.finding == "atelectasis"]
        pairs += sides == ["right", "left"]
        shared += len({(lesion.x, lesion.y) for lesion in lesions}) < len(lesions)
    assert 10 < pairs < 35
    assert 8 < shared < 32
