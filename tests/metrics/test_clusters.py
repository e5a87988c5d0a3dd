"""Clusters scored by exemplars, counted by hand."""

import math

import pytest
import torch

from ae.errors import UserError
from ae.metrics.clusters import exemplar_error, used

# One row a pixel-free image: its logits for three clusters.
SCORED = [[9.0, 0, 0], [8, 0, 0], [0, 5, 0], [0, 6, 0], [0, 0, 2]]
LABELS = [4, 7, 1, 1, 1]
HELD = [[3.0, 0, 0], [1, 0, 0], [0, 4, 0], [0, 0.5, 0], [0, 0, 1], [0, 0, 0.5]]


def make(linear, held_labels, scale=1.0):
    x = torch.tensor(SCORED + HELD)
    y = torch.tensor(LABELS + held_labels)
    return linear(scale * torch.eye(3)[None], x, y)


def test_the_surest_validation_image_names_its_whole_cluster(linear):
    # cluster 0: label 4, cluster 1: label 1, cluster 2: label 9. Scored 4, 4, 1, 1, 9.
    trained = make(linear, [4, 7, 1, 2, 9, 1])
    assert exemplar_error(trained, test=5, valid=6) == pytest.approx([100 * 2 / 5])
    # A single exemplar of another class turns its cluster, though the majority is right.
    trained = make(linear, [7, 4, 2, 1, 9, 1])
    assert exemplar_error(trained, test=5, valid=6) == pytest.approx([100 * 4 / 5])


def test_probabilities_decide_not_logits(linear):
    """An image with a higher logit may be less sure: 5 against 4.9 and 0 loses to 2 against 0."""
    x = torch.tensor([[1.0, 0], [5, 4.9], [2, 0]])
    trained = linear(torch.eye(2)[None], x, torch.tensor([3, 8, 3]))
    assert exemplar_error(trained, test=1, valid=2) == [0]


def test_sure_images_are_told_apart_in_double_precision(linear):
    """Probabilities that are 1 to single precision still have an order."""
    x = torch.tensor([[1.0, 0], [20, 0], [21, 0]])
    trained = linear(torch.eye(2)[None], x, torch.tensor([3, 8, 3]))
    assert exemplar_error(trained, test=1, valid=2) == [0]


def test_used_clusters(linear):
    trained = make(linear, [0] * 6)
    assert used(trained, test=5, least=20.0) == [3]
    assert used(trained, test=5, least=40.0) == [2]
    assert used(trained, test=5, least=41.0) == [0]


def test_too_few_images_are_said_and_a_diverged_seed_has_no_value(linear):
    with pytest.raises(UserError, match="no more than the 11 images of the test split together"):
        exemplar_error(make(linear, [0] * 6), test=6, valid=6)
    assert math.isnan(exemplar_error(make(linear, [0] * 6, math.nan), test=5, valid=6)[0])
