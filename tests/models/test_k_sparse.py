"""The k largest linear activities, and nothing else, reach the decoder."""

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from ae.models.base import Batch
from ae.models.k_sparse import KSparse
from ae.spec import Descent
from ae.training.batches import Source
from ae.training.stack import Stack
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("exact_arithmetic")


def model(k=3, most=12, alpha=1.0, classes=0):
    made = KSparse(30, hidden=12, k=k, most=most, alpha=alpha, classes=classes, init=0.3)
    torch.nn.init.normal_(made.hidden_bias)
    torch.nn.init.normal_(made.visible_bias)
    return made


def largest(made, x, count):
    """The `count` largest activities by numpy's sort, else 0."""
    activity = (x @ made.weight.T + made.hidden_bias).detach()
    places = torch.tensor(activity.numpy().argsort(-1)[:, ::-1][:, :count].copy())
    return torch.zeros_like(activity).scatter(-1, places, activity.gather(-1, places))


@pytest.mark.parametrize("k", [1, 3, 12])
def test_the_code_holds_the_k_largest_activities(k):
    made, x = model(k), torch.rand(40, 30)
    z = made.encode(x)
    assert (z != 0).sum(-1).tolist() == [k] * 40
    torch.testing.assert_close(z, largest(made, x, k))


def test_a_large_negative_activity_is_not_kept():
    made = KSparse(2, hidden=2, k=1, most=1, alpha=1.0, classes=0, init=1.0)
    made.load_state_dict(made.state_dict() | {"weight": torch.tensor([[-9.0, 0.0], [0.0, 1.0]])})
    assert made.encode(torch.ones(1, 2)).tolist() == [[0.0, 1.0]]


def test_units_that_tie_are_not_kept_beyond_k():
    made, x = model(3, alpha=2.0), torch.rand(5, 30)
    made.load_state_dict(
        made.state_dict() | {"weight": torch.ones(12, 30), "hidden_bias": torch.zeros(12)}
    )
    assert (made.encode(x) != 0).sum(-1).tolist() == [3] * 5
    assert (made.features(x) != 0).sum(-1).tolist() == [6] * 5


@pytest.mark.parametrize(("alpha", "count"), [(1.0, 3), (1.5, 4), (2.0, 6), (9.0, 12)])
def test_features_hold_alpha_k_of_them_and_training_does_not(alpha, count):
    made, x = model(3, most=3, alpha=alpha), torch.rand(40, 30)
    torch.testing.assert_close(made.features(x), largest(made, x, count))
    torch.testing.assert_close(made.encode(x), largest(made, x, 3))


def test_the_loss_is_the_squared_error_of_the_kept_units_alone():
    made, x = model(), torch.rand(5, 30)
    values, kept = (x @ made.weight.T + made.hidden_bias).topk(3)
    expected = (
        (torch.einsum("nk,nkp->np", values, made.weight[kept]) + made.visible_bias - x) ** 2
    ).sum(-1)
    torch.testing.assert_close(made.objective(Batch(x), {}).loss, expected)


def test_units_that_are_off_get_no_gradient():
    made, x = model(), torch.rand(1, 30)
    made.objective(Batch(x), {}).loss.sum().backward()
    on = made.encode(x)[0] != 0
    assert (made.hidden_bias.grad != 0).tolist() == on.tolist()
    assert (made.weight.grad.abs().sum(1) != 0).tolist() == on.tolist()


def test_with_every_unit_kept_it_is_the_linear_autoencoder():
    made, x = model(12), torch.rand(5, 30)
    linear = (x @ made.weight.T + made.hidden_bias) @ made.weight + made.visible_bias
    torch.testing.assert_close(made.reconstruct(x), linear)


@pytest.mark.parametrize(("annealed", "count"), [(0.0, 12), (0.5, 8), (0.66, 6), (1.0, 3)])
def test_annealing_goes_from_most_to_k(annealed, count):
    made, x = model(3), torch.rand(5, 30)  # 12, 7.5 (rounded to even), 6.06, 3
    made.annealed.fill_(annealed)
    torch.testing.assert_close(made.encode(x), largest(made, x, count))
    torch.testing.assert_close(made.features(x), largest(made, x, 3))  # not annealed


def test_one_schedule_serves_runs_of_different_k():
    """Half way, k = 2 and k = 6 of a stack stand between 10 and their own."""
    counts = {}

    class Watched(KSparse):
        def objective(self, batch, noise):
            out = super().objective(batch, noise)
            kept = (self.encode(batch.x) != 0).sum(-1).to(out.loss)
            return out._replace(parts={"kept": kept})

    builds = [
        lambda k=k: Watched(30, hidden=12, k=k, most=10, alpha=1.0, classes=0, init=0.3)
        for k in (2, 6)
    ]
    x = torch.rand(40, 30)
    anneal = {"key": "buffer:annealed", "kind": "linear", "at": (0.0, 4.0), "values": (0.0, 1.0)}
    stage = Descent.model_validate(
        {
            "objective": "objective",
            "modules": "all",
            "batch": 10,
            "epochs": 8.0,
            "optimizer": {"class": "SGD", "lr": 1e-3},
            "schedules": (anneal,),
        }
    )
    stack = Stack(builds, [0, 0])
    training = Training(stack, [("pretrain", stage)], Source(40, lambda i: Batch(x[i])))
    for progress in training.run():
        counts[progress.step] = progress.parts["kept"].tolist()
    assert counts[1] == [10, 10]  # step 1 is taken at epoch 0
    assert counts[9] == [6, 8]  # epoch 2 of 4
    assert counts[17] == counts[32] == [2, 6]


def test_the_classifier_alone_is_logistic_regression_on_the_features():
    made = model(3, alpha=2.0, classes=3)
    x, y = torch.rand(200, 30), torch.arange(200) % 3
    x[:, :3] += torch.eye(3)[y] * 0.4
    z = made.features(x).detach().numpy()
    oracle = LogisticRegression(C=1.0, tol=1e-10, max_iter=5000).fit(z, y)
    with torch.no_grad():
        made.classifier.weight.copy_(torch.tensor(oracle.coef_))
        made.classifier.bias.copy_(torch.tensor(oracle.intercept_))
    out = made.supervised(Batch(x, y), {})
    expected = -torch.tensor(oracle.predict_log_proba(z))[torch.arange(200), y]
    torch.testing.assert_close(out.loss, expected)
    assert 1 - out.parts["error"].mean().item() == pytest.approx(oracle.score(z, y))
    # The oracle's penalty is ||w||^2 / 2C on the sum of losses: the gradient of that sum is -w.
    out.loss.sum().backward()
    torch.testing.assert_close(
        made.classifier.weight.grad, -made.classifier.weight.detach(), atol=1e-3, rtol=0
    )


def test_an_untrained_classifier_holds_all_labels_for_equally_likely():
    made = model(classes=4)
    out = made.supervised(Batch(torch.rand(6, 30), torch.tensor([0, 1, 2, 3, 0, 1])), {})
    torch.testing.assert_close(out.loss, torch.full((6,), 4.0).log())


@pytest.mark.parametrize(("k", "most"), [(0, 12), (5, 4), (13, 13)])
def test_an_impossible_k_is_refused(k, most):
    with pytest.raises(ValueError, match=f"k {k}, most {most}: expected 1 <= k <= most <= hidden"):
        model(k, most)


def test_an_alpha_below_one_is_refused():
    with pytest.raises(ValueError, match=r"alpha 0.5: expected at least 1"):
        model(alpha=0.5)
