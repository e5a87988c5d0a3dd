"""A block is what torch's own encoder layer computes with the same weights."""

import pytest
import torch
from torch import nn

from ae.maths.transformer import Attention, Block, transformer

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def test_a_block_is_torchs_encoder_layer():
    torch.manual_seed(0)
    block = Block(12, 3, 20)
    layer = nn.TransformerEncoderLayer(
        12, 3, 20, 0.0, "gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    )
    attention, network = block.attention, block.network
    own = {
        "self_attn.in_proj_weight": attention.ask.dense.weight,
        "self_attn.in_proj_bias": attention.ask.dense.bias,
        "self_attn.out_proj.weight": attention.answer.dense.weight,
        "self_attn.out_proj.bias": attention.answer.dense.bias,
        "linear1.weight": network[0].dense.weight,
        "linear1.bias": network[0].dense.bias,
        "linear2.weight": network[2].dense.weight,
        "linear2.bias": network[2].dense.bias,
        "norm1.weight": block.first.weight,
        "norm1.bias": block.first.bias,
        "norm2.weight": block.second.weight,
        "norm2.bias": block.second.bias,
    }
    for norm in (block.first, block.second):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    layer.load_state_dict(own)
    x = torch.randn(4, 7, 12)
    torch.testing.assert_close(block(x), layer(x))


def test_wide_heads_and_a_last_gelu():
    """Of one head as wide as a token, attention by its formula; the network ends above GELU's least."""
    torch.manual_seed(0)
    attention = Attention(6, 1, 6)
    x = torch.randn(2, 5, 6)
    q, k, v = attention.ask(x).chunk(3, -1)
    weights = (q @ k.mT / 6**0.5).exp()
    expected = attention.answer(weights / weights.sum(-1, keepdim=True) @ v)
    torch.testing.assert_close(attention(x), expected)
    block = Block(6, 2, 12, each=6, gelu_last=True)
    assert block.attention.ask.dense.out_features == 3 * 2 * 6
    made = (block(x) - x - block.attention(block.first(x))).detach()
    assert float(made.min()) > -0.17005
    ends = transformer(6, 2, 3)(x)
    torch.testing.assert_close(ends.mean(-1), torch.zeros(2, 5), rtol=0, atol=1e-7)


def test_heads_share_the_width():
    with pytest.raises(ValueError, match="multiple of the 5 heads"):
        transformer(12, 5, 1)
