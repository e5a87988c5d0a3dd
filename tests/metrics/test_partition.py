"""Agreement of clusters and classes: known pairings, scipy and scikit-learn, and all permutations."""

from itertools import permutations

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from ae.metrics import partition


def best(y, found):
    """The accuracy of the best of all one-to-one pairings, tried one by one."""
    size = max(int(y.max()), int(found.max())) + 1
    return max(100 * np.mean(np.array(order)[found] == y) for order in permutations(range(size)))


@pytest.mark.parametrize("seed", range(6))
def test_the_pairing_is_the_best_of_all(seed):
    draw = np.random.default_rng(seed)
    y, found = draw.integers(0, 5, 60), draw.integers(0, 4, 60)
    assert partition.paired(y, found) == pytest.approx(best(y, found))
    assert partition.paired(found, y) == pytest.approx(best(found, y))


def test_known_pairings():
    y = np.array([0, 0, 1, 1, 2, 2])
    assert partition.paired(y, np.array([2, 2, 0, 0, 1, 1])) == 100
    # Two clusters of the same class: only one of them may stand for it.
    assert partition.paired(y, np.array([0, 3, 1, 1, 2, 2])) == pytest.approx(500 / 6)
    assert partition.paired(y, np.zeros(6, dtype=np.int64)) == pytest.approx(200 / 6)


def cluster_run(linear):
    """Images whose largest pixel is their cluster; the second seed looks at the pixels turned."""
    g = torch.Generator().manual_seed(2)
    found = torch.randint(4, (80,), generator=g)
    y = torch.where(torch.rand(80, generator=g) < 0.3, torch.randint(4, (80,), generator=g), found)
    x = torch.eye(4)[found] + 0.1 * torch.rand(80, 4, generator=g)
    weights = torch.stack([torch.eye(4), torch.eye(4).roll(1, 0)])
    weights[1, 0] = 0
    return linear(weights, x, y), found.numpy(), y.numpy()


def test_runs_are_scored_by_their_largest_number(linear):
    trained, found, y = cluster_run(linear)
    codes = trained.of("encode", "test").numpy().argmax(-1)
    assert (codes[0] == found).all()
    for name, judge in (
        ("accuracy", best),
        ("rand_index", lambda a, b: 100 * adjusted_rand_score(a, b)),
        (
            "mutual_information",
            lambda a, b: 100 * normalized_mutual_info_score(a, b, average_method="geometric"),
        ),
    ):
        values = getattr(partition, name)(trained, split="test", clusters="encode")
        assert values == pytest.approx([judge(y, own) for own in codes]), name
    assert best(y, codes[0]) > best(y, codes[1])


def test_information_is_over_the_root_of_both_entropies():
    """Two classes in four equal clusters: log 2 over the root of log 2 log 4."""
    y = np.repeat([0, 1], 20)
    found = np.repeat([0, 1, 2, 3], 10)
    score = normalized_mutual_info_score(y, found, average_method="geometric")
    assert score == pytest.approx(1 / np.sqrt(2))


def test_a_gain_is_a_difference(linear):
    trained, _, _ = cluster_run(linear)
    both = [
        partition.accuracy(trained, split="test", clusters=name) for name in ("encode", "classify")
    ]
    assert both[0] == both[1]
    assert partition.gain(trained, split="test", clusters="encode", over="classify") == [0, 0]
    made = partition.gain(trained, split="test", clusters="encode", over="reconstruct")
    other = partition.accuracy(trained, split="test", clusters="reconstruct")
    assert made == pytest.approx([a - b for a, b in zip(both[0], other, strict=True)])
