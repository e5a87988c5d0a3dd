"""What a stack takes, counted by hand; and stacks that do not fit."""

import os
import re
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from project import PYTHONPATH, ROOT, make
from torch import nn
from zoo import ZOO, stage

from ae import cli, fitting
from ae import record as records
from ae.errors import OutsideError
from ae.execute import Execution, Interrupted
from ae.memory import Footprint, footprint, free, halves, split
from ae.metrics import reconstruction
from ae.models.base import Autoencoder, Draw, Objective
from ae.plan import Member, StackPlan
from ae.seeds import Stack
from ae.spec import Fit
from ae.train import Training


class Line(Autoencoder):
    """x -> W x for 16 pixels: 256 weights, 1024 bytes in single precision."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(16, 16))
        self.register_buffer("beta", torch.tensor(1.0))
        self.draws = {"z": Draw("normal", (5,))}

    def objective(self, batch, noise):
        return Objective(((batch.x @ self.weight) * 2.0).exp().sum(-1), {})


def plan(build, stages, seeds):
    members = tuple(Member(None, seed, build) for seed in seeds)
    return StackPlan(members, stages, "float32", "a" * 64)


def test_a_stacks_bytes_are_those_counted_by_hand():
    one = plan(Line, (stage(batch=32),), [4, 5, 6])
    found = footprint(one, 100, 16)
    assert found.data == 100 * (16 + 8) + 3 * 100 * 8
    assert found.weights == 3 * (1024 + 4)
    assert found.gradients == 3 * 1024
    assert found.optimizer == 2 * 3 * 1024
    # Bytes, floats and labels, by seed and by member; five numbers of noise an example.
    assert found.batch == (3 + 3) * 32 * (16 + 64 + 8) + 3 * 32 * 5 * 4
    # exp's result (32, 16) and the gradient of it; the loss and the gradient of it; their mean, too.
    assert found.activations == 3 * (2 * 2048 + 2 * 32 * 4 + 2 * 4)
    assert found.total == found.data + found.stack


def test_equal_seeds_share_data_order_and_draws():
    apart, shared = (footprint(plan(Line, (stage(),), s), 100, 16) for s in ([1, 2], [1, 1]))
    assert apart.data - shared.data == 100 * 8
    assert apart.batch - shared.batch == 32 * (16 + 64 + 8) - 32 * 5 * 4


@pytest.mark.parametrize(
    ("optimizer", "copies"),
    [
        ({"class": "SGD", "lr": 0.1}, 0),
        ({"class": "SGD", "lr": 0.1, "momentum": 0.5}, 1),
        ({"class": "Adagrad", "lr": 0.1}, 1),
        ({"class": "AdamW", "lr": 0.1}, 2),
        ({"class": "RMSprop", "lr": 0.1, "momentum": 0.5}, 2 + 2),
        ({"class": "Adamax", "lr": 0.1}, 2 + 2),
    ],
)
def test_the_optimisers_memory_is_copies_of_what_it_trains(optimizer, copies):
    found = footprint(plan(Line, (stage(optimizer=optimizer),), [0]), 100, 16)
    assert found.optimizer == copies * 1024


@pytest.mark.parametrize("name", ZOO)
def test_every_model_can_be_estimated_and_members_add_up(name):
    entry = ZOO[name]
    one, four = (
        footprint(plan(entry.build(), entry.stages, range(n)), 96, entry.features) for n in (1, 4)
    )
    assert one.weights > 0
    assert one.activations > 0
    assert four.weights == 4 * one.weights
    assert four.activations == 4 * one.activations
    assert four.stack - four.batch == 4 * (one.stack - one.batch)
    # A step has a batch a member; a fit sees the training set, which is one for all.
    fits = any(isinstance(s, Fit) for _, s in entry.stages)
    assert four.batch in ([one.batch, 4 * one.batch] if fits else [4 * one.batch])


def test_a_stack_is_halved_until_it_fits():
    whole = plan(partial(Line), (stage(),), range(7))
    size = [footprint(plan(Line, (stage(),), range(n)), 100, 16).stack for n in range(8)[1:]]
    for limit, expected in [(size[6], [7]), (size[3], [4, 3]), (size[2], [2, 2, 3])]:
        parts = split(whole, 100, 16, limit)
        assert [len(p.members) for p in parts] == expected
        assert [m.seed for p in parts for m in p.members] == list(range(7))
        assert len({p.key for p in parts}) == len(parts)
    assert [len(p.members) for p in split(whole, 100, 16, 1)] == [1] * 7
    assert halves(whole)[0].key == halves(whole)[0].key != halves(whole)[1].key


def test_the_cpu_has_no_limit():
    assert free("cpu") == float("inf")
    assert Footprint(1, 2, 3, 4, 5, 6).total == 21


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield make(tmp_path_factory.mktemp("project"))
    torch.set_num_threads(threads)


def job(project, results, **keys):
    path = project / "benchmarks" / "tiny2020-dae.toml"
    folder = project / results
    return Execution(path=path, tier="smoke", root=project, results=folder, device="cpu", **keys)


def run(project, results, **keys):
    one = job(project, results, **keys)
    details = [e.detail for e in one.run() if e.phase == "train"]
    return details, records.read(one.record_path), one.folder


@pytest.fixture(scope="module")
def whole(project):
    _, record, _ = run(project, "whole")
    return record


def stored(folder):
    return {p.stem for p in folder.glob("stacks/*")}


def equal(record, whole):
    assert record.digest == whole.digest
    for mine, theirs in zip(record.runs, whole.runs, strict=True):
        assert mine.curves == theirs.curves
        assert (mine.stack, mine.steps, mine.parameters) == (
            theirs.stack,
            theirs.steps,
            theirs.parameters,
        )


def gpu():
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


ASKED = {  # for more than there is: what CUDA would say, and the libraries' own refusals
    "gpu": (gpu, "CUDA out of memory"),
    "torch": (
        lambda: torch.empty(2**52),
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 18014398509481984 bytes",
    ),
    "numpy": (
        lambda: np.empty((2**26, 2**26), np.int8),
        "Unable to allocate 4.00 PiB for an array with shape (67108864, 67108864) and data type int8",
    ),
    "python": (lambda: bytearray(2**62), "no more memory"),
}


def refuse(monkeypatch, most, at=0, ask=gpu):
    """More than `most` members run out of memory, at that step."""
    real = Training._step

    def step(self, stage, index):
        if len(self.stack.seeds) > most and self.at.step >= at:
            ask()
        return real(self, stage, index)

    monkeypatch.setattr(Training, "_step", step)


def test_a_stack_that_is_too_large_is_trained_in_halves_to_the_same_record(project, whole):
    first = job(project, "planned").plan()[0]
    limit = footprint(first, 320, 784).stack - 1
    details, record, folder = run(project, "planned", memory=limit)
    equal(record, whole)
    assert len(first.members) == 6
    halved = [d for d in details if "half" in d]
    assert halved[0].startswith("plain, noisy, fit (half 1 of 2, for 6 members take ")
    assert "half 2 of 2" in halved[-1]
    assert {d for d in details if d.startswith("wide")} == {"wide, fit"}
    assert stored(folder) == {r.stack for r in record.runs}


@pytest.mark.parametrize(("at", "ask"), [(0, "gpu"), (17, "gpu"), (17, "torch"), (0, "numpy")])
def test_a_stack_that_runs_out_of_memory_goes_on_in_halves_of_halves(
    project, whole, monkeypatch, at, ask
):
    refuse(monkeypatch, 2, at, ASKED[ask][0])
    details, record, _ = run(project, f"refused{at}{ask}")
    equal(record, whole)
    nested = "plain, noisy, fit (half 1 of 2, for 3 members ran out of memory) (half 2 of 2, for 6"
    assert any(d.startswith(nested) for d in details)


def test_an_interrupted_half_goes_on_where_it_stood(project, whole, monkeypatch):
    refuse(monkeypatch, 3)
    count = 0

    def stop():
        nonlocal count
        count += 1
        return count == 50

    with pytest.raises(Interrupted):
        run(project, "interrupted", stop=stop)
    folder = job(project, "interrupted").folder
    assert len(stored(folder)) == 1
    details, record, _ = run(project, "interrupted")
    equal(record, whole)
    assert details[0].startswith("plain, noisy, already trained (half 1 of 2")
    assert len([d for d in details if "half 2 of 2" in d]) == 30
    assert list(folder.glob("checkpoints/*")) == []


@pytest.mark.parametrize("ask", ASKED)
def test_a_member_that_does_not_fit_alone_is_an_error_in_one_line(project, monkeypatch, ask):
    refuse(monkeypatch, 0, 0, ASKED[ask][0])
    with pytest.raises(OutsideError) as error:
        run(project, "none")
    assert str(error.value) == (
        f"plain: one member alone ran out of memory on cpu: {ASKED[ask][1]}"
    )


def test_the_checkpoints_of_members_that_do_not_fit_are_kept_and_used(project, whole, monkeypatch):
    with monkeypatch.context() as less:
        less.setattr(fitting, "CHECKPOINT_SECONDS", 0.0)
        refuse(less, 0, 17, ASKED["torch"][0])
        with pytest.raises(OutsideError):
            run(project, "later")
    folder = job(project, "later").folder
    assert len(list(folder.glob("checkpoints/*"))) == 4  # of six members, three, two and one
    details, record, _ = run(project, "later")
    equal(record, whole)
    assert len([d for d in details if d == "plain, noisy, fit"]) == 40 - 17
    assert list(folder.glob("checkpoints/*")) == []


def test_another_fault_of_torch_is_no_lack_of_memory(project, monkeypatch):
    refuse(monkeypatch, 0, 0, lambda: torch.ones(2) @ torch.ones(3))
    with pytest.raises(RuntimeError, match="inconsistent tensor size") as error:
        run(project, "fault")
    assert not isinstance(error.value, OutsideError)


def test_a_measure_without_memory_is_an_error_in_one_line_and_weights_are_kept(
    project, whole, monkeypatch
):
    with monkeypatch.context() as less:
        less.setattr(reconstruction, "squared_error", lambda _, **__: ASKED["torch"][0]())
        with pytest.raises(OutsideError) as error:
            run(project, "measured")
    assert str(error.value) == (
        "tiny2020-dae: out of memory (last: measure, squared_error of plain): "
        f"{ASKED['torch'][1]}; what is trained is kept"
    )
    details, record, _ = run(project, "measured")
    equal(record, whole)
    assert {d.partition(", ")[2] for d in details} == {"noisy, already trained", "already trained"}


def test_the_command_says_in_one_line_that_memory_ran_out(monkeypatch, capsys):
    monkeypatch.setattr(cli, "cli", lambda **_: ASKED["torch"][0]())
    with pytest.raises(SystemExit) as leave:
        cli.main()
    assert leave.value.code == 3
    assert capsys.readouterr().err == f"ae: out of memory: {ASKED['torch'][1]}\n"


def test_memory_that_the_system_refuses_halves_a_stack_or_ends_in_one_line(tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AE_")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", ROOT / "tests" / "limited.py", tmp_path],
        env=environment | {"OMP_NUM_THREADS": "1", "PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    halved, ended = done.stdout.splitlines()
    for_four = "for 4 members ran out of memory"
    assert halved == f"140 MiB: half 1 of 2, {for_four}; half 2 of 2, {for_four}: equal"
    assert re.fullmatch(
        r"20 MiB: tiny2020-dae: out of memory \(last: data, reading and verifying\): "
        r"(no more memory|DefaultCPUAllocator: .* bytes); what is trained is kept",
        ended,
    )


@pytest.mark.parametrize("name", ZOO)
def test_stacks_join_to_what_they_were_taken_from(name):
    build = ZOO[name].build()
    stack = Stack([build] * 3, [3, 1, 4])
    joined = Stack.join([stack.select([0, 1]), stack.select([2])])
    assert joined.seeds == stack.seeds
    for key, tensor in stack.tensors().items():
        assert torch.equal(joined.tensors()[key], tensor), key
