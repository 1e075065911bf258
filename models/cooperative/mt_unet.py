"""The U-shaped baselines: MT-UNet (Zhu et al., MIDL 2022), UNet_S, both forms of Res_SE-UNet.

Five levels down, four up; saliency from the last level, and, of MT-UNet, a diagnosis from the
coarsest and the last. Source: `spec/cooperative.md` 7.
"""

from typing import Literal

from torch import Tensor, nn

from gazescribe.models.cooperative.blocks import (
    Block,
    Contracting,
    Expanding,
    Prediction,
    ResidualSE,
    SaliencyHead,
    bare_double_conv,
    class_head,
    double_conv,
    pooled,
)

Blocks = Literal["plain", "bare", "residual_encoder", "residual"]

BLOCKS: dict[Blocks, tuple[Block, Block]] = {
    "plain": (double_conv, double_conv),
    "bare": (bare_double_conv, bare_double_conv),
    "residual_encoder": (ResidualSE, double_conv),
    "residual": (ResidualSE, ResidualSE),
}
"""Blocks of the way down and of the way up."""


class UNet(nn.Module):
    """Saliency, and on request a diagnosis, from one U.

    Parameters
    ----------
    blocks : {'plain', 'bare', 'residual_encoder', 'residual'}
        Double convolutions with batch normalisation (MT-UNet, UNet_S) or without (the other form
        of UNet_S in the published code), residual blocks on the way down alone (Res_SE-UNet as the
        paper describes it) or both ways (as its code builds it).
    classes : bool
        Whether it diagnoses too: MT-UNet.
    width : int
        Channels of the first level; 64 in the papers.
    saliency_stride : {1, 2, 4, 8}
        As of `DualEncoder`.
    """

    def __init__(
        self,
        blocks: Blocks = "plain",
        *,
        classes: bool = False,
        width: int = 64,
        saliency_stride: int = 1,
    ) -> None:
        super().__init__()
        down, back = BLOCKS[blocks]
        self.contracting = Contracting(width, down)
        *skips, n_coarsest = self.contracting.channels
        self.expanding = Expanding(n_coarsest, skips, skips[::-1], back, saliency_stride)
        self.saliency = SaliencyHead(self.expanding.n_out, saliency_stride)
        self.head = class_head(n_coarsest + self.expanding.n_out, 64) if classes else None

    def forward(self, images: Tensor) -> Prediction:
        """Predict for grey images in [0, 1], (B, 1, H, W), sides divisible by 16."""
        *skips, coarsest = self.contracting(images)
        last = self.expanding(coarsest, skips)
        classes = self.head(pooled(coarsest, last)) if self.head is not None else None
        return Prediction(self.saliency(last), classes)
