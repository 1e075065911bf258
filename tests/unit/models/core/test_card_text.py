"""The card as text: what belongs together stands in one table."""

from gazescribe.models.core.card import model_card
from gazescribe.models.core.card_text import card_text

SAID = {
    "system": "mil",
    "run": {"name": "et-seed0", "lr": 0.001, "layers": [3, 4], "fold": None},
    "input": {"height": 512, "width": 640, "channels": 3, "normalise": "once"},
    "labels": ["Edema", "Fracture"],
    "training": {
        "best_epoch": 7,
        "positive": {"mimic": {"Edema": 5, "Mass": 12, "Fracture": 0}, "egd": {}},
    },
    "metrics": {
        "map": "gradcam",
        "auroc": {"mimic": {"test": 0.50874, "validate": 0.75}},
        "iou": {
            "test": {"decoder": 0.0654, "gradcam": 0.5},
            "validate": {"decoder": 1.0, "gradcam": None},
        },
    },
    "versions": {"torch": "2.0"},
}


def section(title, metadata=SAID):
    text = card_text({**metadata, "card": model_card(metadata)})
    return text.split(f"{title}\n\n", 1)[1].split("\n\n\n", 1)[0].splitlines()


def test_rows_of_the_same_names_are_one_table_and_others_a_list():
    assert section("SCORES")[:6] == [
        "map                   gradcam",
        "auroc mimic test      0.5087",
        "auroc mimic validate  0.75",
        "",
        "iou       decoder  gradcam",
        "test       0.0654      0.5",
    ]


def test_more_names_than_rows_are_turned_over():
    positive = {
        "mimic": {"Edema": 5, "Mass": 12, "Fracture": 0},
        "egd": {"Edema": 1, "Mass": 2, "Fracture": 3},
    }
    lines = section("TRAINING DATA", {**SAID, "training": {"positive": positive}})
    assert lines[:4] == [
        "positive  mimic  egd",
        "Edema         5    1",
        "Mass         12    2",
        "Fracture      0    3",
    ]


def test_prose_stays_and_marks_go():
    text = card_text({**SAID, "card": model_card(SAID)})
    assert text.startswith("et-seed0\n\nA network of gazescribe (mil). Input: 512 × 640 pixels")
    assert "Not for diagnosis: it was validated" in text
    assert not {"**", "| ", "##"} & {mark for mark in ("**", "| ", "##") if mark in text}
    assert max(map(len, text.splitlines())) <= 100


def test_settings_are_a_list():
    assert section("SETTINGS")[:4] == [
        "name    et-seed0",
        "lr      0.001",
        "layers  3, 4",
        "fold    -",
    ]


def test_a_card_without_scores_says_so():
    assert section("SCORES", {**SAID, "metrics": None})[0] == "Not evaluated yet."
