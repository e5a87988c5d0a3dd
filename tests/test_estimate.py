"""The estimate's arithmetic, and what `ae run --plan` makes of it."""

import math
import time

import pytest
import torch
from project import make
from test_execute import execution

from ae.estimate import operations, outlook, peak, steps_of
from ae.fitting import Fitting


@pytest.fixture
def job(tmp_path):
    return execution(make(tmp_path))


def test_steps_are_those_that_the_trainer_takes(job):
    for stack in job.plan():
        fitting = Fitting(stack, job.source(stack), job.folder, "cpu")
        assert sum(steps_of(s, 320) for _, s in stack.stages) == fitting.training.total == 40


def test_a_dense_net_costs_six_operations_a_weight_and_example(job):
    both, wide = job.plan()
    assert operations(both, 320) == 6 * 6 * (784 * 12 + 12 + 784) * 32 * 40
    assert operations(wide, 320) == 3 * 6 * (784 * 24 + 24 + 784) * 32 * 40


def test_an_outlook_adds_it_up(job):
    both = job.plan()[0]
    found = outlook(both, 320, 784, rate=1e9)
    assert (found.stack, found.seeds, found.members, found.steps) == ("plain, noisy", 3, 6, 40)
    assert found.seconds == pytest.approx(operations(both, 320) / 0.4e9)
    # Weights, gradients and Adam's two moments of six members at the least; not ten times that.
    least = 4 * 4 * 6 * (784 * 12 + 12 + 784)
    assert least < found.bytes < 10 * least


def test_the_peak_is_what_a_timed_product_gives():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    a, best = torch.randn(1024, 1024), math.inf
    for _ in range(10):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    found = peak("cpu", 0.3)
    torch.set_num_threads(threads)
    assert 0.4 < found / (2 * 1024**3 / best) < 2.5
