"""Tied convolutions: each way back is the transpose of the way there, places are those of the largest."""

import pytest
import torch
from torch.nn.functional import max_unpool2d

from ae.models.base import Batch
from ae.models.tied_conv import TiedConvAE, _four

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def model(switches=True, keep=1.0):
    torch.manual_seed(3)
    made = TiedConvAE(64, planes=5, latent=4, keep=keep, centre=0.3, switches=switches)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def images():
    return torch.rand(7, 64, generator=torch.Generator().manual_seed(2))


def layers(made, x):
    """The same by torch's own layers and matrices."""
    conv = torch.nn.Conv2d(1, 5, 3, padding=1)
    conv.weight.data, conv.bias.data = made.kernel.data, made.plane_bias.data
    planes = conv((x - 0.3).reshape(-1, 1, 8, 8)).tanh()
    pooled, places = torch.nn.functional.max_pool2d(planes, 2, return_indices=True)
    code = (pooled.flatten(1) @ made.weight.T + made.code_bias).tanh()
    small = (code @ made.weight + made.pooled_bias).reshape(pooled.shape)
    if made.switches:
        large = max_unpool2d(small, places, 2)
    else:
        large = torch.nn.Upsample(scale_factor=2)(small)
    back = torch.nn.ConvTranspose2d(5, 1, 3, padding=1)
    back.weight.data, back.bias.data = made.kernel.data, made.pixel_bias.data
    return code, back(large.tanh()).flatten(1) + 0.3


@pytest.mark.parametrize("switches", [True, False])
def test_it_is_torchs_layers_with_the_same_weights_twice(switches):
    made, x = model(switches), images()
    code, again = layers(made, x)
    torch.testing.assert_close(made.encode(x), code)
    torch.testing.assert_close(made.reconstruct(x), again)
    found = made.objective(Batch(x), {"keep": torch.zeros(7, 80)})
    torch.testing.assert_close(found.loss, ((again - x) ** 2).mean(1))


def test_dropped_units_do_not_reach_the_code():
    made, x = model(keep=0.5), images()
    lost = made.objective(Batch(x), {"keep": torch.ones(7, 80)}).loss
    nothing = made.code_bias.tanh().expand(7, -1)
    planes, pooled = made._pooled(x)
    torch.testing.assert_close(lost, ((made._back(nothing, planes, pooled) - x) ** 2).mean(1))


def test_a_value_goes_to_four_places():
    four = _four(torch.tensor([[[[1.0, 2.0]]]]))
    assert four.tolist() == [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]


def test_an_odd_side_is_refused():
    with pytest.raises(ValueError, match="features 49: expected a square image of an even side"):
        TiedConvAE(49, planes=2, latent=2, keep=1.0, centre=0.0, switches=True)
