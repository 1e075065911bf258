import dataclasses
import json
import math

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from gazescribe.models.core.checkpoint import (
    KEY,
    Checkpoint,
    annotate_checkpoint,
    library_versions,
    load_checkpoint,
    load_weights,
    read_metadata,
    save_checkpoint,
    weights_hash,
)
from gazescribe.pipeline.core.errors import SchemaError


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))


@pytest.fixture
def checkpoint():
    return Checkpoint(
        system="mil",
        run={"name": "et-seed0", "layers": (3, 4), "augment": {"degrees": 45.0}},
        run_hash="abc",
        labels=["Edema", "Opacity"],
        input={"height": 64, "width": 64, "channels": 3, "normalise": "once"},
        training={"best_epoch": 3, "training": {"n": {"train": {"mimic": 84}}}},
        weights=network().state_dict(),
    )


@pytest.fixture
def path(tmp_path, checkpoint):
    save_checkpoint(checkpoint, tmp_path / "run" / "model.safetensors")
    return tmp_path / "run" / "model.safetensors"


def test_what_is_saved_is_loaded(path, checkpoint):
    found = load_checkpoint(path, system="mil")
    assert found.run == {**checkpoint.run, "layers": [3, 4]}
    assert found.versions == library_versions()
    assert (found.thresholds, found.metrics) == (None, None)
    assert set(found.weights) == set(checkpoint.weights)
    for name, value in checkpoint.weights.items():
        assert torch.equal(found.weights[name], value)
        assert found.weights[name].dtype == value.dtype


def test_others_read_the_weights_without_us(path, checkpoint):
    assert set(load_file(path)) == set(checkpoint.weights)


def test_the_same_network_gives_the_same_bytes(tmp_path, path, checkpoint):
    order = dict(reversed(checkpoint.weights.items()))
    save_checkpoint(dataclasses.replace(checkpoint, weights=order), tmp_path / "other")
    assert (tmp_path / "other").read_bytes() == path.read_bytes()


def test_channels_last_is_saved_as_any(tmp_path, path, checkpoint):
    weights = network().to(memory_format=torch.channels_last).state_dict()
    save_checkpoint(dataclasses.replace(checkpoint, weights=weights), tmp_path / "other")
    assert (tmp_path / "other").read_bytes() == path.read_bytes()


def test_annotate(tmp_path, path):
    thresholds = {"decoder": {"Edema": 0.15}}
    annotate_checkpoint(path, tmp_path / "copy", thresholds=thresholds, metrics={"auroc": 0.75})
    before, after = load_checkpoint(path), load_checkpoint(tmp_path / "copy")
    assert (before.thresholds, after.thresholds) == (None, thresholds)
    assert all(torch.equal(before.weights[name], after.weights[name]) for name in before.weights)
    cards = [read_metadata(one)["card"] for one in (path, tmp_path / "copy")]
    assert "Not evaluated yet" in cards[0]
    assert "| auroc | 0.75 |" in cards[1]


def test_card(path):
    card = read_metadata(path)["card"]
    for said in (
        "# et-seed0",
        "64 × 64",
        "normalised once",
        "Edema, Opacity",
        "**Not for diagnosis**",
        "PhysioNet's data use",
        "| training.n.train.mimic | 84 |",
        "| augment.degrees | 45.0 |",
        "Frontiers in Radiology",
        "Medical Physics",
    ):
        assert said in card


def rewrite(path, **changes):
    metadata = {**read_metadata(path), **changes}
    save_file(load_file(path), path, metadata={KEY: json.dumps(metadata)})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(lambda path: path.unlink(), "there is no such checkpoint", id="absent"),
        pytest.param(
            lambda path: path.write_bytes(b"weights"), "not a safetensors file", id="bytes"
        ),
        pytest.param(
            lambda path: path.write_bytes(path.read_bytes()[:-100]), "not a safetensors", id="cut"
        ),
        pytest.param(
            lambda path: save_file({"a": torch.zeros(1)}, path), "is not ours", id="not ours"
        ),
        pytest.param(
            lambda path: save_file({}, path, metadata={KEY: "{"}),
            "metadata: this is not JSON",
            id="json",
        ),
        pytest.param(
            lambda path: save_file({}, path, metadata={KEY: "[]"}), "object was expected", id="list"
        ),
        pytest.param(
            lambda path: rewrite(path, run=[], training=None),
            r"(?s)does not say what it must.*run: \[\]\n  - training: None",
            id="kinds",
        ),
        pytest.param(
            lambda path: rewrite(path, input={"height": "64"}, thresholds={"decoder": {"a": "b"}}),
            r"(?s)input.height: '64'.*thresholds.decoder: \{'a': 'b'\}",
            id="values",
        ),
        pytest.param(lambda path: rewrite(path, format=2), "format 2 found, 1 expected", id="2"),
        pytest.param(
            lambda path: save_file({}, path, metadata={KEY: '{"format": 1}'}),
            "its metadata lacks card, input, labels, ",
            id="keys",
        ),
    ],
)
def test_files_that_are_no_checkpoint(path, spoil, message):
    spoil(path)
    with pytest.raises(SchemaError, match=message) as raised:
        load_checkpoint(path)
    assert raised.value.where == str(path)


def test_a_loader_refuses_another_system(path):
    with pytest.raises(SchemaError, match="a cooperative network expected, mil found"):
        load_checkpoint(path, system="cooperative")


def test_weights_that_fit(checkpoint):
    other = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    load_weights(other, checkpoint.weights, where="here")
    assert torch.equal(other[0].weight, checkpoint.weights["0.weight"])


def test_weights_that_do_not_fit(checkpoint):
    weights = {**checkpoint.weights, "2.weight": torch.zeros(1), "0.bias": torch.zeros(3)}
    del weights["1.running_mean"]
    with pytest.raises(SchemaError, match="here: these are not this network's weights") as raised:
        load_weights(network(), weights, where="here")
    assert raised.value.faults == (
        "1.running_mean is missing",
        "2.weight is unknown",
        "0.bias: (2,) expected, (3,) found",
    )


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf], ids=str)
def test_weights_that_are_no_numbers(path, checkpoint, number):
    weights = {name: value.clone() for name, value in checkpoint.weights.items()}
    weights["0.bias"][1] = number
    weights["1.running_var"][:] = number
    save_checkpoint(dataclasses.replace(checkpoint, weights=weights), path)
    with pytest.raises(SchemaError, match="2 of 7 tensors hold numbers that are not") as raised:
        load_checkpoint(path)
    assert raised.value.faults == ("0.bias: 1 of 2", "1.running_var: 2 of 2")
    assert read_metadata(path)["system"] == "mil"


def test_weights_are_known_by_names_and_bytes_alone(path, checkpoint):
    hashes = []
    for name, values, told in (
        ("weight", [1.0, 2.0], {}),
        ("weight", [1.0, 2.0], {"metrics": {"auroc": 0.5}}),
        ("weight", [1.0, 3.0], {}),
        ("bias", [1.0, 2.0], {}),
    ):
        weights = {name: torch.tensor(values)}
        save_checkpoint(dataclasses.replace(checkpoint, weights=weights, **told), path)
        hashes.append(weights_hash(path))
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3
