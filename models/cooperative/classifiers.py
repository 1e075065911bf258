"""Classifiers of whole images: the DenseNet of stage 1 and Inception-ResNet-v2.

Source: `spec/cooperative.md` 2 and 7.
"""

import timm
from torch import Tensor, nn

from gazescribe.models.cooperative.blocks import Prediction, pooled
from gazescribe.models.cooperative.densenet import Encoder


class DenseClassifier(nn.Module):
    """Stage 1: an encoder and one linear layer on the means of its last features.

    Parameters
    ----------
    encoder : Encoder
        With the tap block4.
    classes : bool
        False for contrastive training, which needs `embed` alone.
    """

    def __init__(self, encoder: Encoder, *, classes: bool = True) -> None:
        super().__init__()
        self.encoder = encoder
        self.classifier = nn.Linear(encoder.n_out, 3) if classes else None

    def embed(self, images: Tensor) -> Tensor:
        """Give the pooled F5 of grey images, (B, n_out): what triplets are made of."""
        return pooled(self.encoder(images).classifier)

    def forward(self, images: Tensor) -> Prediction:
        """Diagnose grey images in [0, 1], (B, 1, H, W), sides divisible by 32."""
        if self.classifier is None:
            return Prediction()
        return Prediction(classes=self.classifier(self.embed(images)))


class InceptionResNet(nn.Module):
    """Inception-ResNet-v2 of timm; the grey image is repeated in its three channels."""

    def __init__(self) -> None:
        super().__init__()
        self.network = timm.create_model("inception_resnet_v2", pretrained=False, num_classes=3)

    def forward(self, images: Tensor) -> Prediction:
        """Diagnose grey images in [0, 1], (B, 1, H, W), sides of 75 pixels or more."""
        return Prediction(classes=self.network(images.expand(-1, 3, -1, -1)))
