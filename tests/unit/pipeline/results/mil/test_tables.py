from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.core.class_names import TEN_LABELS
from gazescribe.pipeline.results.mil import tables
from gazescribe.pipeline.results.mil.scores import MilScores
from gazescribe.pipeline.results.published import PublishedMil, load_published
from tests.scores import model

PUBLISHED = load_published("mil", PublishedMil)
BY_LABEL = [[at / 20 for at in range(10)], [at / 20 + 0.02 for at in range(10)]]


@pytest.fixture(scope="module")
def models():
    names = ("unannotated", "ellipse", "et", "ablation_4")
    return {name: model(name, BY_LABEL, np.array(BY_LABEL) + 0.4) for name in names}


def test_iou_by_label(models):
    table = tables.iou_by_label(models, PUBLISHED, 0.95)
    frame = table.frame
    assert frame["label"].drop_duplicates().tolist() == list(TEN_LABELS)
    assert len(frame) == 4 * 2 * 10
    own = frame[(frame["metric"] == "iou") & (frame["model"] == "et")].set_index("label")
    assert own["mean"].tolist() == pytest.approx([at / 20 + 0.01 for at in range(10)])
    assert own["published"].dropna().to_dict() == {"Pleural abnormality": 0.246}
    assert (own["n"] == 4).all()
    assert frame.loc[frame["metric"] == "pointing", "published"].isna().all()
    assert set(table.shown["model"]) == {"unannotated", "ellipse", "et"}
    assert len(table.shown) == 30


def test_iou_by_map():
    """Published figures stand by the kind of map that they are of, whatever validation chose."""
    both = {}
    for name, chosen in (("unannotated", "gradcam"), ("et", "spatial"), ("ablation_4", "spatial")):
        one = model(name, BY_LABEL)
        worse = model(name, np.array(BY_LABEL) / 4).maps["decoder"]
        kinds = {"spatial": one.maps["decoder"], "gradcam": worse}
        if name == "et":
            kinds["decoder"] = worse
        both[name] = replace(one, maps=kinds, map=chosen)
    table = tables.iou_by_map(both, PUBLISHED, 0.95)
    frame = table.frame.set_index(["model", "map", "label"])
    assert len(frame) == 7 * 11
    assert frame.loc[("et", "decoder", "all"), "mean"] == pytest.approx(0.235 / 4)
    known = frame["published"].dropna()
    assert known.to_dict() == {
        ("unannotated", "spatial", "Pleural abnormality"): 0.21,
        ("et", "decoder", "Pleural abnormality"): 0.246,
        ("unannotated", "spatial", "all"): 0.201,
        ("et", "decoder", "all"): 0.256,
    }
    assert set(frame[frame["reported"]].index.droplevel("label")) == {
        ("unannotated", "gradcam"),
        ("et", "spatial"),
        ("ablation_4", "spatial"),
    }
    assert list(table.shown.columns) == [
        "label",
        "model",
        "cases",
        "decoder",
        "published, decoder",
        "spatial",
        "published, spatial",
        "gradcam",
    ]
    texts = {(row[0], row[1]): row[2:] for row in table.texts()}
    assert len(texts) == 11 * 2
    assert texts[("Pleural abnormality", "et")] == [
        "4", "0.040", "0.246 [0.240, 0.251]", "0.160 *", "–", "0.040",
    ]  # fmt: skip
    assert texts[("all", "unannotated")] == ["40", "–", "–", "0.235", "0.201 †", "0.059 *"]
    assert "unannotated spatial, ellipse decoder, et decoder." in table.notes[0]
    assert tables.iou_by_map({}, PUBLISHED, 0.95) is None


def test_auroc_by_label(models):
    table = tables.auroc_by_label(models, PUBLISHED, 0.95)
    own = table.frame[table.frame["model"] == "et"]
    assert own["mean"].tolist() == pytest.approx([at / 20 + 0.41 for at in range(10)])
    assert set(own["dataset"]) == {"mimic"}
    assert own["published"].isna().all()
    assert (own[["n_positive", "n_negative"]] == 20).all(axis=None)


def test_averages(models):
    frame = tables.averages(models, PUBLISHED, 0.95).frame
    assert frame["metric"].tolist() == ["auroc"] * 4 + ["iou"] * 4 + ["pointing"] * 4
    assert frame["model"].tolist()[:4] == ["unannotated", "ellipse", "et", "ablation_4"]
    of_iou = frame[frame["metric"] == "iou"]
    assert of_iou["mean"].tolist() == pytest.approx([0.235] * 4)
    assert of_iou["published"].tolist()[:3] == [0.201, 0.335, 0.256]
    assert of_iou["map"].tolist() == ["decoder"] * 4
    # runs of .225 and .245: population sd .01, sample sd .01 √2
    half = 1.96 * 0.01 / np.sqrt(2)
    assert of_iou["paper_high"].iloc[0] == pytest.approx(0.235 + half)
    assert of_iou["t_high"].iloc[0] == pytest.approx(0.235 + 12.706 * 0.01, abs=1e-5)


def test_labels_left_out_are_counted():
    one = np.array(BY_LABEL)
    one[:, 3] = np.nan
    frame = tables.averages({"et": model("et", one)}, PUBLISHED, 0.95).frame
    assert frame["n_labels"].tolist() == [9, 9, 9]
    assert frame["mean"].iloc[0] == pytest.approx(np.nanmean(one))


def test_models_without_scores_make_no_table():
    bare = {"et": model("et", [[0.2]])}
    bare["et"].auroc.clear()
    assert tables.auroc_by_label(bare, PUBLISHED, 0.95) is None
    assert tables.averages(bare, PUBLISHED, 0.95) is not None
    assert tables.iou_by_label({}, PUBLISHED, 0.95) is None
    assert tables.averages({}, PUBLISHED, 0.95) is None
    assert tables.counts({}, PUBLISHED) is None


def test_label_groups():
    frame = tables.label_groups().frame.set_index("label")
    assert frame.index.tolist() == list(TEN_LABELS)
    assert frame.loc["Pleural abnormality"].tolist() == [
        "Pleural Effusion; Pleural Other",
        "Pleural abnormality; Pleural effusion; Pleural thickening",
        "pleural abnormality; pleural effusion; pleural thickening",
    ]


def counted(name, supervision, counts, egd=None):
    one = model(name, [[0.2]], supervision=supervision)
    scores = MilScores(settings=one.settings, thresholds=[0.5], counts=counts, egd=egd)
    return replace(one, runs=[replace(one.runs[0], scores=scores)])


def test_counts():
    mimic = {"train": {"images": 900, "positive": {"Edema": 100}}}
    drawn = {"train": {"images": 50, "positive": {"Edema": 7}}}
    told = {
        "test": {"images": 20, "positive": {}},
        "train": {"images": 49, "positive": {"Edema": 9}},
    }
    models = {
        "ellipse": counted("ellipse", "ellipse", {"mimic": mimic, "reflacx": drawn}),
        "et": counted("et", "gaze", {"mimic": mimic, "reflacx": told}),
    }
    table = tables.counts(models, PUBLISHED)
    frame = table.frame
    keys = ["dataset", "labels_of", "split"]
    images = frame[frame["label"] == ""].set_index(keys)
    assert images["n"].to_dict() == {
        ("mimic", "CheXpert", "train"): 900,
        ("reflacx", "readers", "train"): 50,
        ("reflacx", "reports", "train"): 49,
        ("reflacx", "reports", "test"): 20,
    }
    assert images["published"].tolist() == [187519, 1724, 1724, 506]
    edema = table.shown.set_index("label").loc["Edema"]
    assert edema.tolist() == [100, 7, 9, 0]
    assert table.shown["label"].tolist() == ["images", *TEN_LABELS, "images, published"]
    assert len(table.notes) == 1


READERS = {"mimic": "CheXpert", "reflacx": "readers"}


@pytest.mark.parametrize(
    ("supervision", "sources"),
    [
        pytest.param("none", READERS, id="none"),
        pytest.param("ellipse", READERS, id="ellipse"),
        pytest.param("gaze", {"mimic": "CheXpert", "reflacx": "reports"}, id="gaze"),
        pytest.param("egd", {"egd": "reports", **READERS}, id="egd"),
    ],
)
def test_whose_labels_are_counted(supervision, sources):
    """As `models.mil.evaluation.counts` counts them."""
    counts = {name: {"test": {"images": 9, "positive": {}}} for name in sources}
    table = tables.counts({"one": counted("one", supervision, counts)}, PUBLISHED)
    frame = table.frame[table.frame["label"] == ""]
    assert dict(zip(frame["dataset"], frame["labels_of"], strict=True)) == sources


def test_variants_of_gaze_are_not_counted():
    counts = {"reflacx": {"test": {"images": 9, "positive": {}}}}
    models = {name: counted(name, name, counts) for name in ("report", "degraded")}
    assert tables.counts(models, PUBLISHED) is None


def test_counts_of_egd_stand_beside_the_papers():
    counts = {"egd": {"train": {"images": 40, "positive": {"Pneumothorax": 1}}}}
    ours = {"images": 45, "gaze_begins_late": 3, "pneumothorax": 0}
    table = tables.counts({"egd": counted("egd", "egd", counts, ours)}, PUBLISHED)
    assert table.notes[1] == (
        "EGD, all splits: images: here 45, in the paper 1,064; readings whose first fixation comes"
        " after the first mention: here 3, in the paper 2; images with Pneumothorax: here 0, in the"
        " paper 1."
    )
    assert table.shown.iloc[-1].isna().sum() == 1


def test_maps(models):
    frame = tables.maps(models).frame
    assert frame["model"].tolist() == list(models)
    assert frame["reported"].all()
    assert frame["test_iou"].tolist() == pytest.approx([0.235] * 4)


def test_thresholds(models):
    table = tables.thresholds(models)
    assert len(table.frame) == 40
    assert table.shown["label"].tolist() == [label for label in TEN_LABELS for _ in range(3)]
    assert isinstance(tables.thresholds({}).frame, pd.DataFrame)
