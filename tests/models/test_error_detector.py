"""What a detector sees of the error."""

import pytest
import torch
from torch.nn.functional import mse_loss

from ae.models.base import Batch
from ae.models.error_detector import ErrorDetector

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def test_the_error_is_a_vector_or_its_mean():
    model, x = ErrorDetector(20, hidden=[7], latent=3, detail=1.0), torch.rand(5, 20)
    square = (model.reconstruct(x) - x) ** 2
    torch.testing.assert_close(model.errors(x), square)
    model.detail.fill_(0.0)
    torch.testing.assert_close(model.errors(x), square.mean(-1, keepdim=True).expand(5, 20))
    out = model.objective(Batch(x), {})
    torch.testing.assert_close(out.loss.mean(), mse_loss(model.reconstruct(x), x))
    torch.testing.assert_close(out.loss, square.mean(-1))
