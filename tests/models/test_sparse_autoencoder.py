"""The lecture notes' cost and its gradient by hand, and the classifier against scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch.nn.functional import cross_entropy
from zoo import layers, stage

from ae.models.base import Batch
from ae.models.sparse_autoencoder import StackedSparseAE
from ae.training.batches import Source
from ae.training.stack import Stack
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("exact_arithmetic")

GIVEN = {
    "hidden": [6, 4],
    "classes": 3,
    "sparsity": 0.1,
    "penalty": 3.0,
    "decay": 0.003,
    "classifier_decay": 0.02,
}


def model(**changes):
    return StackedSparseAE(9, **{**GIVEN, **changes})


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def numbers(layer):
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def notes(x, up, down, *, rho, beta, decay):
    """J_sparse(W, b) and its gradient for W1 and b1, by the pseudo-code of the lecture notes."""
    (w1, b1), (w2, b2) = up, down
    m = len(x)
    a2 = sigmoid(x @ w1.T + b1)
    a3 = sigmoid(a2 @ w2.T + b2)
    mean = a2.mean(0)
    kl = (rho * np.log(rho / mean) + (1 - rho) * np.log((1 - rho) / (1 - mean))).sum()
    cost = ((a3 - x) ** 2).sum() / (2 * m) + decay / 2 * ((w1**2).sum() + (w2**2).sum()) + beta * kl
    delta3 = (a3 - x) * a3 * (1 - a3)
    sparse = beta * (-rho / mean + (1 - rho) / (1 - mean))
    delta2 = (delta3 @ w2 + sparse) * a2 * (1 - a2)
    return cost, delta2.T @ x / m + decay * w1, delta2.mean(0)


@pytest.mark.parametrize("layer", [0, 1])
def test_the_cost_and_its_gradient_are_the_lecture_notes(layer):
    net = model()
    x = torch.rand(20, 9)
    out = net.sparse(Batch(x), {}, layer=layer)
    seen = x if layer == 0 else net.encoder[0](x).sigmoid().detach()
    cost, weight, bias = notes(
        seen.numpy(),
        numbers(net.encoder[layer]),
        numbers(net.decoder[layer]),
        rho=0.1,
        beta=3.0,
        decay=0.003,
    )
    assert out.loss.mean().item() == pytest.approx(cost, rel=1e-12)
    own = [net.encoder[layer].weight, net.encoder[layer].bias]
    for found, expected in zip(
        torch.autograd.grad(out.loss.mean(), own), (weight, bias), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    total = out.parts["half_squared_error"] + 3.0 * out.parts["sparsity"] + out.parts["decay"]
    torch.testing.assert_close(out.loss, total)


def test_no_gradient_reaches_the_layers_below():
    net = model()
    out = net.sparse(Batch(torch.rand(5, 9)), {}, layer=1)
    grads = torch.autograd.grad(out.loss.mean(), [net.encoder[0].weight], allow_unused=True)
    assert grads == (None,)
    y = torch.tensor([0, 1, 2, 0, 1])
    out = net.softmax(Batch(torch.rand(5, 9), y), {})
    grads = torch.autograd.grad(out.loss.mean(), [net.encoder[1].weight], allow_unused=True)
    assert grads == (None,)


def test_the_first_weights_are_within_the_starter_codes_bound():
    net = StackedSparseAE(784, **{**GIVEN, "hidden": [200, 200], "classes": 10})
    bound = (6 / (784 + 200 + 1)) ** 0.5
    for layer in (net.encoder[0], net.decoder[0]):
        assert 0.99 * bound < layer.weight.abs().max() <= bound
        assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
        assert not layer.bias.any()
    assert net.classifier.weight.std().item() == pytest.approx(0.005, rel=0.1)
    assert net.classifier.bias is None


def test_fine_tuning_decays_the_classifier_alone():
    net = model()
    x, y = torch.rand(7, 9), torch.tensor([0, 1, 2, 0, 1, 2, 2])
    out = net.objective(Batch(x, y), {})
    hidden = net.encoder[1](net.encoder[0](x).sigmoid()).sigmoid()
    logits = hidden @ net.classifier.weight.T
    torch.testing.assert_close(net.classify(x), logits)
    decay = 0.01 * (net.classifier.weight**2).sum()
    torch.testing.assert_close(out.loss, cross_entropy(logits, y, reduction="none") + decay)
    torch.testing.assert_close(out.parts["accuracy"], 100 * (logits.argmax(-1) == y).double())
    up, down = net.decoder
    torch.testing.assert_close(net.reconstruct(x), up(down(hidden).sigmoid()).sigmoid())


def test_the_classifier_ends_where_scikit_learns_ends():
    """The mean loss with decay lambda is scikit-learn's sum with C = 1 / (examples lambda)."""
    x, y = torch.rand(60, 9), torch.arange(60) % 3
    x[y == 1, 0] += 1
    x[y == 2, 1] += 1
    lbfgs = {"batch": "all", "epochs": 200, "optimizer": {"class": "LBFGS", "lr": 1.0}}
    stack = Stack([model], [3])
    stages = [
        *layers("sparse", lambda i: [f"encoder.{i}", f"decoder.{i}"], 1, **{**lbfgs, "epochs": 5}),
        stage("softmax", objective="softmax", modules=["classifier"], **lbfgs),
    ]
    for _ in Training(stack, stages, Source(60, lambda index: Batch(x[index], y[index]))).run():
        pass
    with torch.no_grad():
        code = stack.share("encode", x)[0].numpy()
    expected = LogisticRegression(C=1 / (60 * 0.02), fit_intercept=False, tol=1e-10).fit(code, y)
    found = stack.parameters["classifier.weight"][0].detach().numpy()
    np.testing.assert_allclose(found, expected.coef_, atol=1e-4)


def test_filters_are_what_the_first_layer_weighs_pixels_by():
    net = model()
    assert torch.equal(net.filters(), net.encoder[0].weight)


def test_without_layers_the_classifier_sees_the_pixels():
    net = model(hidden=[])
    x = torch.rand(7, 9)
    assert torch.equal(net.encode(x), x)
    assert torch.equal(net.classify(x), x @ net.classifier.weight.T)
    assert {name for name, _ in net.named_parameters()} == {"classifier.weight"}
