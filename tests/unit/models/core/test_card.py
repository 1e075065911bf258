import pytest

from gazescribe.models.core.card import model_card

SAID = {
    "system": "mil",
    "run": {"name": "et-seed0", "seed": 0, "augment": {"degrees": 45.0, "translate": 0.15}},
    "input": {"height": 512, "width": 640, "channels": 3, "normalise": "twice"},
    "labels": ["Edema", "Fracture"],
    "training": {"best_epoch": 7, "n": {"train": {"mimic": 12, "egd": 3}}},
    "metrics": None,
    "versions": {"torch": "2.0"},
}


def section(card, title):
    """Lines below a heading."""
    lines = card.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return [line for line in lines.splitlines() if line]


def test_it_begins_with_what_goes_in_and_comes_out():
    first, about = [line for line in model_card(SAID).splitlines() if line][:2]
    assert first == "# et-seed0"
    assert about == (
        "A network of gazescribe (mil). Input: 512 × 640 pixels, letterboxed, 3 channels,"
        " normalised twice. Output: Edema, Fracture."
    )


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        ({"run": "contrastive-seed0"}, "It started from the weights of contrastive-seed0."),
        ({"file": "a.pth", "sha256": "12ab"}, "from the weights in a.pth (SHA-256 12ab)."),
        ({"weights": "scratch"}, "It started from random weights."),
    ],
)
def test_it_says_what_training_began_from(start, sentence):
    card = model_card({**SAID, "training": {"training": {"started_from": start}}})
    (about,) = [line for line in card.splitlines() if line.startswith("A network of gazescribe")]
    assert about.endswith(sentence)


def test_settings_are_rows_in_the_order_of_their_dotted_names():
    assert section(model_card(SAID), "Settings") == [
        "| what | value |",
        "| --- | --- |",
        "| augment.degrees | 45.0 |",
        "| augment.translate | 0.15 |",
        "| name | et-seed0 |",
        "| seed | 0 |",
    ]
    rows = section(model_card(SAID), "Training data")
    assert rows[2:] == ["| best_epoch | 7 |", "| n.train.egd | 3 |", "| n.train.mimic | 12 |"]


@pytest.mark.parametrize(
    ("metrics", "lines"),
    [
        pytest.param(None, ["Not evaluated yet."], id="trained"),
        pytest.param({"auroc": {"test": 0.75}}, ["| auroc.test | 0.75 |"], id="evaluated"),
    ],
)
def test_scores_are_there_once_it_is_evaluated(metrics, lines):
    assert section(model_card({**SAID, "metrics": metrics}), "Scores")[-1:] == lines


def test_every_card_says_what_it_is_not_for_and_whom_to_cite():
    card = model_card(SAID)
    assert any("Not for diagnosis" in line for line in section(card, "Intended use"))
    assert any("PhysioNet" in line for line in section(card, "Data and licence"))
    cited = "\n".join(section(card, "How to cite"))
    assert "3:1088068 (2023)" in cited
    assert "52(7):e17977 (2025)" in cited


def test_data_of_others_are_under_their_makers_terms():
    def licence(*names):
        sources = dict.fromkeys(names, "drawn")
        card = model_card({**SAID, "training": {"training": {"split_source": sources}}})
        return section(card, "Data and licence")[-1]

    assert licence("egd", "mimic", "reflacx") == "of that, and say nothing about people."
    assert licence("mylab", "egd", "a") == (
        "It learnt from a, mylab, too: what may be done with it, their makers say."
    )
