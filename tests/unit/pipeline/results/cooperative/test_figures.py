from pathlib import Path

import pandas as pd

from gazescribe.pipeline.core.figures import CYCLE
from gazescribe.pipeline.results.cooperative import figures
from gazescribe.pipeline.results.cooperative.joint import Trained, TrainingRecord
from gazescribe.pipeline.results.cooperative.scores import CooperativeScores
from gazescribe.pipeline.results.runs import ScoredRun

EDGES = {f"{name}_{side}": 0.1 for name in ("t", "subjects") for side in ("low", "high")}


def test_the_diagnosis_has_a_panel_for_each_main_figure():
    frame = pd.DataFrame(
        {"metric": ["macro", "accuracy", "micro"], "model": "mt_unet", "n_images": 9, **EDGES}
    )
    frame = frame.assign(mean=[0.8, 0.6, 0.9], published=[0.834, None, None])
    plate = figures.diagnosis(frame)
    macro, accuracy = plate.figure.axes
    assert plate.caption.startswith("Of 9 test images")
    assert (macro.get_title(), accuracy.get_title()) == ("AUROC, macro", "accuracy")
    means, published = macro.collections[-2:]
    assert means.get_offsets().tolist() == [[0.8, 0]]
    assert published.get_offsets().tolist() == [[0.834, 0]]
    assert accuracy.collections[-2].get_offsets().tolist() == [[0.6, 0]]


def test_fit_is_that_of_valid_pixels_beside_what_was_published_of_all():
    """The paper has KL .706 on all pixels; ours is .5 on valid ones and .9 on all."""
    frame = pd.DataFrame({"metric": "kl", "model": "unet_s", "pixels": ["valid", "all"]})
    frame = frame.assign(mean=[0.5, 0.9], published=[None, 0.706], n_images=9, **EDGES)
    kl = figures.fit("Fit", frame).figure.axes[0]
    means, published = kl.collections[-2:]
    assert means.get_offsets().tolist() == [[0.5, 0]]
    assert published.get_offsets().tolist() == [[0.706, 0]]


def history(model, seed, **columns):
    settings = {"model": model, "seed": seed}
    run = ScoredRun(Path(f"{model}-seed{seed}"), CooperativeScores(settings=settings, counts={}))
    record = TrainingRecord(seconds=1, prepare_s=0, peak_memory_mib=None, epochs=2, best_epoch=1)
    return Trained(run, record, pd.DataFrame({"epoch": [0, 1], **columns}))


def test_a_line_a_seed_and_a_dot_at_the_best_epoch():
    trained = {
        "joint-seed1": history("joint", 1, val_classes=[1.2, 1.1], val_saliency=[0.9, 0.8]),
        "joint-seed0": history("joint", 0, val_classes=[4.0, 2.7], val_saliency=[0.6, 0.5]),
        "cooperative-seed0": history("cooperative", 0, val_classes=[0.4, 0.3]),
        "unet_s-seed0": history("unet_s", 0, val_classes=[9.0, 9.0]),
    }
    figure = figures.curves(trained, ["cooperative", "joint"]).figure
    classes, saliency = figure.axes
    assert [line.get_ydata().tolist() for line in classes.lines] == [
        [0.4, 0.3],
        [0.3],
        [4.0, 2.7],
        [2.7],
        [1.2, 1.1],
        [1.1],
    ]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Cooperative", "Joint"]
    # a network without this loss has no line; seeds of a model have one colour
    assert len(saliency.lines) == 4
    assert {line.get_color() for line in saliency.lines} == {CYCLE[1]}
    assert classes.get_yscale() == "log"  # from .3 to 4
    assert saliency.get_yscale() == "linear"
