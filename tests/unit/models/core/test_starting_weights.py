import hashlib
from pathlib import Path

import pytest
from torchvision import models

from gazescribe.models.core.starting_weights import (
    IMAGENET,
    file_of,
    told,
    unsaid,
    warn_of_other_file,
)


@pytest.mark.parametrize(
    ("network", "weights"),
    [
        ("resnet18", models.ResNet18_Weights),
        ("resnet50", models.ResNet50_Weights),
        ("densenet121", models.DenseNet121_Weights),
        ("densenet201", models.DenseNet201_Weights),
    ],
)
def test_the_files_are_those_that_torchvision_names(network, weights):
    file = IMAGENET[network]
    assert weights.IMAGENET1K_V1.url.endswith(f"/{file.name}")
    assert file.source == f"torchvision, {weights.__name__}.IMAGENET1K_V1"
    assert len(file.sha256_start) == 8
    assert file.name.endswith(f"-{file.sha256_start}.pth")


def test_what_is_not_said_is_named_with_the_file_that_is_meant():
    (fault,) = unsaid(None, "resnet50", "mil.weights")
    assert fault == (
        "mil.weights is null, so it is not said what resnet50 starts from: name the file that is"
        " meant, resnet50-0676ba61.pth (torchvision, ResNet50_Weights.IMAGENET1K_V1;"
        " SHA-256 0676ba61…), or say scratch"
    )
    (fault,) = unsaid(None, "tiny", "mil.weights")
    assert fault.endswith("what tiny starts from: say scratch")
    assert unsaid("scratch", "resnet50", "mil.weights") == []
    assert unsaid("any.pth", "resnet50", "mil.weights") == []


def test_what_a_checkpoint_is_told(tmp_path):
    file = tmp_path / "mine.pth"
    file.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert told("scratch") == told(None) == {"weights": "scratch"}
    assert told(str(file)) == {"file": "mine.pth", "sha256": digest}
    assert told(None, "contrastive-seed0") == {"run": "contrastive-seed0"}
    assert file_of("scratch") is file_of(None) is None
    assert file_of("a/b.pth") == Path("a/b.pth")


def test_another_file_than_the_one_that_is_meant_is_said(tmp_path, monkeypatch):
    file = tmp_path / "mine.pth"
    file.write_bytes(b"weights")
    begins = hashlib.sha256(b"weights").hexdigest()[:8]
    (warning,) = warn_of_other_file("et-seed0", str(file), "resnet50")
    assert f"SHA-256 of mine.pth begins with {begins}; meant is resnet50-0676ba61" in warning
    assert warn_of_other_file("et-seed0", str(file), "tiny") == []
    assert warn_of_other_file("et-seed0", "scratch", "resnet50") == []
    assert warn_of_other_file("unet_s-seed0", None, None) == []
    right = IMAGENET["resnet50"].__class__(f"resnet50-{begins}.pth", "here")
    monkeypatch.setitem(IMAGENET, "resnet50", right)
    assert warn_of_other_file("et-seed0", str(file), "resnet50") == []


def test_a_file_whose_sum_is_not_known(tmp_path):
    """Nothing is said of it, and none is taken for another."""
    file = IMAGENET["pvig_ti"]
    assert file.sha256_start == ""
    assert str(file).endswith("release pyramid-vig)")
    (tmp_path / "mine.pth").write_bytes(b"weights")
    assert warn_of_other_file("a", str(tmp_path / "mine.pth"), "pvig_ti") == []
