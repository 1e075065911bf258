"""Stage 2, the U-shaped network with two encoders, and stage 3, the classifier that fuses both.

Source: Qiu, Rivaz, Xiao 2025, III.B and III.C; `spec/cooperative.md` 3 and 4.
"""

from typing import Literal, Self

from torch import Tensor, nn

from gazescribe.models.cooperative.blocks import (
    Contracting,
    Expanding,
    Prediction,
    ResidualSE,
    SaliencyHead,
    class_head,
    double_conv,
    pooled,
)
from gazescribe.models.cooperative.densenet import Encoder

Frozen = Literal[True, False, "parameters"]


class DualEncoder(nn.Module):
    """Where a radiologist looks, from a DenseNet's features and a U of residual blocks.

    Parameters
    ----------
    encoder : Encoder or None
        Its F4 starts the decoder. Without one the decoder starts from the U's own coarsest level:
        the ablation that removes the DenseNet and nothing else.
    width : int
        Channels of the first level; 64 in the paper.
    saliency_stride : {1, 2, 4, 8}
        Size of the decoder's last level: image pixels a side of one of its pixels.
    frozen : {True, False, 'parameters'}
        Neither parameters nor buffers of the encoder change, whatever is trained; False only to
        train everything at once. 'parameters': batch normalisation goes on as in training, by the
        batch and with running statistics that drift, as in the published code.

    Attributes
    ----------
    n_pooled : int
        Length of the features that `describe` gives.
    """

    def __init__(
        self,
        encoder: Encoder | None,
        *,
        width: int = 64,
        saliency_stride: int = 1,
        frozen: Frozen = True,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self._frozen = frozen
        if encoder is not None:
            encoder.requires_grad_(frozen is False)
        self.contracting = Contracting(width, ResidualSE)
        skips = self.contracting.channels
        outs = (*reversed(skips[:-1]), width)
        self.bottom: nn.Module = nn.Identity()
        if encoder is None:
            self.bottom = double_conv(skips[-1], outs[0])
            skips, start, outs = skips[:-1], outs[0], outs[1:]
        else:
            start = encoder.n_out
        self.expanding = Expanding(start, skips, outs, double_conv, saliency_stride)
        self.saliency = SaliencyHead(self.expanding.n_out, saliency_stride)
        self.n_pooled = self.expanding.n_out + (encoder.n_out if encoder is not None else 0)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode; a frozen encoder stays in evaluation mode."""
        super().train(mode)
        if self.encoder is not None and self._frozen is True:
            self.encoder.eval()
        return self

    def forward(self, images: Tensor) -> Prediction:
        """Give the saliency of grey images in [0, 1], (B, 1, H, W), sides divisible by 32."""
        saliency, _ = self.describe(images)
        return Prediction(saliency=saliency)

    def describe(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give saliency logits and the pooled features of stage 3.

        Returns
        -------
        tuple of Tensor, shapes (B, 1, H, W) and (B, n_pooled)
            The features are the means of F5 and of the decoder's last level.
        """
        levels = self.contracting(images)
        if self.encoder is None:
            last = self.expanding(self.bottom(levels[-1]), levels[:-1])
            return self.saliency(last), pooled(last)
        taps = self.encoder(images)
        last = self.expanding(taps.decoder, levels)
        return self.saliency(last), pooled(taps.classifier, last)


class Fusion(nn.Module):
    """Diagnosis from the pooled features of both encoders, beside the saliency of the trunk.

    Parameters
    ----------
    trunk : DualEncoder
        Of stage 2.
    n_hidden : int
        Of the classifier's hidden layer.
    frozen : {True, False, 'parameters'}
        Neither parameters nor buffers of the trunk change; False only to train everything at once,
        'parameters' as for `DualEncoder`, which is then built with the same.

    Attributes
    ----------
    frozen

    Notes
    -----
    With a frozen trunk and images that do not change, the features of an image are constants:
    `trunk.describe` once for each image, then `head` alone is trained, with the same result.
    """

    def __init__(self, trunk: DualEncoder, *, n_hidden: int = 64, frozen: Frozen = True) -> None:
        super().__init__()
        self.trunk = trunk
        self.frozen = frozen
        if frozen is not False:
            trunk.requires_grad_(False)
        self.head = class_head(trunk.n_pooled, n_hidden)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode; a frozen trunk stays in evaluation mode."""
        super().train(mode)
        if self.frozen is True:
            self.trunk.eval()
        return self

    def forward(self, images: Tensor) -> Prediction:
        """Give both outputs for grey images in [0, 1], (B, 1, H, W), sides divisible by 32."""
        saliency, features = self.trunk.describe(images)
        return Prediction(saliency, self.head(features))
