import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import DenseNet, densenet201

from gazescribe.models.cooperative.densenet import (
    DenseClassifier,
    Encoder,
    GreyConv2d,
    read_densenet,
)
from gazescribe.pipeline.core.errors import GazeError


def n_parameters(module):
    return sum(one.numel() for one in module.parameters())


@pytest.mark.parametrize(
    ("tap", "parameters", "channels"),
    [
        pytest.param("block4", 18_092_928, 1920, id="all features"),
        pytest.param("transition3", 11_110_528, 896, id="before the last dense block"),
    ],
)
def test_densenet201_has_the_published_size_and_shapes(tap, parameters, channels):
    with torch.device("meta"):
        encoder = Encoder("densenet201", tap=tap)
        taps = encoder(torch.zeros(1, 1, 640, 512))
    assert n_parameters(encoder) == parameters
    assert encoder.n_out == channels
    assert [tuple(one.shape) for one in taps] == 2 * [(1, channels, 20, 16)]


def test_features_carry_torchvisions_names():
    with torch.device("meta"):
        ours = Encoder("densenet201").state_dict()
        theirs = densenet201(weights=None).state_dict()
    wanted = {name: one.shape for name, one in theirs.items() if name.startswith("features.")}
    assert len(wanted) == 1207 - 2  # D4's count, less the last layer
    assert {name: one.shape for name, one in ours.items()} == wanted


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(0)
    return Encoder("tiny").eval()


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, 1, 64, 96, generator=torch.Generator().manual_seed(1))


def test_f5_is_f4_normalised_and_rectified(tiny, images):
    taps = tiny(images)
    assert taps.decoder.min() < 0
    expected = tiny.features.norm5(taps.decoder).clamp(min=0)
    torch.testing.assert_close(taps.classifier, expected)
    assert taps.classifier.min() == 0


def test_f5_is_what_torchvision_classifies(tiny, images):
    whole = DenseNet(8, (2, 2, 2, 2), 16, num_classes=5).eval()
    whole.features.load_state_dict(tiny.features.state_dict())
    expected = whole(images.expand(-1, 3, -1, -1))
    torch.testing.assert_close(whole.classifier(tiny(images).classifier.mean((2, 3))), expected)


def test_one_channel_is_the_same_as_three_equal_ones():
    torch.manual_seed(0)
    conv = GreyConv2d(3, 4, 7, padding=3, bias=False).double()
    grey = torch.rand(2, 1, 16, 16, dtype=torch.float64)
    one, three = conv(grey), conv(grey.expand(-1, 3, -1, -1))
    torch.testing.assert_close(one, three)
    (of_one,) = torch.autograd.grad(one.square().sum(), conv.weight)
    (of_three,) = torch.autograd.grad(three.square().sum(), conv.weight)
    torch.testing.assert_close(of_one, of_three)


def test_normalisation_is_imagenets(tiny, images):
    normalising = Encoder("tiny", normalise=True).eval()
    normalising.load_state_dict(tiny.state_dict())
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    coloured = (images - mean[:, None, None]) / std[:, None, None]
    torch.testing.assert_close(normalising(images).decoder, tiny(coloured).decoder)
    assert not torch.allclose(normalising(images).decoder, tiny(images).decoder)


def test_earlier_tap_is_an_inner_layer(tiny, images):
    cut = Encoder("tiny", tap="transition3").eval()
    cut.load_state_dict(cut.matching(tiny.state_dict()), strict=True)
    inner = images
    for name, layer in tiny.features.named_children():
        inner = layer(inner)
        if name == "transition3":
            break
    taps = cut(images)
    torch.testing.assert_close(taps.decoder, inner)
    torch.testing.assert_close(taps.classifier, inner)


def test_whole_encoders_take_all_weights(tiny):
    weights = tiny.state_dict()
    assert tiny.matching(weights).keys() == weights.keys()
    assert Encoder("tiny", tap="transition3").matching({"other.denseblock4.weight": 1})


def test_files_are_read_under_old_and_new_names(tiny, tmp_path):
    new = {**tiny.state_dict(), "classifier.weight": torch.ones(3, 2)}
    old = {
        name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): one
        for name, one in new.items()
    }
    assert sum(".norm.1." in name for name in old) > 10
    torch.save(old, tmp_path / "old.pth")
    save_file({name: one.contiguous() for name, one in new.items()}, tmp_path / "new.safetensors")
    for name in ("old.pth", "new.safetensors"):
        read = read_densenet(tmp_path / name)
        assert read.keys() == tiny.state_dict().keys()
        assert all(torch.equal(read[k], tiny.state_dict()[k]) for k in read)


def test_a_file_that_is_absent_is_named(tmp_path):
    with pytest.raises(GazeError, match=r"lost\.pth"):
        read_densenet(tmp_path / "lost.pth")


def test_densenet_has_the_published_size():
    with torch.device("meta"):
        network = DenseClassifier(Encoder("densenet201"))
        assert network(torch.zeros(2, 1, 640, 512)).classes.shape == (2, 3)
    assert n_parameters(network) == 18_098_691


def test_embeddings_are_what_is_classified():
    torch.manual_seed(0)
    network = DenseClassifier(Encoder("tiny")).eval()
    images = torch.rand(2, 1, 64, 64)
    embeddings = network.embed(images)
    assert embeddings.shape == (2, network.encoder.n_out)
    prediction = network(images)
    torch.testing.assert_close(prediction.classes, network.classifier(embeddings))
    assert prediction.saliency is None


def test_contrastive_training_has_no_last_layer():
    network = DenseClassifier(Encoder("tiny"), n_classes=0)
    assert network(torch.rand(1, 1, 64, 64)).classes is None
    assert all(name.startswith("encoder.") for name in network.state_dict())
