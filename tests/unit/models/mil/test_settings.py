from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import pytest
import yaml
from annotated_types import Ge, Gt, Le

from gazescribe.models.core.config import Between
from gazescribe.models.mil.settings import Evaluation, Inputs, Run
from gazescribe.pipeline.commands.params import load_params, load_profile
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.networks import MilInputs, MilMethod, MilProfile, MilRun, MilSize, mil_runs

PROFILES = ("demo", "study", "paper")


def plain(kind):
    """What two annotations have in common: names of dataclasses, choices, list or tuple, None."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return plain(arguments[0])
    if origin is Literal:
        return ("one of", *arguments)
    if origin in (list, tuple):
        return ("several", plain(arguments[0]))
    if arguments:
        return {plain(one) for one in arguments}.__repr__()
    return kind.__name__


@pytest.mark.parametrize("name", sorted(get_type_hints(Run)))
def test_both_definitions_of_a_run_say_the_same(name):
    ours, theirs = get_type_hints(Run)[name], get_type_hints(MilRun, include_extras=False)[name]
    assert plain(ours) == plain(theirs)


def test_both_have_the_same_fields():
    assert set(get_type_hints(Run)) == set(MilRun.model_fields)
    assert set(get_type_hints(Inputs)) == {*MilInputs.model_fields, "channels"}
    assert set(get_type_hints(Evaluation)) == {
        *load_params().mil.evaluation.model_dump(),
        "batch_size",
    }


def bounds(kind):
    found = [one for one in get_args(kind) if isinstance(one, Between)]
    return (found[0].low, found[0].high, found[0].above) if found else None


@pytest.mark.parametrize(
    "name", [one for one, kind in get_type_hints(Run, include_extras=True).items() if bounds(kind)]
)
def test_both_have_the_same_bounds(name):
    low, high, above = bounds(get_type_hints(Run, include_extras=True)[name])
    given = {type(one): one for one in MilRun.model_fields[name].metadata}
    assert (given[Gt].gt if above else given[Ge].ge) == low
    assert (given[Le].le if Le in given else float("inf")) == high


def test_a_setting_has_its_place_in_one_file():
    assert set(MilMethod.model_fields) & set(MilSize.model_fields) == set()


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_gives_runs(profile):
    runs = mil_runs(load_params().mil, load_profile(profile).mil)
    assert len(runs) == len({run.name for run in runs}) > 0
    assert {"unannotated", "ellipse", "et"} <= {run.model for run in runs}


def test_every_variant_can_be_trained():
    params = load_params().mil
    profile = load_profile("paper").mil
    every = profile.model_copy(update={"models": list(params.variants), "seeds": [3]})
    runs = {run.model: run for run in mil_runs(params, every)}
    assert len(runs) == len(params.variants) > 15
    assert (runs["et"].grid, runs["ablation_3"].grid) == (32, 16)
    assert runs["ablation_1"].model_dump(include={"supervision", "balanced", "decoder"}) == {
        "supervision": "report",
        "balanced": "off",
        "decoder": False,
    }
    assert runs["ellipse_15"].annotated_share == 0.15
    assert runs["et"].name == "et-seed3"


def test_the_papers_values():
    run = mil_runs(load_params().mil, load_profile("paper").mil)[-1]
    assert run.model_dump() == {
        "name": "et-seed4",
        "model": "et",
        "seed": 4,
        "supervision": "gaze",
        "annotated_share": 1.0,
        "share_rule": "subjects",
        "drop_duplicates": False,
        "max_unannotated": None,
        "objective": "mil",
        "backbone": "resnet50",
        "weights": None,
        "image_size": 512,
        "layers": [3, 4],
        "grid": 32,
        "decoder": True,
        "balanced": "published",
        "lambda_annotated": 3.0,
        "lambda_decoder": 300.0,
        "map_threshold": 0.15,
        "normalise": "once",
        "epochs": 60,
        "batch_size": 20,
        "lr": 1e-3,
        "weight_decay": 1e-5,
        "amsgrad": True,
        "augment": {
            "degrees": 45.0,
            "translate": 0.15,
            "scale_min": 0.85,
            "scale_max": 1.15,
            "interpolation": "bilinear",
        },
        "precision": "32",
        "channels_last": True,
        "compile": False,
        "workers": 8,
        "log": "csv",
    }


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        pytest.param({"lamda_decoder": 3}, "lamda_decoder is unknown; .* lambda_decoder", id="key"),
        pytest.param({"supervision": "gase"}, "supervision: .*'gaze'.* found 'gase'", id="value"),
        pytest.param({"layers": [3, 3]}, "layers: .*each layer is joined once", id="layers"),
        pytest.param(
            {"augment": {**load_params().mil.augment.model_dump(), "scale_min": 1.2}},
            "scale_min 1.2 is above scale_max 1.15",
            id="scales",
        ),
        pytest.param({"name": "other"}, None, id="name"),
    ],
)
def test_variants(variant, message):
    params, profile = load_params().mil, load_profile("demo").mil
    params = params.model_copy(update={"variants": {"mine": variant}})
    profile = profile.model_copy(update={"models": ["mine"]})
    if message:
        with pytest.raises(ParamsError, match=rf"(?s)mil\.variants\.mine: .*{message}"):
            mil_runs(params, profile)
    else:
        assert mil_runs(params, profile)[0].name == "mine-seed0"


def test_a_model_without_variant():
    profile = load_profile("demo").mil.model_copy(update={"models": ["et", "ete"]})
    with pytest.raises(ParamsError, match=r"no variant ete\. Known are unannotated, ellipse, et,"):
        mil_runs(load_params().mil, profile)


def test_yaml_reads_off_as_false():
    content = yaml.safe_load(resource("params.yaml").read_text())
    runs = mil_runs(
        load_params().mil.model_copy(
            update={"variants": {"et": {"balanced": yaml.safe_load("off")}}}
        ),
        MilProfile(
            **{**yaml.safe_load(resource("params/demo.yaml").read_text())["mil"], "models": ["et"]}
        ),
    )
    assert content["mil"]["balanced"] == "published"
    assert runs[0].balanced == "off"
