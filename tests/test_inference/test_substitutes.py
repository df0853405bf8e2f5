"""Substitutes of modules that depend on the example's size compute the same."""

import pytest
import torch
from mmcv.cnn.bricks.conv2d_adaptive_padding import Conv2dAdaptivePadding
from torch import nn

from mmlhl.inference.export.substitutes import AdaptiveMean, PlainAttention, substitute


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


@pytest.mark.parametrize("kernel, stride, dilation", [(3, 2, 1), (5, 2, 2), (1, 2, 1), (2, 4, 1)])
def test_same_padding_is_mmcvs_at_any_size_of_one_graph(kernel, stride, dilation):
    conv = Conv2dAdaptivePadding(2, 4, kernel, stride, dilation=dilation, groups=2)
    graph = torch.jit.trace(substitute(nn.Sequential(conv)), torch.randn(2, 2, 8, 12))
    for side in ((8, 12), (9, 7), (10, 13), (11, 14)):
        x = torch.randn(1, 2, *side)
        torch.testing.assert_close(graph(x), conv(x))
