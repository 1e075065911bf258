import re
import shutil
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest
import yaml

from gazescribe.models.commands.configure import config_of
from gazescribe.models.core.settings import Training
from gazescribe.models.mil.settings import (
    MilDataset,
    MilMethod,
    MilProfile,
    MilSize,
    input_faults,
    mil_runs,
    run_faults,
    scoring_inputs,
    training_inputs,
)
from gazescribe.pipeline.commands.params import load_params, load_profile
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.yaml_files import check
from tests.unit.models.mil.mil_cases import RUN

FLAGS = re.MULTILINE | re.DOTALL
PROFILES = ("demo", "study", "paper", "published")


def test_a_setting_has_its_place_in_one_file():
    method, size = ({field.name for field in fields(kind)} for kind in (MilMethod, MilSize))
    assert method & size == set()
    assert {field.name for field in fields(Training)} < size


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_gives_runs(profile):
    runs = mil_runs(load_params().mil, load_profile(profile).mil)
    assert len(runs) == len({run.name for run in runs}) > 0
    assert any(map(run_faults, runs)) == (profile in {"paper", "published"}), "they name no file"
    assert {"unannotated", "ellipse", "et"} <= {run.model for run in runs}


def test_every_variant_can_be_trained():
    params = load_params().mil
    profile = load_profile("paper").mil
    every = replace(profile, models=list(params.variants), seeds=[3])
    runs = {run.model: run for run in mil_runs(params, every)}
    assert len(runs) == len(params.variants) > 15
    assert (runs["et"].grid, runs["ablation_3"].grid) == (32, 16)
    first = runs["ablation_1"]
    assert (first.supervision, first.balanced, first.decoder) == ("report", "off", False)
    assert runs["ellipse_15"].annotated_share == 0.15
    assert runs["et"].name == "et-seed3"


def test_the_papers_values():
    run = mil_runs(load_params().mil, load_profile("paper").mil)[-1]
    assert asdict(run) == {
        "name": "et-seed4",
        "model": "et",
        "seed": 4,
        "supervision": "gaze",
        "annotated_share": 1.0,
        "share_rule": "subjects",
        "drop_duplicates": False,
        "max_unannotated": None,
        "objective": "mil",
        "pooled_loss": "sum",
        "backbone": "resnet50",
        "weights": None,
        "image_size": 512,
        "layers": (3, 4),
        "grid": 32,
        "decoder": True,
        "balanced": "published",
        "lambda_annotated": 3.0,
        "lambda_decoder": 300.0,
        "lambda_cam": 0.0,
        "iou_every": 0,
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
        pytest.param({"supervision": ["gaze"]}, "egd, or {gaze: .* found \\['gaze'\\]", id="type"),
        pytest.param({"supervision": "gase"}, "supervision: .* gaze, .* found 'gase'", id="value"),
        pytest.param(
            {"layers": [3, 3]}, "layers: .*3, 4 or both expected, each once, found", id="layers"
        ),
        pytest.param(
            {"augment": {**asdict(load_params().mil.augment), "scale_min": 1.2}},
            "scale_min 1.2 is above scale_max 1.15",
            id="scales",
        ),
        pytest.param({"name": "other"}, None, id="name"),
    ],
)
def test_variants(variant, message):
    params, profile = load_params().mil, load_profile("demo").mil
    params = replace(params, variants={"mine": variant})
    profile = replace(profile, models=["mine"])
    if message:
        with pytest.raises(ParamsError, match=rf"(?s)mil\.variants\.mine: .*{message}"):
            mil_runs(params, profile)
    else:
        assert mil_runs(params, profile)[0].name == "mine-seed0"


def test_a_model_without_variant():
    profile = replace(load_profile("demo").mil, models=["et", "ete"])
    with pytest.raises(ParamsError, match=r"no variant ete\. Known are unannotated, ellipse, et,"):
        mil_runs(load_params().mil, profile)


def test_yaml_reads_off_as_false():
    section = load_params().mil
    variants = {"et": {"balanced": yaml.safe_load("off")}}
    profile = replace(load_profile("demo").mil, models=["et"])
    (run,) = mil_runs(replace(section, variants=variants), profile)
    assert section.balanced == "published"
    assert run.balanced == "off"
    with pytest.raises(ParamsError, match=r"balanced: .*'off', found 0"):
        mil_runs(replace(section, variants={"et": {"balanced": 0}}), profile)


def test_yaml_reads_32_as_a_number():
    content = yaml.load(resource("params/demo.yaml").read_text(), yaml.CSafeLoader)["mil"]
    profile = check({**content, "precision": 32}, MilProfile, ParamsError, where="demo")
    assert profile.precision == "32"
    with pytest.raises(ParamsError, match=r"precision: .*, found 16"):
        check({**content, "precision": 16}, MilProfile, ParamsError, where="demo")


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        pytest.param("models", [], "models: .*at least one expected", id="no-model"),
        pytest.param("models", ["../x"], "models.0: .*small letters.*found '../x'", id="name"),
        pytest.param("seeds", [-1], "seeds.0: .*equal to 0, found -1", id="seed"),
        pytest.param("image_size", 48, "image_size: .*multiple of 32, found 48", id="side"),
        pytest.param("image_size", 8192, "image_size: .*equal to 4096, found 8192", id="large"),
        pytest.param("epoch", 3, "epoch is unknown; the nearest is epochs .known: ", id="key"),
    ],
)
def test_a_profile_is_checked(key, value, fault):
    content = yaml.load(resource("params/demo.yaml").read_text(), yaml.CSafeLoader)["mil"]
    with pytest.raises(ParamsError, match=f"(?s){fault}"):
        check({**content, key: value}, MilProfile, ParamsError, where="demo")


@pytest.fixture
def inputs():
    """Those of the parameters, with maps in shards."""
    return replace(config_of("mil").inputs, maps="shards")


def test_what_a_run_of_the_paper_is_trained_on(inputs):
    named = training_inputs(RUN, inputs)
    assert {*named} == {"images", "mimic", "reflacx", "channels", "label_maps", "associated"}
    assert {*scoring_inputs(RUN, inputs)} == {*named, "ellipse_maps"}
    assert {*training_inputs(replace(RUN, supervision="none"), inputs)} == {
        *("images", "mimic", "reflacx", "channels")
    }


def test_a_run_that_draws_its_maps_reads_gaussians_in_place_of_shards(inputs):
    drawing = replace(inputs, maps="gaussians")
    named = training_inputs(RUN, drawing)
    assert {*named} == {"images", "mimic", "reflacx", "channels", "associated", "drawing"}
    assert named["drawing"] == {"amplitude": "mass", "resize": "direct"}
    of_masks = {"masks", "masks.size", "masks.channels.reflacx"}
    assert {*scoring_inputs(RUN, drawing)} == {*named, *of_masks}
    report = training_inputs(replace(RUN, supervision="report"), drawing)
    assert {*report} == {*named}
    degraded = training_inputs(replace(RUN, supervision="degraded"), drawing)
    assert {*named} ^ {*degraded} == {"associated", "degraded_associated"}


@pytest.mark.parametrize("supervision", ["none", "ellipse"])
def test_a_run_without_maps_of_gaze_stays_as_it_was(inputs, supervision):
    one, other = replace(RUN, supervision=supervision), replace(inputs, maps="gaussians")
    if supervision == "none":
        assert training_inputs(one, other) == training_inputs(one, inputs)
    of_1_0 = replace(other, masks=None)
    assert training_inputs(one, of_1_0) == training_inputs(one, inputs)
    assert scoring_inputs(one, of_1_0) == scoring_inputs(one, inputs)


def test_a_run_that_draws_its_masks_reads_tables_in_place_of_shards(inputs):
    run, drawing = replace(RUN, supervision="ellipse"), replace(inputs, maps="gaussians")
    named = training_inputs(run, drawing)
    folders = {"images", "mimic", "reflacx", "channels"}
    assert {*named} == folders | {"masks", "masks.channels.reflacx"}
    assert named["masks"] == {"min_certainty": 3, "resize": "direct"}
    scored = scoring_inputs(run, drawing)
    assert {*scored} == {*named, "masks.size"}
    assert scored["masks.size"] == (512, 512)


def test_all_data_sets_of_whose_ellipses_no_label_is_known(inputs):
    mylab = {"mylab": MilDataset("t", "a", ellipse_maps="e")}
    own = replace(inputs, maps="gaussians", datasets=mylab, scored_on=("reflacx", "mylab"))
    assert input_faults(own, []) == ["inputs.masks.channels: mylab is missing"]
    assert input_faults(replace(own, maps="shards"), []) == []


def test_data_sets_of_ones_own_need_no_shards_where_maps_are_drawn(inputs):
    mylab = {"mylab": MilDataset("t", "a")}
    own = replace(inputs, datasets=mylab, scored_on=("mylab",))
    run = replace(RUN, supervision={"gaze": ("mylab",)})
    assert "has no label_maps" in input_faults(own, [run])[0]
    drawing = replace(own, maps="gaussians")
    assert input_faults(drawing, [run]) == []
    assert "datasets.mylab.label_maps" not in scoring_inputs(run, drawing)


def test_labels_and_data_sets_of_ones_own_count(inputs):
    mylab = MilDataset("t", "a", "m", mentions="said.parquet")
    changes = {"labels": ("Crack", "Dent"), "unannotated": ("mylab",), "scored_on": ("mylab",)}
    reached = {"own_channels": {"mylab": {"crack": ("Crack",)}}, "datasets": {"mylab": mylab}}
    own = replace(inputs, **changes, **reached)
    named = training_inputs(replace(RUN, supervision="none"), own)
    assert named == {
        "images": inputs.images,
        "channels": inputs.channels,
        "datasets.mylab.tables": "t",
        "datasets.mylab.mentions": "said.parquet",
        "own_channels.mylab": {"crack": ("Crack",)},
        **changes,
    }
    scored = scoring_inputs(replace(RUN, supervision="none"), own)
    assert {*scored} - {*named} == {"datasets.mylab.label_maps", "datasets.mylab.associated"}


def test_a_data_set_that_a_run_does_not_read_leaves_it_as_it_was(inputs):
    own = replace(inputs, datasets={"mylab": MilDataset("t")}, own_channels={"mylab": {}})
    assert training_inputs(RUN, own) == training_inputs(RUN, inputs)


def test_data_sets_that_have_not_what_they_are_named_for(inputs):
    datasets = {"My Lab": MilDataset("t"), "egd": MilDataset("t"), "mylab": MilDataset("t")}
    own = replace(inputs, datasets=datasets, unannotated=("reflacx",), scored_on=("mylab",))
    run = replace(RUN, supervision={"gaze": ("mylap",)})
    faults = input_faults(own, [run])
    expected = (
        *("found My Lab", "found egd", "inputs.unannotated: mimic, ", "inputs.scored_on: "),
        "et-seed0.supervision: reflacx, egd, ",
    )
    assert len(faults) == len(expected)
    for fault, part in zip(faults, expected, strict=True):
        assert part in fault
    assert input_faults(inputs, [RUN]) == []


def test_the_page_says_how_data_sets_of_ones_own_are_named(tmp_path, monkeypatch):
    page = Path(__file__).parents[4] / "docs" / "mil.md"
    block = r"^`params.yaml`, in section `mil`\n\n```yaml\n(.*?)^```"
    found = re.search(block, page.read_text(), FLAGS)
    said = yaml.safe_load(found[1])
    params = yaml.safe_load(resource("params.yaml").read_text())
    params["mil"]["inputs"] |= said["inputs"]
    params["maps"] = "shards"
    params["mil"]["variants"] = said["variants"]
    shutil.copytree(resource("params"), tmp_path / "params")
    profile = yaml.safe_load((tmp_path / "params" / "demo.yaml").read_text())
    profile["mil"]["models"] = list(said["variants"])
    (tmp_path / "params" / "demo.yaml").write_text(yaml.safe_dump(profile))
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    shutil.copytree(resource("rules"), tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    config = config_of("mil")
    assert [run.model for run in config.runs] == list(said["variants"])
    read = set().union(*(scoring_inputs(run, config.inputs) for run in config.runs))
    assert {name for name in read if name.startswith("datasets.")} == {
        "datasets.archive.tables",
        *(f"datasets.mylab.{name}" for name in said["inputs"]["datasets"]["mylab"]),
    }
