"""Tables of classes and styles, and of clusters with their members."""

import numpy as np
import pytest
import torch
from known import Images

from ae.errors import UserError
from ae.figures.styles import clusters, table
from ae.metrics.styles import shown
from ae.models.categorical_aae import CategoricalAAE
from ae.models.supervised_aae import SupervisedAAE
from ae.training.stack import Stack
from ae.training.trained_run import Trained

SHARED = {"hidden": [13], "discriminator": [9], "latent": 3, "init": 0.3}


@pytest.fixture
def run(exact_arithmetic):
    x = torch.rand(50, 16, generator=torch.Generator().manual_seed(0))
    data = Images(x, torch.arange(50) % 3, (4, 4))

    def make(kind, classes, **keys):
        stack = Stack([lambda: kind(16, classes=classes, **SHARED, **keys)] * 2, [0, 1])
        return Trained(name="a", label="run a", stack=stack, train=data, test=data)

    return make


def test_a_row_is_a_style_and_a_column_a_class(run, repainted):
    trained = run(SupervisedAAE, 4)
    drawing = table([trained], styles=5, seed_index=1)
    made = shown(trained, 5)[1].reshape(20, 4, 4).numpy()
    np.testing.assert_allclose(drawing.arrays["pictures"][0], made, rtol=1e-6)
    assert drawing.arrays["columns"] == 4
    repainted(drawing)


def test_a_cluster_is_its_head_and_the_first_images_that_are_put_in_it(run, repainted):
    trained = run(CategoricalAAE, 5, normalised=False, keep=1.0, noise=0.0)
    drawing = clusters([trained], images=6, test=40, seed_index=0)
    pictures = drawing.arrays["pictures"][0].reshape(5, 7, 16)
    heads = trained.stack.call("every_class", torch.zeros(2, 1, 3))[0, 0].detach().numpy()
    x = trained.test.x[:40].numpy()
    chosen = trained.of("classify", "test", 40)[0].argmax(-1).numpy()
    seen = []
    for row in pictures:
        (cluster,) = np.flatnonzero(np.isclose(heads, row[0], atol=1e-6).all(1))
        own = x[chosen == cluster][:6]
        np.testing.assert_allclose(row[1 : 1 + len(own)], own, rtol=1e-6)
        assert (row[1 + len(own) :] == 1).all()
        seen.append(cluster)
    assert sorted(seen) == [0, 1, 2, 3, 4]
    repainted(drawing)


def test_runs_of_different_numbers_of_classes_are_refused(run):
    with pytest.raises(UserError, match="has 4 classes, 'a' 3; draw them in separate figures"):
        table([run(SupervisedAAE, 3), run(SupervisedAAE, 4)], styles=2, seed_index=0)
