import pytest

from gazescribe.pipeline.core.class_names import (
    TEN_LABELS,
    check_same_labels,
    labels_metadata,
    labels_said,
)
from gazescribe.pipeline.core.errors import AlignmentError, SchemaError
from gazescribe.pipeline.dictation.label_maps import load_label_map

CLASSES = {  # spec: the 21 categories of the published labeler's output
    "acute fracture & fracture",
    "airway wall thickening",
    "atelectasis",
    "consolidation",
    "enlarged cardiac silhouette",
    "enlarged hilum",
    "groundglass opacity",
    "hiatal hernia",
    "high lung volume - emphysema & emphysema",
    "interstitial lung disease & fibrosis",
    "lung nodule or mass",
    "mass",
    "nodule",
    "pleural abnormality",
    "pleural effusion",
    "pleural thickening",
    "pneumothorax",
    "pulmonary edema",
    "quality issue",
    "support devices",
    "wide mediastinum & abnormal mediastinum contour",
}
LITERAL = "opacity"  # ours, beside the published ones: said only by a convention of the labeler
OPEN_NOTHING = {
    "airway wall thickening",
    "enlarged hilum",
    "hiatal hernia",
    "high lung volume - emphysema & emphysema",
    "quality issue",
    "support devices",
}


def test_rules_have_the_ten_channels_in_order():
    assert load_label_map().channels == TEN_LABELS
    assert len(TEN_LABELS) == 10


def test_rules_have_the_21_classes():
    targets = load_label_map().targets
    assert targets.keys() - {LITERAL} == CLASSES
    assert {label for label, channels in targets.items() if not channels} == OPEN_NOTHING


def test_opacity_takes_what_the_papers_table_says():
    reached = {label for label, to in load_label_map().targets.items() if "Opacity" in to}
    assert reached - {LITERAL} == {
        "pulmonary edema",
        "lung nodule or mass",
        "nodule",
        "mass",
        "atelectasis",
        "consolidation",
        "groundglass opacity",
        "interstitial lung disease & fibrosis",
    }


def said(text):
    return labels_said({b"labels": text.encode()}, "a table")


def test_labels_travel_in_metadata():
    labels = ("Knochenbruch", "Erguß", 'a, "b"')
    written = labels_metadata(labels)
    assert said(written["labels"]) == labels


def test_tables_that_say_nothing_are_of_the_ten():
    assert labels_metadata(TEN_LABELS) == {}
    assert labels_said(None, "a table") == labels_said({b"params": b"{}"}, "a table") == TEN_LABELS
    assert labels_metadata(TEN_LABELS[::-1]) != {}


@pytest.mark.parametrize("text", ["[]", '["A", 1]', '["A", "A"]', '{"A": 1}', "A, B"])
def test_metadata_that_names_no_labels(text):
    with pytest.raises(SchemaError, match="a table: "):
        said(text)


def test_other_labels_are_named():
    check_same_labels(["A", "B"], ("A", "B"), where="maps")
    with pytest.raises(AlignmentError, match="of the labels A, B; expected: B, C") as error:
        check_same_labels(["A", "B"], ("B", "C"), where="maps")
    assert error.value.faults == ("not asked for: A", "absent: C")
    with pytest.raises(AlignmentError, match="of the labels B, A; expected: A, B"):
        check_same_labels(["B", "A"], ("A", "B"), where="maps")
