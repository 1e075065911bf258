import torch

from gazescribe.models.cooperative.classifiers import DenseClassifier, InceptionResNet
from gazescribe.models.cooperative.densenet import Encoder


def n_parameters(module):
    return sum(one.numel() for one in module.parameters())


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
    network = DenseClassifier(Encoder("tiny"), classes=False)
    assert network(torch.rand(1, 1, 64, 64)).classes is None
    assert all(name.startswith("encoder.") for name in network.state_dict())


def test_inception_resnet_has_the_published_size():
    with torch.device("meta"):
        network = InceptionResNet()
        assert network(torch.zeros(2, 1, 640, 512)).classes.shape == (2, 3)
    assert n_parameters(network) == 54_311_075
