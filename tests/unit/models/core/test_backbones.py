import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import resnet18

from gazescribe.models.core.backbones import Backbone
from gazescribe.pipeline.core.errors import GazeError


def state_of(name="tiny", seed=0):
    torch.manual_seed(seed)
    return Backbone(name, (4,)).resnet.state_dict()


@pytest.mark.parametrize("name", ["resnet50", "resnet18", "tiny"])
@pytest.mark.parametrize("layers", [(1, 2, 3, 4), (3, 4), (4,), (2,)])
def test_features_of_layers(name, layers):
    with torch.device("meta"):
        backbone = Backbone(name, layers)
        features = backbone(torch.zeros(2, 3, 128, 96))
    assert [one.shape for one in features] == [
        (2, channels, 128 // stride, 96 // stride)
        for channels, stride in zip(backbone.channels, backbone.strides, strict=True)
    ]
    assert backbone.strides == tuple(2 ** (layer + 1) for layer in layers)


def test_features_are_those_of_torchvision():
    torch.manual_seed(0)
    whole = resnet18().eval()
    backbone = Backbone("resnet18", (3, 4)).eval()
    backbone.resnet.load_state_dict(whole.state_dict())
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        middle, last = backbone(images)
        torch.testing.assert_close(whole.fc(last.mean(dim=(2, 3))), whole(images))
        torch.testing.assert_close(whole.layer4(middle), last)


def test_the_classifier_is_kept_and_not_trained():
    with torch.device("meta"):
        backbone = Backbone("resnet50", (3, 4))
    fixed = {name for name, one in backbone.named_parameters() if not one.requires_grad}
    assert fixed == {"resnet.fc.weight", "resnet.fc.bias"}


def test_no_layer_beyond_the_deepest_is_run():
    backbone = Backbone("tiny", (2, 3))
    backbone.resnet.layer4 = nn.Identity()  # would give another resolution
    backbone.resnet.layer4.register_forward_hook(lambda *_: pytest.fail("layer 4 was run"))
    assert [one.shape[2] for one in backbone(torch.rand(1, 3, 64, 64))] == [8, 4]


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_weights_of_a_file(tmp_path, suffix):
    state = state_of(seed=1)
    path = tmp_path / f"weights.{suffix}"
    (save_file if suffix == "safetensors" else torch.save)(state, path)
    torch.manual_seed(0)
    found = Backbone("tiny", (3, 4), weights=path).resnet.state_dict()
    assert not state_of(seed=0)["conv1.weight"].equal(state["conv1.weight"])
    assert all(found[name].equal(value) for name, value in state.items())


def test_weights_of_another_classifier_and_of_an_older_torch(tmp_path):
    state = state_of("resnet18", seed=1)
    older = {name: one for name, one in state.items() if "num_batches_tracked" not in name}
    older |= {"fc.weight": torch.zeros(14, 512), "fc.bias": torch.zeros(14)}
    torch.save(older, tmp_path / "older.pth")
    backbone = Backbone("resnet18", (4,), weights=str(tmp_path / "older.pth"))
    assert backbone.resnet.layer4[1].conv2.weight.equal(state["layer4.1.conv2.weight"])
    assert backbone.resnet.fc.weight.shape == (1000, 512)


class Unknown:
    """Something that only unpickling could bring back."""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(Unknown(), "cannot be read as weights", id="pickled object"),
        pytest.param([torch.zeros(2)], r"holds a list\. Expected is a state dict", id="list"),
        pytest.param(
            {"state_dict": dict(state_of())}, "  - state_dict is of type dict", id="wrapped"
        ),
        pytest.param(
            {**state_of(), "conv1.weight": 1}, "  - conv1.weight is of type int", id="number"
        ),
        pytest.param(
            {name: one for name, one in state_of().items() if name != "bn1.bias"},
            "not the weights of tiny: 1 entries .*tiny.*\n  - bn1.bias is missing$",
            id="missing",
        ),
        pytest.param(
            {**state_of(), "conv1.weight": torch.zeros(64, 3, 7, 7)},
            r"conv1.weight has shape \(64, 3, 7, 7\), not \(16, 3, 7, 7\)",
            id="shape",
        ),
        pytest.param(state_of("resnet18"), "layer1.1.conv1.weight is not part", id="other network"),
    ],
)
def test_weights_that_do_not_fit(tmp_path, content, message):
    path = tmp_path / "weights.pth"
    torch.save(content, path)
    with pytest.raises(GazeError, match=message) as error:
        Backbone("tiny", (4,), weights=path)
    assert error.value.where == str(path)


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", None])
def test_files_that_are_no_weights(tmp_path, name, content):
    if content is None:
        message = "there is no such weight file. Nothing is downloaded"
    else:
        (tmp_path / name).write_bytes(content)
        message = r"cannot be read as weights \(.+\)"
    with pytest.raises(GazeError, match=f"{name}: {message}"):
        Backbone("tiny", (4,), weights=tmp_path / name)


def test_a_folder_is_no_weights(tmp_path):
    with pytest.raises(GazeError, match="this is a folder"):
        Backbone("tiny", (4,), weights=tmp_path)
