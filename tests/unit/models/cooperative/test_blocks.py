import pytest
import torch
from torch.nn import functional

from gazescribe.models.cooperative.blocks import (
    Contracting,
    Expanding,
    ResidualSE,
    SaliencyHead,
    bare_double_conv,
    class_head,
    double_conv,
    pooled,
    up,
)
from gazescribe.pipeline.core.errors import ArrayError


def n_parameters(module):
    return sum(one.numel() for one in module.parameters())


@pytest.mark.parametrize(
    ("n_in", "n_out", "expected"),
    [
        pytest.param(1, 64, 38_976, id="first"),
        pytest.param(64, 128, 297_856, id="second"),
        pytest.param(512, 1024, 19_012_608, id="fifth"),
    ],
)
def test_residual_blocks_have_the_published_size(n_in, n_out, expected):
    with torch.device("meta"):
        assert n_parameters(ResidualSE(n_in, n_out)) == expected


def test_residual_block_squeezes_after_the_sum():
    torch.manual_seed(0)
    block = ResidualSE(3, 128).eval()
    x = torch.randn(2, 3, 8, 8)
    shortcut = functional.conv2d(x, block.shortcut.weight, block.shortcut.bias, padding=1)
    united = (block.residual(x) + shortcut).clamp(min=0)
    squeeze, expand = block.excitation[0].weight, block.excitation[2].weight
    assert squeeze.shape == (8, 128)
    scale = torch.sigmoid((united.mean((2, 3)) @ squeeze.T).clamp(min=0) @ expand.T)
    torch.testing.assert_close(block(x), united * scale[:, :, None, None])


def test_narrow_residual_blocks_squeeze_no_further_than_four():
    assert ResidualSE(1, 8).excitation[0].weight.shape == (4, 8)


@pytest.mark.parametrize(
    ("make", "arguments", "expected"),
    [
        pytest.param(up, (1920, 512), 8_848_896, id="up from F4"),
        pytest.param(double_conv, (1536, 512), 9_440_256, id="after joining e5"),
        pytest.param(double_conv, (128, 64), 110_976, id="last level"),
        pytest.param(SaliencyHead, (64, 1), 37_121, id="saliency head"),
        pytest.param(class_head, (1984, 64), 127_235, id="classifier"),
    ],
)
def test_parts_have_the_published_size(make, arguments, expected):
    with torch.device("meta"):
        assert n_parameters(make(*arguments)) == expected


def test_bare_blocks_have_no_normalisation():
    assert not list(bare_double_conv(2, 3).buffers())
    assert list(double_conv(2, 3).buffers())


def test_up_repeats_pixels():
    x = torch.arange(4.0).reshape(1, 1, 2, 2)
    repeated = up(1, 1)[0](x)
    expected = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]])
    torch.testing.assert_close(repeated[0, 0], expected.float())


def test_contracting_halves_and_doubles():
    levels = Contracting(4, double_conv)
    assert levels.channels == (4, 8, 16, 32, 64)
    shapes = [tuple(one.shape) for one in levels(torch.zeros(1, 1, 32, 64))]
    assert shapes == [(1, 4 << k, 32 >> k, 64 >> k) for k in range(5)]


@pytest.mark.parametrize(
    ("stride", "expected"),
    [
        pytest.param(1, (1, 4, 32, 64), id="whole"),
        pytest.param(2, (1, 8, 16, 32), id="half"),
        pytest.param(4, (1, 16, 8, 16), id="quarter"),
        pytest.param(8, (1, 32, 4, 8), id="eighth"),
    ],
)
def test_expanding_stops_at_the_stride(stride, expected):
    down = Contracting(4, double_conv)
    back = Expanding(64, down.channels[:-1], down.channels[-2::-1], double_conv, stride)
    *skips, start = down(torch.zeros(1, 1, 32, 64))
    last = back(start, skips)
    assert tuple(last.shape) == expected
    assert back.n_out == expected[1]
    head = SaliencyHead(back.n_out, stride)
    assert head(last).shape == (1, 1, 32, 64)


def test_skips_come_before_what_was_enlarged():
    back = Expanding(2, (3,), (5,), lambda n_in, n_out: torch.nn.Identity(), 1)
    joined = back(torch.zeros(1, 2, 2, 2), [torch.full((1, 3, 4, 4), 7.0)])
    assert joined.shape == (1, 8, 4, 4)
    assert (joined[:, :3] == 7).all()
    assert (joined[:, 3:] != 7).all()


def test_stride_must_be_a_level():
    with pytest.raises(ArrayError, match="got 3"):
        Expanding(8, (2, 4), (4, 2), double_conv, 3)


def test_pooled_joins_means():
    a, b = torch.ones(2, 3, 4, 4), torch.arange(8.0).reshape(2, 1, 2, 2)
    expected = torch.tensor([[1, 1, 1, 1.5], [1, 1, 1, 5.5]])
    torch.testing.assert_close(pooled(a, b), expected)
