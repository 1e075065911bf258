from gazescribe.pipeline.core.class_names import TEN_LABELS
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
