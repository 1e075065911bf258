"""Stage 2, the U-shaped network with two encoders, and stage 3, the classifier that fuses both.

Source: Qiu, Rivaz, Xiao 2025, III.B and III.C; `spec/cooperative.md` 3 and 4.
"""

from typing import Literal, Self

from torch import Tensor, nn

from gazescribe.models.cooperative import blocks
from gazescribe.models.cooperative.densenet import Encoder

Frozen = Literal[True, False, "parameters"]


class DualEncoder(nn.Module):
    """Where a radiologist looks, from a DenseNet's features and a U of residual blocks.

    F4 of the encoder starts the decoder. Without an encoder it starts from the U's coarsest level:
    the ablation that removes the DenseNet and nothing else. The first level has `width` channels,
    64 in the paper; a pixel of the decoder's last level is `saliency_stride` image pixels a side.

    Where it is `frozen`, neither parameters nor buffers of the encoder change, whatever is trained;
    False only to train everything at once. 'parameters': batch normalisation goes on as in
    training, by the batch and with running statistics that drift, as in the published code.

    `n_pooled` is the length of the features that `describe` gives.
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
        self.contracting = blocks.Contracting(width, blocks.ResidualSE)
        skips = self.contracting.channels
        outs = (*reversed(skips[:-1]), width)
        self.bottom: nn.Module = nn.Identity()
        if encoder is None:
            self.bottom = blocks.double_conv(skips[-1], outs[0])
            skips, start, outs = skips[:-1], outs[0], outs[1:]
        else:
            start = encoder.n_out
        self.expanding = blocks.Expanding(start, skips, outs, blocks.double_conv, saliency_stride)
        self.saliency = blocks.SaliencyHead(self.expanding.n_out, saliency_stride)
        self.n_pooled = self.expanding.n_out + (encoder.n_out if encoder is not None else 0)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode; a frozen encoder stays in evaluation mode."""
        super().train(mode)
        if self.encoder is not None and self._frozen is True:
            self.encoder.eval()
        return self

    def forward(self, images: Tensor, start: Tensor | None = None) -> blocks.CooperativeOutput:
        """Give the saliency of grey images in [0, 1], (B, 1, H, W), sides divisible by 32.

        `start` is F4 of the encoder, where it is known.
        """
        return blocks.CooperativeOutput(saliency=self.saliency(self._drawn(images, start)))

    def describe(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Give saliency logits, (B, 1, H, W), and the pooled features of stage 3, (B, n_pooled).

        These are the means of F5 and of the decoder's last level.
        """
        if self.encoder is None:
            last = self._drawn(images, None)
            return self.saliency(last), blocks.pooled(last)
        taps = self.encoder(images)
        last = self._drawn(images, taps.decoder)
        return self.saliency(last), blocks.pooled(taps.classifier, last)

    def _drawn(self, images: Tensor, start: Tensor | None) -> Tensor:
        """Give the decoder's last level."""
        levels = self.contracting(images)
        last: Tensor
        if self.encoder is None:
            last = self.expanding(self.bottom(levels[-1]), levels[:-1])
        else:
            last = self.expanding(self.encoder(images).decoder if start is None else start, levels)
        return last


class Fusion(nn.Module):
    """Diagnosis from the blocks.pooled features of both encoders, beside the saliency of the trunk.

    Where it is `frozen`, neither parameters nor buffers of the trunk change; False only to train
    everything at once, 'parameters' as for `DualEncoder`, which is then built with the same.

    With a frozen trunk and images that do not change, the features of an image are constants:
    `trunk.describe` once for each image, then `head` alone is trained, with the same result.
    """

    def __init__(
        self,
        trunk: DualEncoder,
        *,
        n_hidden: int = 64,
        n_classes: int = 3,
        frozen: Frozen = True,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.frozen = frozen
        if frozen is not False:
            trunk.requires_grad_(False)
        self.head = blocks.class_head(trunk.n_pooled, n_hidden, n_classes)
        self.train()

    def train(self, mode: bool = True) -> Self:
        """Set training or evaluation mode; a frozen trunk stays in evaluation mode."""
        super().train(mode)
        if self.frozen is True:
            self.trunk.eval()
        return self

    def forward(self, images: Tensor) -> blocks.CooperativeOutput:
        """Give both outputs for grey images in [0, 1], (B, 1, H, W), sides divisible by 32."""
        saliency, features = self.trunk.describe(images)
        return blocks.CooperativeOutput(saliency, self.head(features))
