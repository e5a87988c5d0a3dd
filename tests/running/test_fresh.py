"""Training on examples that each seed draws anew at every step."""

import pytest
import torch
from project import interrupted, make, run, trained
from test_cuda_graph import SEEDS, refused, same, unrecorded
from test_cuda_graph import run as ended
from test_trainer import dae, finish
from zoo import FEATURES, ZOO, stack_plan, stage

from ae.data.access import bernoulli, variance
from ae.errors import Interrupted
from ae.models.base import Autoencoder, Batch, Draw, Objective
from ae.models.pca import PCA
from ae.training.batches import Fresh, Source
from ae.training.memory import footprint
from ae.training.stack import Stack
from ae.training.trainer import Training

pytestmark = pytest.mark.usefixtures("one_thread")  # sums of several threads are cut elsewhere
EXAMPLES = 96
X = torch.rand(EXAMPLES, FEATURES, generator=torch.Generator().manual_seed(9))
KINDS = {"normal": variance, "uniform": bernoulli}


def source(law="normal", device="cpu"):
    """Examples that `fit` sees as minus the images, and descent as what it draws of them."""
    x = X.to(device)
    fresh = Fresh(
        Draw(law, (FEATURES,)), lambda index, noise: Batch(KINDS[law](x[index], noise), index)
    )
    return Source(EXAMPLES, lambda index: Batch(-x[index], index), fresh)


def training(build=dae, seeds=SEEDS, law="normal", capture=None, device="cpu", **keys):
    stages = [stage(**{"epochs": 12, **keys})]
    return Training(
        Stack([build] * len(seeds), seeds, device), stages, source(law, device), capture=capture
    )


class Keeper(Autoencoder):
    """Every step's batch, as the curve's parts: pixel by pixel."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(FEATURES, 1)
        self.draws = {"own": Draw("normal", (FEATURES,))}

    def objective(self, batch, noise):
        loss = self.layer(batch.x)[..., 0] * 0.0
        ratio = batch.x / X[batch.y]
        moments = {f"m{k}": (ratio**k).mean(-1) for k in (1, 2, 4)}
        own = {"cross": (ratio * noise["own"]).mean(-1), "own": noise["own"].square().mean(-1)}
        return Objective(loss, moments | own)


def points(progress):
    return [p.parts for p in progress if p.parts is not None]


def test_what_a_model_sees_is_new_at_every_step_and_has_the_laws_moments():
    seen = points(finish(training(Keeper, epochs=20)))
    means = {k: torch.stack([p[k] for p in seen]).mean(0) for k in seen[0]}
    count = 20 * EXAMPLES * FEATURES
    for name, expected, spread in (
        ("m1", 0, 1),
        ("m2", 1, 2),
        ("m4", 3, 96),
        ("cross", 0, 1),
        ("own", 1, 2),
    ):
        error = 4.5 * (spread / count) ** 0.5
        assert (means[name] - expected).abs().max() < error, name
    assert len({round(p["m2"][0].item(), 12) for p in seen}) == len(seen)


def test_equal_seeds_see_equal_examples_and_other_seeds_others():
    for parts in points(finish(training(Keeper, seeds=[3, 1, 3]))):
        energy = parts["m2"]
        assert energy[0] == energy[2] != energy[1]


@pytest.mark.parametrize("law", KINDS)
def test_a_seed_alone_is_the_seed_among_others_bit_for_bit(law):
    among = training(seeds=[5, 3, 1, 3], law=law)
    finish(among)
    for member, seed in enumerate([5, 3, 1]):
        alone = training(seeds=[seed], law=law)
        finish(alone)
        for name, tensor in alone.stack.tensors().items():
            assert torch.equal(tensor[0], among.stack.tensors()[name][member]), name


def test_fit_sees_the_fixed_draw():
    entry = ZOO["pca"]
    stack = Stack([entry.build()] * 2, [0, 1])
    finish(Training(stack, entry.stages, source()))
    expected = PCA(FEATURES, **entry.arguments)
    expected.fit(-X)
    for name, value in expected.state_dict().items():
        for member in stack.tensors()[name]:
            torch.testing.assert_close(member.abs(), value.abs(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("law", KINDS)
def test_the_static_step_equals_the_plain_one_bit_for_bit(law):
    same(training(law=law, capture=unrecorded), ended(training(law=law)))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("law", KINDS)
def test_a_recorded_step_draws_anew_whenever_it_is_replayed(law):
    recorded = training(law=law, device="cuda")
    plain = training(law=law, device="cuda", capture=refused)
    same(recorded, ended(plain))
    assert recorded.reason is None
    assert plain.reason is not None


@pytest.mark.parametrize("capture", [None, unrecorded])
def test_a_resumed_training_ends_bit_for_bit(capture):
    first = training()
    steps = first.run()
    for _ in range(17):
        next(steps)
    state = {k: v.clone() for k, v in first.state().items()}
    second = training(capture=capture)
    second.load(state)
    same(second, ended(training()))


def test_the_noise_of_a_step_is_counted():
    plan = stack_plan(dae, (stage(),), (1, 1))
    plain, fresh = (footprint(plan, 96, FEATURES, fresh=f) for f in (False, True))
    assert fresh.batch - plain.batch == (2 + 1) * 32 * FEATURES * 4  # drawn once, two copies
    assert (fresh.activations, fresh.total - fresh.batch) == (
        plain.activations,
        plain.total - plain.batch,
    )


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    project = make(tmp_path / "project")
    path = project / "benchmarks" / "tiny2020-dae.toml"
    path.write_text(path.read_text().replace('name = "mnist"', 'name = "variance-mnist"', 1))
    return project


def test_a_run_on_drawn_examples_repeats_and_resumes_bit_for_bit(project):
    _, record = run(project)
    assert record.data[0].name == "variance-mnist"
    events, again = run(project)
    assert trained(events) == set()
    assert again == record
    with pytest.raises(Interrupted):
        interrupted(project, 20, "other")
    _, resumed = run(project, "other")
    for mine, theirs in zip(resumed.runs, record.runs, strict=True):
        assert mine.metrics == theirs.metrics
        assert mine.curves == theirs.curves


def test_where_test_noise_is_a_seeds_own_it_is_the_same_among_others(project):
    _, three = run(project)
    _, one = run(project, "one", seeds=(1,))
    for mine, theirs in zip(one.runs, three.runs, strict=True):
        expected = pytest.approx(theirs.metrics["squared_error"][1], rel=1e-7)
        assert mine.metrics["squared_error"][0] == expected
