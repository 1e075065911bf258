import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest

from gazescribe.models.mil.settings import mil_runs
from gazescribe.pipeline.commands.params import load_params, load_profile
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.results.mil.experiments import Degraded, ablation, lambdas, noise
from gazescribe.pipeline.results.published import PublishedMil, load_published
from tests.conftest import ROOT
from tests.scores import MODELS, model

PUBLISHED = load_published("mil", PublishedMil)
METHOD = load_params(resource("params.yaml")).mil
DOCS = (ROOT / "docs" / "mil.md").read_text()
LOW = {"layers": [4], "grid": 2}
OFF = {"balanced": "off", "decoder": False}


def models(**iou):
    """Models of these names, with this IoU for every label."""
    return {name: model(name, [[value], [value + 0.02]]) for name, value in iou.items()}


ALL = models(**{name: 0.1 + 0.01 * at for at, name in enumerate(MODELS)})


def cells(table):
    rows = table.frame.to_dict("records")
    return {(row["row"], row["column"]): row["model"] for row in rows}


def test_the_six_rows():
    table = ablation(ALL, PUBLISHED, 0.95)
    assert cells(table) == {
        ("1", "et"): "ablation_1",
        ("2", "et"): "ablation_2",
        ("3", "et"): "ablation_3",
        ("4", "et"): "ablation_4",
        ("5", "et"): "ablation_5",
        ("full", "unannotated"): "unannotated",
        ("full", "ellipse"): "ellipse",
        ("full", "et"): "et",
    }
    frame = table.frame.set_index(["row", "column"])
    assert frame.loc[("3", "et"), "mean"] == pytest.approx(ALL["ablation_3"].best.iou.mean()[0])
    assert frame.loc[("5", "et"), "published"] == 0.194
    assert frame.loc[("full", "ellipse"), "published"] == 0.335
    parts = ["label_specific", "balanced", "multi_resolution", "decoder"]
    assert frame.loc[("4", "et"), parts].tolist() == [True, True, True, False]
    assert "Rows of 4 models that were not trained are left out." in table.notes[0]


def models_of(line, method=METHOD):
    """The models that a command of docs/mil.md trains, with the settings that they get."""
    (command,) = [one for one in DOCS.splitlines() if line in one and one.startswith("dvc exp run")]
    names = re.search(r"mil\.models=\[(.*?)\]", command)[1].split(",")
    profile = load_profile("study", resource("params.yaml")).mil
    models = {}
    for run in mil_runs(method, replace(profile, models=names, seeds=[0])):
        settings = json.loads(json.dumps(asdict(run)))  # as scores have them
        for key in ("name", "model", "seed"):
            del settings[key]
        models[run.model] = model(run.model, [[0.1]], **settings)
    return models


def test_the_documented_command_fills_each_row_for_every_model_it_applies_to():
    table = ablation(models_of("ablation_1,"), PUBLISHED, 0.95)
    found = cells(table)
    assert {key: name for key, name in found.items() if key[1] != "et"} == {
        ("1", "unannotated"): "ablation_1_unannotated",
        ("1", "ellipse"): "ablation_1_ellipse",
        ("3", "ellipse"): "ablation_3_ellipse",
        ("4", "ellipse"): "ablation_4_ellipse",
        ("full", "unannotated"): "unannotated",
        ("full", "ellipse"): "ellipse",
    }
    assert len(found) == 12
    assert "left out" not in table.notes[0]


def test_the_documented_command_of_balanced_products_fills_the_rows_without_annotations():
    line = "ablation_3_unannotated"
    (command,) = [one for one in DOCS.splitlines() if line in one]
    assert "-S mil.balanced=all " in command
    found = cells(ablation(models_of(line, replace(METHOD, balanced="all")), PUBLISHED, 0.95))
    assert {row: name for (row, column), name in found.items() if column == "unannotated"} == {
        "1": "ablation_1_unannotated",
        "3": "ablation_3_unannotated",
        "full": "unannotated",
    }


def test_balance_matters_without_annotations_where_all_products_are_balanced():
    every = {
        name: model(name, [[0.1]], **dict(MODELS[name], balanced="all"))
        for name in ("unannotated", "et")
    }
    off = model("none_1", [[0.1]], supervision="none", **LOW, **OFF)
    three = model("none_3", [[0.1]], supervision="none", **LOW, decoder=False, balanced="all")
    found = cells(ablation({**every, "none_1": off, "none_3": three}, PUBLISHED, 0.95))
    assert found[("1", "unannotated")] == "none_1"
    assert found[("3", "unannotated")] == "none_3"


def test_a_model_with_other_settings_is_no_row():
    other = {"ablation_4": model("ablation_4", [[0.1]], decoder=False, epochs=1)}
    found = cells(ablation(models(et=0.2) | other, PUBLISHED, 0.95))
    assert ("4", "et") not in found
    assert found[("5", "et")] == ""  # published, not trained
    assert found[("full", "et")] == "et"


def test_without_et_there_is_nothing_to_take_away_from():
    few = models(ellipse=0.3)
    assert ablation(few, PUBLISHED, 0.95) is None
    assert noise(few, PUBLISHED, 0.95, None) is None
    assert lambdas(few, PUBLISHED) is None


def test_degraded_mentions():
    before, after = {"recall": 0.93, "precision": 0.9}, {"recall": 0.5, "precision": None}
    dropped, added = {"asked": 0.45, "reached": 0.441}, {"asked": 0.05, "reached": None}
    degraded = Degraded("Pleural abnormality", before, after, dropped, added)
    table = noise(ALL, PUBLISHED, 0.95, degraded)
    frame = table.frame
    assert frame[["metric", "model", "degraded"]].to_numpy().tolist() == [
        [metric, *of]
        for metric in ("iou", "auroc")
        for of in (["unannotated", False], ["et_degraded", True], ["et", False])
    ]
    assert set(frame["label"]) == {"Pleural abnormality"}
    np.testing.assert_array_equal(frame["published"], [0.21, 0.227, 0.246, np.nan, 0.869, np.nan])
    (note,) = table.notes
    assert note == (
        "Mentions of Pleural abnormality before: recall 0.930, precision 0.900; after: recall"
        " 0.500, precision –. Dropped in 0.441 of the cases with it (0.450 asked), added in – of"
        " the cases without it (0.050 asked). Published, after: recall 0.51, precision 0.86."
    )


def test_another_label_degraded_has_no_published_figure():
    one, share = {"recall": 1.0, "precision": 1.0}, {"asked": 0.5, "reached": 0.5}
    table = noise(ALL, PUBLISHED, 0.95, Degraded("Edema", one, one, share, share))
    assert set(table.frame["label"]) == {"Edema"}
    assert table.frame["published"].isna().all()


def test_without_a_degraded_model():
    assert noise(models(et=0.2, unannotated=0.1), PUBLISHED, 0.95, None) is None


def test_weights_of_the_losses():
    varied = {
        f"et_{value}": model(f"et_{value}", [[0.2], [0.2 + value / 1000]], lambda_annotated=value)
        for value in (30.0, 0.3)
    }
    both = model("et_both", [[0.2]], lambda_annotated=1.0, lambda_decoder=1.0)
    table = lambdas(models(et=0.25) | varied | {"et_both": both}, PUBLISHED)
    frame = table.frame
    assert frame["model"].tolist() == ["et_0.3", "et", "et_30.0"]
    assert set(frame["weight"]) == {"lambda_annotated"}
    assert frame["value"].tolist() == [0.3, 3.0, 30.0]
    assert frame["chosen_by_paper"].tolist() == [False, True, False]
    assert frame["validation_iou"].tolist() == pytest.approx([0.20015, 0.26, 0.215])
    assert frame["validation_iou_sd"].tolist()[2] == pytest.approx(0.03 / np.sqrt(2))


def test_one_seed_has_no_spread():
    varied = {"et_1": model("et_1", [[0.2]], lambda_decoder=1.0)}
    frame = lambdas(models(et=0.25) | varied, PUBLISHED).frame
    assert np.isnan(frame["validation_auroc_sd"].iloc[0])


@pytest.mark.parametrize(
    ("weight", "line"), [("lambda_annotated", "lambda_a_1,"), ("lambda_decoder", "lambda_t_1,")]
)
def test_the_documented_command_tries_what_the_paper_tried(weight, line):
    grid = PUBLISHED.lambdas[weight]
    frame = lambdas(models_of(line), PUBLISHED).frame
    assert set(frame["weight"]) == {weight}
    assert frame["value"].tolist() == grid.tried
    assert frame.loc[frame["model"] == "et", "value"].tolist() == [grid.chosen]


def test_no_weight_varies():
    assert lambdas(ALL, PUBLISHED) is None
