from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from gazescribe.pipeline.demo.cases import Anatomy, Film, Lesion
from gazescribe.pipeline.demo.looks import LOOKS
from gazescribe.pipeline.demo.pictures import masks, radiograph
from gazescribe.pipeline.demo.population import draw_cases

ANATOMY = Anatomy(
    right_lung=(0.12, 0.13, 0.46, 0.79),
    left_lung=(0.54, 0.13, 0.88, 0.79),
    heart=(0.40, 0.48, 0.71, 0.80),
    mediastinum=(0.43, 0.11, 0.57, 0.53),
    tilt_deg=0.0,
    exposure=1.0,
)
CASE = Film(
    99000001, 99500001, "00000000-00000000-00000000-00000000-00000001", 424, 509, "PA", "train",
    "normal", ANATOMY, (),
)  # fmt: skip
DARKER = ("pneumothorax", "high lung volume - emphysema & emphysema")
ANYWHERE = ("support devices", "hiatal hernia", "quality issue", "acute fracture & fracture")


def draw(case, height=509, width=424):
    return radiograph(case, height, width)


def with_lesion(finding, certainty=5):
    lesion = Lesion(finding, "right", 0.28, 0.42, 0.09, 0.08, certainty)
    return replace(CASE, lesions=(lesion,))


def ellipse(case, grow=1.0):
    (lesion,) = case.lesions
    y, x = np.mgrid[: case.height_px, : case.width_px]
    across = (x + 0.5 - lesion.x * case.width_px) / (lesion.rx * case.width_px * grow)
    down = (y + 0.5 - lesion.y * case.height_px) / (lesion.ry * case.height_px * grow)
    return across**2 + down**2 <= 1


def test_same_case_gives_same_picture_of_the_size_asked_for():
    picture = draw(CASE)
    assert picture.shape == (509, 424)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, draw(CASE))


def test_id_decides_on_vessels_and_grain():
    other = replace(CASE, dicom_id=CASE.dicom_id[:-1] + "2")
    assert (draw(CASE) != draw(other)).mean() > 0.5


def test_air_is_black_lungs_are_dark_and_heart_is_bright():
    picture, found = draw(CASE).astype(float), masks(CASE, 509, 424)
    lungs = picture[found["left_lung"] | found["right_lung"]].mean()
    heart = picture[found["mediastinum"]].mean()
    assert picture[2:20, 2:20].mean() < 20
    assert 40 < lungs < 120
    assert heart > lungs + 60


def test_lungs_are_not_flat():
    picture, found = draw(CASE).astype(float), masks(CASE, 509, 424)
    assert picture[found["right_lung"]].std() > 10


def test_more_exposure_is_brighter():
    pale = replace(CASE, anatomy=replace(ANATOMY, exposure=1.2))
    assert draw(pale).mean() > draw(CASE).mean() + 5


def test_large_and_small_pictures_show_the_same():
    large = Image.fromarray(draw(CASE, 1272, 1060)).resize((106, 127), Image.Resampling.BOX)
    small = Image.fromarray(draw(CASE, 509, 424)).resize((106, 127), Image.Resampling.BOX)
    assert np.corrcoef(np.ravel(large), np.ravel(small))[0, 1] > 0.98


@pytest.mark.parametrize(("height", "width"), [(424, 509), (423, 508), (1, 1), (40, 30)])
def test_any_size_can_be_drawn(height, width):
    assert radiograph(CASE, height, width).shape == (height, width)


def test_every_class_of_the_labeler_has_a_look():
    rules = yaml.safe_load((Path(__file__).parents[4] / "rules/labels.yaml").read_text())
    assert set(LOOKS) == set(rules["labels"]) - {"opacity"}  # of the literal convention alone


@pytest.mark.parametrize("finding", [pytest.param(finding, id=finding) for finding in LOOKS])
def test_lesion_shows_in_its_ellipse_and_only_there(finding):
    case = with_lesion(finding)
    change = draw(case).astype(float) - draw(CASE).astype(float)
    assert np.abs(change[ellipse(case)]).mean() > 3
    assert not change[~ellipse(case, grow=2.0)].any()
    if finding not in ANYWHERE:
        mean = change[ellipse(case)].mean()
        assert mean < -3 if finding in DARKER else mean > 3


@pytest.mark.parametrize("finding", ["consolidation", "pulmonary edema", "mass", "pneumothorax"])
def test_certain_lesions_are_plainer(finding):
    plain, faint = with_lesion(finding, 5), with_lesion(finding, 1)
    where = ellipse(plain)
    normal = draw(CASE).astype(float)
    changes = [np.abs(draw(case) - normal)[where].mean() for case in (plain, faint)]
    assert changes[0] > changes[1]


def test_lesion_beyond_the_image_is_left_out():
    lesion = Lesion("mass", "left", 1.4, 0.5, 0.05, 0.05, 5)
    np.testing.assert_array_equal(draw(replace(CASE, lesions=(lesion,))), draw(CASE))


def test_effusion_fills_the_base_and_pneumothorax_the_apex():
    lung = ANATOMY.right_lung
    down = lambda share: lung[1] + share * (lung[3] - lung[1])  # noqa: E731
    fluid = Lesion("pleural effusion", "right", 0.24, down(0.93), 0.13, 0.07, 5)
    air = Lesion("pneumothorax", "right", 0.27, down(0.13), 0.12, 0.07, 5)
    normal = draw(CASE).astype(float)
    base, apex = (
        slice(int(down(0.86) * 509), int(down(0.98) * 509)),
        slice(int(down(0.06) * 509), int(down(0.2) * 509)),
    )
    wet = draw(replace(CASE, lesions=(fluid,))).astype(float) - normal
    collapsed = draw(replace(CASE, lesions=(air,))).astype(float) - normal
    assert wet[base, 52:90].mean() > 10
    assert collapsed[apex, 85:140].mean() < -10


def test_masks_lie_where_the_anatomy_says():
    found = masks(CASE, 509, 424)
    assert list(found) == ["left_lung", "right_lung", "mediastinum", "aortic_knob"]
    for name, mask in found.items():
        assert mask.shape == (509, 424), name
        assert mask.dtype == bool, name
        assert mask.any(), name
    y, x = np.nonzero(found["right_lung"])
    assert x.max() < np.nonzero(found["left_lung"])[1].min()
    box = np.array([x.min() / 424, y.min() / 509, x.max() / 424, y.max() / 509])
    np.testing.assert_allclose(box[:2], ANATOMY.right_lung[:2], atol=0.02)
    np.testing.assert_allclose(box[3], ANATOMY.right_lung[3], atol=0.02)
    assert not (found["mediastinum"] & (found["left_lung"] | found["right_lung"])).any()


def test_tilt_turns_picture_and_masks():
    tilted = replace(CASE, anatomy=replace(ANATOMY, tilt_deg=8.0))
    upright, turned = (masks(case, 509, 424)["right_lung"] for case in (CASE, tilted))
    assert upright[:255].sum() != turned[:255].sum()
    picture = draw(tilted).astype(float)
    inside, outside = picture[turned], picture[~turned]
    assert inside.mean() < outside.mean()


def test_diagnoses_can_be_told_apart_by_coarse_grey_values():
    """Ridge regression on 12 x 12 grey values, left out by fives: chance is a third."""
    cases = draw_cases(240, 3, small=True).egd
    features = np.array([coarse(case) for case in cases])
    classes = np.array([("normal", "chf", "pneumonia").index(case.diagnosis) for case in cases])
    fold = np.arange(len(cases)) // 3 % 5
    right = [
        guess == truth
        for held_out in range(5)
        for guess, truth in zip(
            ridge(
                features[fold != held_out], classes[fold != held_out], features[fold == held_out]
            ),
            classes[fold == held_out],
            strict=True,
        )
    ]
    assert len(right) == len(cases)
    assert np.mean(right) > 0.6


def coarse(case):
    """Grey values of the chest on a 12 x 12 grid laid over its lungs, and their symmetry."""
    height, width = case.height_px // 2, case.width_px // 2
    picture = Image.fromarray(radiograph(case, height, width))
    lungs = case.anatomy.right_lung, case.anatomy.left_lung
    box = (
        lungs[0][0] * width,
        lungs[0][1] * height,
        lungs[1][2] * width,
        lungs[0][3] * height,
    )
    grid = np.asarray(picture.resize((12, 12), Image.Resampling.BOX, box=box), float) / 255
    return np.concatenate([grid.ravel(), np.abs(grid - grid[:, ::-1]).ravel()])


def ridge(features, classes, unseen):
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    known, new = (features - mean) / spread, (unseen - mean) / spread
    targets = np.eye(3)[classes]
    kernel = known @ known.T + 100 * np.eye(len(known))
    return (new @ known.T @ np.linalg.solve(kernel, targets)).argmax(axis=1)
