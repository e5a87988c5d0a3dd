"""The estimate's arithmetic, and what it learns from recorded times."""

import math
import time
from functools import partial
from types import SimpleNamespace

import project as small
import pytest
import torch
from project import make
from zoo import stack_plan, stage

from ae.machine.provenance import processor
from ae.models.prior_vae import PriorVAE
from ae.models.semi_supervised import GaussDGM
from ae.models.sparse_autoencoder import StackedSparseAE
from ae.running.carry import planned
from ae.running.estimate import Speeds, flops, outlook, peak, step_flops, steps_of
from ae.training.plan import StackPlan, protocol

NONE = Speeds([], "nobody's", 1e9)
SPARSE = {"sparsity": 0.1, "penalty": 3.0, "decay": 0.003, "classifier_decay": 0.003}


@pytest.fixture
def job(tmp_path):
    return small.paper(make(tmp_path))


def test_steps_are_those_that_the_trainer_takes(job):
    for plan in job.to_train():
        taken = job.training(plan).training.total
        assert sum(steps_of(s, 320, 320) for _, s in plan.stages) == taken == 40


def test_a_net_of_one_matrix_used_twice_costs_five_products_a_step(job):
    """Forward by it and by its transpose; its gradient from both, and the code's."""
    plain, wide = job.members[0], job.members[-1]
    assert flops(plain, 784, 320) == 5 * 2 * (784 * 12) * 32
    assert flops(wide, 784, 320) == 5 * 2 * (784 * 24) * 32


@pytest.mark.parametrize("classes", [2, 10])
def test_a_decoder_that_is_run_for_each_class_counts_each_time(classes):
    """Three products a layer, but the first: nothing asks for the gradient of an image."""
    table = {"hidden": [64], "skips": False, "latent": 8, "weight": 0.4, "share": 0.1, "init": 0.01}
    build = partial(GaussDGM, 784, classes=classes, **table)
    plan = stack_plan(build, (stage(batch=32, epochs=1),), (0,))
    encoder = 2 * 784 * 64 + 3 * 64 * (16 + classes)
    decoder = 3 * ((8 + classes) * 64 + 64 * 784)
    found = step_flops(plan.members[0], plan.stages[0][1], 784, 320)
    assert found == 2 * (encoder + classes * decoder) * 32


def test_a_parameter_that_is_given_to_a_network_is_counted_like_data():
    """Three products a layer for each of 16 pseudo-inputs, whose gradient is asked for."""
    table = {"hidden": [12], "latent": 2, "levels": 3, "floor": 1e-5, "components": 16}
    found = []
    for prior in ("standard", "vamp"):
        build = partial(PriorVAE, 64, prior=prior, joint=True, **table)
        plan = stack_plan(build, (stage(batch=32, epochs=1),), (0,))
        found.append(step_flops(plan.members[0], plan.stages[0][1], 64, 320))
    assert found[1] - found[0] == 3 * 2 * (64 * 12 + 12 * 4) * 16


def test_a_step_on_all_examples_costs_as_many_and_is_never_taken_from_another_size():
    build = partial(StackedSparseAE, 784, hidden=[12], classes=3, **SPARSE)
    lbfgs = {"class": "LBFGS", "lr": 1.0}
    name, one = stage(objective="sparse", layer=0, batch="all", epochs=7, optimizer=lbfgs)
    member = stack_plan(build, ((name, one),), (0,)).members[0]
    few, many = (step_flops(member, one, 784, n) for n in (100, 400))
    # Both layers forward, their gradients, and the hidden layer's.
    assert (few, many) == (5 * 2 * 784 * 12 * 100, 5 * 2 * 784 * 12 * 400)
    assert steps_of(one, 400, 400) == 7
    before = SimpleNamespace(
        trained={"processor": "here"},
        imported=False,
        stages={name: {"steps": 7, "cpu_seconds": 7e9}},
        parts={"model": member.cell.model, "protocol": protocol(member.cell)},
    )
    for speeds in (NONE, Speeds([before], "here", 1e9)):
        assert speeds.step(member, one, 784, 400, {}) == pytest.approx(many / 0.4e9)


def test_an_outlook_adds_it_up(job):
    both = job.to_train()[0]
    found = outlook(both, 320, 784, NONE)
    assert (found.stack, found.seeds, found.members, found.steps) == ("plain, noisy", 3, 6, 40)
    assert found.seconds == pytest.approx(6 * 40 * flops(both.members[0], 784, 320) / 0.4e9)
    # Weights, gradients and Adam's two moments of six members at the least; not ten times that.
    least = 4 * 4 * 6 * (784 * 12 + 12 + 784)
    assert least < found.bytes < 10 * least


def test_recorded_times_of_a_step_count_and_other_machines_do_not(job):
    for plan in job.to_train():
        list(job.train(plan, lambda: False))
    trained = list(job.store.all())
    taken = {m.run: m.stages["fit"]["cpu_seconds"] for m in trained if m.seed == 0}
    known = Speeds(trained, processor(), 1e12)
    for plan in (StackPlan((job.members[0],)), StackPlan((job.members[-1],))):
        run = plan.members[0].run
        found = outlook(plan, 320, 784, known).seconds
        runs = [
            m.stages["fit"]["cpu_seconds"]
            for m in trained
            if m.parts["model"] == plan.members[0].cell.model
        ]
        assert min(runs) * (1 - 1e-9) <= found <= max(runs) * (1 + 1e-9)
        assert taken[run] > 0
        assert outlook(plan, 640, 784, known).seconds == pytest.approx(2 * found)
    other = Speeds(trained, "another", 1e12)
    assert outlook(StackPlan((job.members[0],)), 320, 784, other).seconds == pytest.approx(
        40 * flops(job.members[0], 784, 320) / 0.4e12
    )


def test_a_plan_says_what_is_there_and_what_is_left(job):
    before = planned(job)
    assert before.there == {}
    assert not before.done
    assert sum(len(s.members) for s in before.stacks) == 9
    plan = job.to_train()[-1]
    list(job.train(plan, lambda: False))
    after = planned(job)
    assert after.there == {"wide": (0, 1, 2)}
    assert sum(len(s.members) for s in after.stacks) == 6


def test_the_peak_is_what_a_timed_product_gives():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    a, best, found = torch.randn(1024, 1024), math.inf, 0.0
    for _ in range(10):  # in turns, as others may be at work; the best of each
        for _ in range(10):
            start = time.perf_counter()
            a @ a
            best = min(best, time.perf_counter() - start)
        found = max(found, peak.__wrapped__("cpu", 0.3))
        if 0.6 < (ratio := found * best / (2 * 1024**3)) < 1.6:
            break
    torch.set_num_threads(threads)
    assert 0.6 < ratio < 1.6
