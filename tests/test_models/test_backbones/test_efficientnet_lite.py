"""EfficientNet-Lite: shapes, padding, dilation, and refusals."""

import pytest
import torch

from mmlhl.models.backbones import EfficientNetLite
from mmlhl.models.backbones.efficientnet_lite import convolution, widths


@pytest.fixture(scope="module")
def images():
    return torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def lite0():
    torch.manual_seed(0)
    return EfficientNetLite("lite0", out_indices=range(5)).eval()


def test_levels_of_lite0(lite0, images):
    with torch.no_grad():
        shapes = [tuple(f.shape[1:]) for f in lite0(images)]
    assert shapes == [(16, 32, 48), (24, 16, 24), (40, 8, 12), (112, 4, 6), (320, 2, 3)]
    assert len(lite0.state_dict()) == 296 - 8  # all of the package's but the classifier


def test_widths_are_multiples_of_eight():
    assert widths("lite2") == (16, 24, 48, 88, 120, 208, 352)  # as published


def test_strides_become_dilation_of_the_same_weights(lite0, images):
    dense = EfficientNetLite("lite0", out_indices=(3, 4), output_stride=16).eval()
    dense.load_state_dict(lite0.state_dict())
    with torch.no_grad():
        coarse, (stride16, last) = lite0(images), dense(images)
    torch.testing.assert_close(stride16, coarse[3])
    assert last.shape[-2:] == (4, 6)
    # one block is at stride 1 and dilation 1; the others and the last group see every second pixel
    kernels = [m for m in dense.groups[5].modules() if isinstance(m, torch.nn.Conv2d)]
    assert {k.dilation for k in kernels if k.groups > 1} == {(1, 1), (2, 2)}


def test_channels_last_changes_no_value(lite0, images):
    other = EfficientNetLite("lite0", out_indices=(4,), channels_last=True).eval()
    other.load_state_dict(lite0.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(other(images)[0], lite0(images)[-1], rtol=1e-4, atol=1e-4)


def test_strided_convolutions_pad_as_tensorflow_does():
    conv = convolution(1, 1, 3, stride=2, norm_cfg=None, act_cfg=None, bias=False)
    torch.nn.init.ones_(conv.conv.weight)
    # an even size is padded on the right alone: windows 1+2+3 and 3+4+0
    out = conv(torch.tensor([[[[1.0, 2.0, 3.0, 4.0]]]]))
    assert out.flatten().tolist() == [6.0, 7.0]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (dict(variant="lite9"), "lite9"),
        (dict(output_stride=4), "output_stride is 4"),
        (dict(out_indices=(5,)), "out_indices"),
        (dict(out_indices=()), "out_indices"),
    ],
)
def test_other_arguments_are_refused(options, named):
    with pytest.raises(ValueError, match=named):
        EfficientNetLite(**options)
