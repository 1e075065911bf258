"""The U-shaped baselines: MT-UNet (Zhu et al., MIDL 2022), UNet_S, both forms of Res_SE-UNet.

Five levels down, four up; saliency from the last level, and, of MT-UNet, a diagnosis from the
coarsest and the last. Source: `spec/cooperative.md` 7.
"""

from typing import Literal

from torch import Tensor, nn

from gazescribe.models.cooperative import blocks

Blocks = Literal["plain", "bare", "residual_encoder", "residual"]

BLOCKS: dict[Blocks, tuple[blocks.Block, blocks.Block]] = {
    "plain": (blocks.double_conv, blocks.double_conv),
    "bare": (blocks.bare_double_conv, blocks.bare_double_conv),
    "residual_encoder": (blocks.ResidualSE, blocks.double_conv),
    "residual": (blocks.ResidualSE, blocks.ResidualSE),
}
"""Blocks of the way down and of the way up."""


class UNet(nn.Module):
    """Saliency, and on request a diagnosis, from one U.

    Kinds of blocks: double convolutions with batch normalisation (plain: MT-UNet, UNet_S) or
    without (bare: the other form of UNet_S in the published code), residual blocks on the way down
    alone (residual_encoder: Res_SE-UNet as the paper describes it) or both ways (residual: as its
    code builds it). MT-UNet has `n_classes`, the others none. The first level has `width` channels,
    64 in the papers; `saliency_stride` is as of `DualEncoder`.
    """

    def __init__(
        self,
        kind: Blocks = "plain",
        *,
        n_classes: int = 0,
        width: int = 64,
        saliency_stride: int = 1,
    ) -> None:
        super().__init__()
        down, back = BLOCKS[kind]
        self.contracting = blocks.Contracting(width, down)
        *skips, n_coarsest = self.contracting.channels
        self.expanding = blocks.Expanding(n_coarsest, skips, skips[::-1], back, saliency_stride)
        self.saliency = blocks.SaliencyHead(self.expanding.n_out, saliency_stride)
        n_pooled = n_coarsest + self.expanding.n_out
        self.head = blocks.class_head(n_pooled, 64, n_classes) if n_classes else None

    def forward(self, images: Tensor) -> blocks.CooperativeOutput:
        """Predict for grey images in [0, 1], (B, 1, H, W), sides divisible by 16."""
        *skips, coarsest = self.contracting(images)
        last = self.expanding(coarsest, skips)
        classes = self.head(blocks.pooled(coarsest, last)) if self.head is not None else None
        return blocks.CooperativeOutput(self.saliency(last), classes)
