"""The estimate's arithmetic, and what `ae run --plan` makes of it."""

import math
import time
from functools import partial

import pytest
import torch
from project import make
from test_execute import execution
from zoo import stage

from ae.estimate import operations, outlook, peak, steps_of
from ae.fitting import Fitting
from ae.models.semi_supervised import GaussDGM
from ae.plan import Member, StackPlan


@pytest.fixture
def job(tmp_path):
    return execution(make(tmp_path))


def test_steps_are_those_that_the_trainer_takes(job):
    for stack in job.plan():
        fitting = Fitting(stack, job.source(stack), job.folder, "cpu")
        assert sum(steps_of(s, 320) for _, s in stack.stages) == fitting.training.total == 40


def test_a_net_of_one_matrix_used_twice_costs_five_products_a_step(job):
    """Forward by it and by its transpose; its gradient from both, and the code's."""
    both, wide = job.plan()
    assert operations(both, 320, 784) == 6 * 5 * 2 * (784 * 12) * 32 * 40
    assert operations(wide, 320, 784) == 3 * 5 * 2 * (784 * 24) * 32 * 40


@pytest.mark.parametrize("classes", [2, 10])
def test_a_decoder_that_is_run_for_each_class_counts_each_time(classes):
    """Three products a layer, but the first: nothing asks for the gradient of an image."""
    table = {"hidden": [64], "latent": 8, "weight": 0.4, "share": 0.1, "init": 0.01}
    member = Member(None, 0, partial(GaussDGM, 784, classes=classes, **table))
    plan = StackPlan((member,), (stage(batch=32, epochs=1),), "float32", "a" * 64)
    encoder = 2 * 784 * 64 + 3 * 64 * (16 + classes)
    decoder = 3 * ((8 + classes) * 64 + 64 * 784)
    assert operations(plan, 320, 784) == 2 * (encoder + classes * decoder) * 320


def test_an_outlook_adds_it_up(job):
    both = job.plan()[0]
    found = outlook(both, 320, 784, rate=1e9)
    assert (found.stack, found.seeds, found.members, found.steps) == ("plain, noisy", 3, 6, 40)
    assert found.seconds == pytest.approx(operations(both, 320, 784) / 0.4e9)
    # Weights, gradients and Adam's two moments of six members at the least; not ten times that.
    least = 4 * 4 * 6 * (784 * 12 + 12 + 784)
    assert least < found.bytes < 10 * least


def test_the_peak_is_what_a_timed_product_gives():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    a, best, found = torch.randn(1024, 1024), math.inf, 0.0
    for _ in range(10):  # in turns, as others may be at work; the best of each
        for _ in range(10):
            start = time.perf_counter()
            a @ a
            best = min(best, time.perf_counter() - start)
        found = max(found, peak("cpu", 0.3))
        if 0.6 < (ratio := found * best / (2 * 1024**3)) < 1.6:
            break
    torch.set_num_threads(threads)
    assert 0.6 < ratio < 1.6
