"""k-means against scikit-learn's, its seeding against its law, and under vmap."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from torch.func import vmap

from ae.maths.clustering import k_means, moved, nearest, spread_out, squared_distances

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def blobs(points=200, clusters=5, seed=3):
    g = torch.Generator().manual_seed(seed)
    middle = 6 * torch.randn(clusters, 2, generator=g)
    return middle[torch.arange(points) % clusters] + torch.randn(points, 2, generator=g)


def inertia(z, centres):
    return float(squared_distances(z, centres).amin(-1).sum())


def test_distances_are_those_of_cdist():
    z, centres = torch.randn(30, 4), torch.randn(5, 4)
    torch.testing.assert_close(squared_distances(z, centres), torch.cdist(z, centres) ** 2)
    assert torch.equal(nearest(z, centres), torch.cdist(z, centres).argmin(-1))


def test_a_step_is_lloyds_and_a_centre_without_points_stays():
    z = torch.tensor([[0.0], [2.0], [10.0], [14.0]])
    centres = torch.tensor([[1.5], [9.0], [100.0]])
    assert moved(z, centres).flatten().tolist() == [1.0, 12.0, 100.0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_best_of_many_starts_is_scikit_learns(seed):
    z = blobs(seed=seed)
    uniform = torch.rand(20, 5, generator=torch.Generator().manual_seed(seed))
    ours = k_means(z, uniform, iterations=100)
    theirs = KMeans(5, n_init=20, random_state=seed).fit(z.numpy())
    assert inertia(z, ours) == pytest.approx(theirs.inertia_, rel=1e-9)
    assert torch.equal(moved(z, ours), ours)


def test_each_new_point_is_drawn_in_proportion_to_its_squared_distance():
    z = torch.tensor([[0.0], [1.0], [3.0]])
    uniform = torch.rand(4000, 2, generator=torch.Generator().manual_seed(0))
    pairs = torch.stack([spread_out(z, row).flatten() for row in uniform])
    first = [float((pairs[:, 0] == value).double().mean()) for value in (0.0, 1.0, 3.0)]
    np.testing.assert_allclose(first, [1 / 3] * 3, atol=0.03)
    after = pairs[pairs[:, 0] == 0.0, 1]
    assert float((after == 3.0).double().mean()) == pytest.approx(0.9, abs=0.03)
    assert not (after == 0.0).any()


def test_members_of_a_batch_are_what_each_is_alone():
    z = torch.stack([blobs(seed=1), blobs(seed=2)])
    uniform = torch.rand(2, 3, 5)
    both = vmap(lambda a, u: k_means(a, u, iterations=20))(z, uniform)
    for i in range(2):
        torch.testing.assert_close(both[i], k_means(z[i], uniform[i], iterations=20))
