from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import Plate
from gazescribe.pipeline.results.rows import PaperTable
from gazescribe.pipeline.results.starts import say_starts, starts_of, weights_of, with_starts
from gazescribe.pipeline.results.writing import NetworkResults


def run(name, *, init_from=None, weights=None):
    return SimpleNamespace(name=name, init_from=init_from, settings={"weights": weights})


RUNS = {
    "contrastive": [run("contrastive-seed0", weights="weights/imagenet.safetensors")],
    "dual_encoder": [run("dual_encoder-seed0", init_from="contrastive-seed0")],
    "cooperative": [run("cooperative-seed0", init_from="dual_encoder-seed0")],
    "joint_sum": [run("joint_sum-seed0", weights="scratch")],
    "unet_s": [run("unet_s-seed0")],
}


def test_a_stage_started_from_what_the_first_one_did():
    assert starts_of(RUNS) == {
        "contrastive": "imagenet.safetensors",
        "dual_encoder": "imagenet.safetensors",
        "cooperative": "imagenet.safetensors",
        "joint_sum": "scratch",
        "unet_s": "scratch",
    }
    (last,) = RUNS["cooperative"]
    assert weights_of(last, {"cooperative-seed0": last}) == "those of dual_encoder-seed0"


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        pytest.param(["et", "ellipse"], "All networks started from resnet.pth.", id="alike"),
        pytest.param(
            ["et", "ellipse", "mine"],
            "What networks started from: et, ellipse from resnet.pth; mine from scratch.",
            id="two",
        ),
    ],
)
def test_the_sentence(models, sentence):
    starts = {"et": "resnet.pth", "ellipse": "resnet.pth", "mine": "scratch", "other": "x"}
    assert say_starts(starts, models) == sentence


def test_each_table_and_picture_says_it_of_its_own_models():
    starts = {"et": "a$b.pth", "mine": "scratch"}
    own, everything, none = (
        PaperTable(name, frame, frame, ["A note."])
        for name, frame in (
            ("own", pd.DataFrame({"model": ["mine", "centre_prior"]})),
            ("all", pd.DataFrame({"label": ["Edema"]})),
            ("none", pd.DataFrame({"group": ["Opacity"]})),
        )
    )
    drawn = {name: Plate(Figure(), name, "") for name in ("own", "second", "none", "free")}
    drawn["own"] = Plate(Figure(), "own", "Thin: over subjects.")
    results = NetworkResults(
        "Results",
        [],
        {"own": own, "all": everything, "none": none, "not_made": None},
        {**drawn, "not_drawn": None},
        {"second": "own"},
    )
    said = with_starts(results, starts, ["none"])
    both = "What networks started from: et from a$b.pth; mine from scratch."
    assert {name: table.notes for name, table in said.made.items()} == {
        "own": ["A note.", "All networks started from scratch."],
        "all": ["A note.", both],
        "none": ["A note."],
    }
    captions = {name: plate.caption for name, plate in said.drawn.items()}
    assert captions == {
        "own": "Thin: over subjects. All networks started from scratch.",
        "second": "All networks started from scratch.",
        "none": "",
        "free": both,
    }
