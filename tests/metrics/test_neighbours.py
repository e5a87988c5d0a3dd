"""kNN accuracy on codes that were placed by hand."""

import math

import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from ae.errors import UserError
from ae.metrics.neighbours import knn_accuracy, knn_error, nearest, pixel_knn_error, vote
from ae.models.stick_breaking import GaussVAE
from ae.training.stack import Stack


def test_votes_on_codes_placed_by_hand(linear):
    # Codes on a line; the second seed reverses it, the third puts all codes at 0.
    x = torch.tensor([[0.0], [1], [2], [10], [11], [12]])
    y = torch.tensor([0, 0, 0, 1, 1, 1])
    test_x, test_y = torch.tensor([[0.4], [1.6], [11.4], [9.0]]), torch.tensor([0, 0, 1, 0])
    weights = torch.tensor([1.0, -1.0]).reshape(2, 1, 1)
    trained = linear(weights, x, y, test_x=test_x, test_y=test_y)
    values = knn_accuracy(trained, k=3, train_examples=6, test_examples=4)
    assert values == [75.0, 75.0]  # 9.0 lies among the ones and is labelled 0
    assert knn_accuracy(trained, k=3, train_examples=6, test_examples=3) == [100.0, 100.0]
    assert knn_accuracy(trained, k=1, train_examples=1, test_examples=4) == [75.0, 75.0]


def test_is_what_sklearn_says_of_the_codes(linear):
    x, test_x = torch.rand(80, 4), torch.rand(60, 4)
    y, test_y = torch.randint(3, (80,)), torch.randint(3, (60,))
    weights = torch.rand(2, 2, 4)
    trained = linear(weights, x, y, test_x=test_x, test_y=test_y)
    expected = []
    for w in weights:
        oracle = KNeighborsClassifier(5).fit((x @ w.T).numpy(), y.numpy())
        expected.append(100 * oracle.score((test_x @ w.T).numpy(), test_y.numpy()))
    assert knn_accuracy(trained, k=5, train_examples=999, test_examples=999) == pytest.approx(
        expected
    )
    assert expected[0] != expected[1]


def test_a_diverged_seed_is_nan_and_the_others_are_not(linear):
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([0, 1])
    trained = linear(torch.tensor([1.0, math.nan]).reshape(2, 1, 1), x, y)
    first, second = knn_accuracy(trained, k=1, train_examples=2, test_examples=2)
    assert first == 100
    assert math.isnan(second)


def test_more_neighbours_than_codes_is_said(linear):
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([0, 1])
    trained = linear(torch.ones(1, 1, 1), x, y)
    with pytest.raises(UserError, match=r"^neighbours.knn_accuracy: k: found 3; expected 1 to 2"):
        knn_accuracy(trained, k=3, train_examples=10, test_examples=2)


def test_errors_of_images_are_what_sklearn_says_of_them(linear):
    x, test_x = (torch.randint(256, (n, 9), dtype=torch.uint8) for n in (700, 600))
    y, test_y = torch.randint(4, (700,)), torch.randint(4, (600,))
    trained = linear(torch.zeros(2, 2, 9), x, y, test_x=test_x, test_y=test_y)
    for k in (3, 10):
        oracle = KNeighborsClassifier(k).fit(x[:650].numpy(), y[:650].numpy())
        error = 100 * (1 - oracle.score(test_x.numpy(), test_y.numpy()))
        found = pixel_knn_error(trained, k=k, train_examples=650, test_examples=600)
        assert found == pytest.approx([error, error])
    with pytest.raises(UserError, match="k: found 17; expected 1 to 16"):
        pixel_knn_error(trained, k=17, train_examples=650, test_examples=600)


def test_a_sampled_code_is_one_sample_of_each_seed_own(run):
    def build():
        return GaussVAE(4, hidden=[30], latent=2, init=1.0)

    x, y = torch.rand(300, 4), torch.randint(2, (300,))
    trained = run(Stack([build] * 2, [5, 6]), x, y, shape=(2, 2))
    arguments = {"k": 1, "train_examples": 300, "test_examples": 300}
    assert knn_error(trained, code="mean", **arguments) == [0.0, 0.0]  # each is its own neighbour
    sampled = knn_error(trained, code="sample", **arguments)
    assert all(20 < error < 80 for error in sampled)
    assert sampled == knn_error(trained, code="sample", **arguments)
    alone = run(Stack([build], [6]), x, y, shape=(2, 2))
    assert knn_error(alone, code="sample", **arguments) == sampled[1:]


def test_exact_distances_decide_what_single_precision_cannot():
    far = torch.tensor([[4000.0, 0], [4001, 0], [4002, 0]], dtype=torch.float32) + 1e6
    asked = far[1:2] + torch.tensor([[0.25, 0]])
    assert nearest(far, asked, 3).tolist() == [[1, 2, 0]]


def test_a_tie_goes_to_the_smaller_label():
    labels = torch.tensor([[2, 1, 1, 2], [3, 3, 0, 1], [2, 0, 1, 3]])
    assert vote(labels.numpy()).tolist() == [1, 3, 0]
