import pytest
from scipy import stats

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.values import DIAGNOSES
from gazescribe.pipeline.results.mil.experiments import ABLATION
from gazescribe.pipeline.results.mil.models import MAIN
from gazescribe.pipeline.results.published import PublishedCooperative, PublishedMil, load_published


def figures(content):
    """All figures below a piece of the content."""
    if isinstance(content, dict):
        if "source" in content:
            yield content
        for part in content.values():
            yield from figures(part)


def test_what_is_known_and_what_is_not():
    found = load_published("mil", PublishedMil)
    assert {*found.table_1} == {*found.table_6} == {*TEN_LABELS}
    assert {*found.table_7} == {*ABLATION}
    by_model = [*found.table_1.values(), *found.table_6.values(), *found.table_7.values()]
    assert all({*one} == {*MAIN} for one in [*by_model, *found.table_5.values()])
    assert all(one is None for of in found.table_1.values() for one in of.values())
    assert sum(one is not None for of in found.table_6.values() for one in of.values()) == 2


def test_every_figure_names_a_source_and_lies_in_its_interval():
    found = load_published("mil", PublishedMil)
    listed = list(figures(found.model_dump()))
    assert len(listed) > 15
    assert {one["source"] for one in listed} == {*found.sources}
    bounded = [one for one in listed if one["low"] is not None]
    assert len(bounded) == 5
    assert all(one["low"] < one["value"] < one["high"] for one in bounded)


def test_what_the_file_must_say(tmp_path):
    (tmp_path / "mil.yaml").write_text("paper: 3\ntable_8: {}\n")
    with pytest.raises(ManifestError, match=r"mil.yaml: this does not say") as raised:
        load_published("mil", PublishedMil, tmp_path)
    assert "table_1 is missing" in raised.value.faults
    assert any("table_8 is unknown" in fault for fault in raised.value.faults)
    with pytest.raises(ManifestError, match=r"other.yaml: there is no such file"):
        load_published("other", PublishedMil, tmp_path)


def test_the_cooperative_paper():
    found = load_published("cooperative", PublishedCooperative)
    models = {"cooperative", "mt_unet", "dnet201_cl", "dnet201", "inception_resnet", "gazegnn"}
    assert {*found.table_1} == {*DIAGNOSES, "printed", "macro", "accuracy"}
    assert all({*one} == models for one in [*found.table_1.values(), found.averaging])
    assert {*found.table_2} == {"kl", "cc", "hs"}
    assert all(len(one) == 4 for one in found.table_2.values())
    for model in models:
        classes = [found.table_1[name][model].value for name in DIAGNOSES]
        macro = found.table_1["macro"][model].value
        assert macro == pytest.approx(sum(classes) / 3, abs=0.0006)
        printed = abs(found.table_1["printed"][model].value - macro) < 0.0006
        assert printed == (found.averaging[model] == "macro")
    listed = list(figures(found.model_dump()))
    assert len(listed) == 48
    assert {one["source"] for one in listed} <= {*found.sources}


def test_published_intervals_of_accuracy_are_exact():
    found = load_published("cooperative", PublishedCooperative)
    for one in found.table_1["accuracy"].values():
        interval = stats.binomtest(round(100 * one.value), 100).proportion_ci(0.95)
        assert (one.low, one.high) == pytest.approx((interval.low, interval.high), abs=0.0006)


PAPER = (TEN_LABELS, "mimic", {"reflacx": "ellipse"})


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        pytest.param({0: (*TEN_LABELS, "Mass")}, (10, 10, False, False), id="one label more"),
        pytest.param({0: ("Crack", "Dent")}, (0, 0, False, False), id="other labels"),
        pytest.param({1: "mylab-images"}, (0, 10, False, True), id="other images"),
        pytest.param({2: {"mylab": "ellipse"}}, (10, 0, True, False), id="other readings"),
    ],
)
def test_figures_stand_only_beside_their_own(changes, kept):
    whole = load_published("mil", PublishedMil)
    assert whole.beside(*PAPER) is whole
    asked = [changes.get(place, value) for place, value in enumerate(PAPER)]
    found = whole.beside(*asked)
    means = [bool(found.table_5.get(metric)) for metric in ("auroc", "iou")]
    assert (len(found.table_1), len(found.table_6), *means) == kept
    assert bool(found.table_7) == bool(found.fraction.iou) == means[1]
