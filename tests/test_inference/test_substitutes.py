"""Stand-ins for modules that bake sizes in compute what these compute."""

import pytest
import torch
from torch import nn

from mmlhl.inference.export.substitutes import AdaptiveMean, PlainAttention


@pytest.mark.parametrize("size", [1, 2, (3, 6), (None, 2), 7])
def test_adaptive_mean_is_torchs(size):
    pool = nn.AdaptiveAvgPool2d(size)
    pair = size if isinstance(size, tuple) else (size, size)
    for side in ((7, 12), (9, 8), (31, 20)):
        x = torch.randn(2, 3, *side)
        torch.testing.assert_close(AdaptiveMean(pair)(x), pool(x))


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_plain_attention_is_torchs(batch_first, bias):
    attention = nn.MultiheadAttention(8, 2, bias=bias, batch_first=batch_first).eval()
    query, key = torch.randn(5, 3, 8), torch.randn(7, 3, 8)
    if batch_first:
        query, key = query.transpose(0, 1), key.transpose(0, 1)
    expected = attention(query, key, key)[0]
    torch.testing.assert_close(PlainAttention(attention)(query, key, key)[0], expected)
    with pytest.raises(ValueError, match="mask"):
        PlainAttention(attention)(query, key, key, attn_mask=torch.zeros(5, 7))
    with pytest.raises(ValueError, match="no export"):
        PlainAttention(nn.MultiheadAttention(8, 2, kdim=4))
