"""Power iteration against exact singular values."""

import numpy as np
import pytest
import torch

from ae.maths.spectral import SingularValues

pytestmark = pytest.mark.usefixtures("exact_arithmetic")
SHAPES = [(3, 7), (8, 5), (3, 7), (4, 4), (3, 7)]


@pytest.fixture
def weights():
    torch.manual_seed(0)
    return [torch.randn(shape, requires_grad=True) for shape in SHAPES]


def exact(weights):
    """In the order of the answer: matrices of one size together."""
    sizes = list(dict.fromkeys(SHAPES))
    ordered = [w for size in sizes for w in weights if tuple(w.shape) == size]
    return [np.linalg.svd(w.detach().numpy()) for w in ordered]


def test_singular_values_are_numpys(weights):
    found = SingularValues(weights)
    for _ in range(100):
        values = found(weights)
    expected = [s[0] for _, s, _ in exact(weights)]
    np.testing.assert_allclose(values.detach().numpy(), expected, rtol=1e-9)
    assert len(set(np.round(expected, 6))) == len(SHAPES)


def test_the_gradient_is_the_outer_product_of_the_singular_vectors(weights):
    found = SingularValues(weights)
    for _ in range(100):
        found(weights)
    gradients = torch.autograd.grad(found(weights).sum(), weights)
    sizes = list(dict.fromkeys(SHAPES))
    ordered = [g for size in sizes for g in gradients if tuple(g.shape) == size]
    for own, (u, _, v) in zip(ordered, exact(weights), strict=True):
        np.testing.assert_allclose(own.numpy(), np.outer(u[:, 0], v[0]), atol=1e-6)


def test_the_iteration_follows_weights_that_change(weights):
    found = SingularValues(weights)
    moved = [w.detach() + 0.02 * k * torch.ones_like(w) for k in range(100) for w in weights]
    for k in range(100):
        values = found(moved[k * len(weights) : (k + 1) * len(weights)])
    expected = [s[0] for _, s, _ in exact(moved[-len(weights) :])]
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-4)


def test_only_training_moves_the_vectors(weights):
    found = SingularValues(weights).eval()
    before = {name: buffer.clone() for name, buffer in found.named_buffers()}
    found([3 * w for w in weights])
    assert all(torch.equal(before[name], buffer) for name, buffer in found.named_buffers())
    found.train()([w.flip(0) for w in weights])
    assert any(not torch.equal(before[name], buffer) for name, buffer in found.named_buffers())


def test_matrices_without_numbers_are_not_iterated():
    with torch.device("meta"):
        found = SingularValues([torch.empty(shape) for shape in SHAPES])
        values = found([torch.empty(shape) for shape in SHAPES])
    assert values.is_meta
    assert values.shape == (len(SHAPES),)
    assert [tuple(found.get_buffer(f"left_{i}").shape) for i in range(3)] == [
        (3, 3),
        (1, 8),
        (1, 4),
    ]
