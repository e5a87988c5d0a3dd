"""What a stack takes, counted by hand; and stacks that do not fit."""

import os
import re
import subprocess
import sys

import numpy as np
import project as small
import pytest
import torch
from project import PYTHONPATH, ROOT, make
from torch import nn
from zoo import VARIED, ZOO, stack_plan, stage

from ae.cli import main as cli
from ae.errors import Interrupted, OutsideError, UserError
from ae.metrics import reconstruction
from ae.models.base import Autoencoder, Draw, Objective
from ae.spec import Fit
from ae.training import stack_training as fitting
from ae.training.memory import Footprint, footprint, free, halves
from ae.training.stack import Stack
from ae.training.trainer import Training


class Line(Autoencoder):
    """x -> W x for 16 pixels: 256 weights, 1024 bytes in single precision."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(16, 16))
        self.register_buffer("beta", torch.tensor(1.0))
        self.draws = {"z": Draw("normal", (5,))}

    def objective(self, batch, noise):
        return Objective(((batch.x @ self.weight) * 2.0).exp().sum(-1), {})


def test_a_stacks_bytes_are_those_counted_by_hand():
    one = stack_plan(Line, (stage(batch=32),), [4, 5, 6])
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
    apart, shared = (footprint(stack_plan(Line, (stage(),), s), 100, 16) for s in ([1, 2], [1, 1]))
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
    found = footprint(stack_plan(Line, (stage(optimizer=optimizer),), [0]), 100, 16)
    assert found.optimizer == copies * 1024


@pytest.mark.parametrize("name", VARIED)
def test_every_model_can_be_estimated_and_members_add_up(name):
    entry = ZOO[name]
    one, four = (
        footprint(stack_plan(entry.build(), entry.stages, range(n)), 96, entry.features)
        for n in (1, 4)
    )
    assert one.weights > 0
    assert one.activations > 0
    assert four.weights == 4 * one.weights
    assert four.activations == 4 * one.activations
    assert four.stack - four.batch == 4 * (one.stack - one.batch)
    # A step has a batch a member; a fit sees the training set, which is one for all.
    fits = any(isinstance(s, Fit) for _, s in entry.stages)
    assert four.batch in ([one.batch, 4 * one.batch] if fits else [4 * one.batch])


def test_a_stack_has_two_halves_with_keys_of_their_own():
    whole = stack_plan(Line, (stage(),), range(7))
    parts = halves(whole)
    assert [[m.seed for m in p.members] for p in parts] == [[0, 1, 2, 3], [4, 5, 6]]
    assert len({whole.key, *(p.key for p in parts)}) == 3
    assert halves(whole)[0].key == parts[0].key


def test_the_cpu_has_no_limit():
    assert free("cpu") == float("inf")
    assert Footprint(1, 2, 3, 4, 5, 6).total == 21


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield make(tmp_path_factory.mktemp("project"))
    torch.set_num_threads(threads)


def run(project, results, **keys):
    events, record = small.run(project, results, **keys)
    details = [e.detail for e in events if e.phase == "train"]
    return details, record, project / results / "tiny2020-dae" / "smoke"


@pytest.fixture(scope="module")
def whole(project):
    _, record, _ = run(project, "whole")
    return record


def stored(folder):
    return {p.stem.partition("-")[0] for p in folder.glob("members/*")}


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

    def step(self, index):
        if len(self.stack.seeds) > most and self.at.step >= at:
            ask()
        return real(self, index)

    monkeypatch.setattr(Training, "_step", step)


def test_a_stack_that_is_too_large_is_trained_in_halves_to_the_same_record(project, whole):
    first = small.paper(project, "planned").to_train()[0]
    limit = footprint(first, 320, 784).stack - 1
    details, record, folder = run(project, "planned", memory=limit)
    equal(record, whole)
    assert len(first.members) == 6
    halved = [d for d in details if "half" in d]
    assert halved[0].startswith("plain, noisy, fit (half 1 of 2, for 6 members take ")
    assert "half 2 of 2" in halved[-1]
    assert {d for d in details if d.startswith("wide")} == {"wide, fit", "wide, trained"}
    assert stored(folder) == {m.key[:40] for r in record.runs for m in r.members}


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
    with pytest.raises(Interrupted):
        small.interrupted(project, 50, "interrupted")
    folder = project / "interrupted" / "tiny2020-dae" / "smoke"
    assert len(stored(folder)) == 3
    details, record, _ = run(project, "interrupted")
    equal(record, whole)
    assert len([d for d in details if d == "noisy, fit"]) == 30
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
    folder = project / "later" / "tiny2020-dae" / "smoke"
    assert len(list(folder.glob("checkpoints/*"))) == 4  # of six members, three, two and one
    details, record, _ = run(project, "later")
    equal(record, whole)
    assert len([d for d in details if d.endswith(", fit")]) == 40 - 17 + 40 + 40
    assert list(folder.glob("checkpoints/*")) == []


def test_another_fault_of_torch_is_no_lack_of_memory(project, monkeypatch):
    refuse(monkeypatch, 0, 0, lambda: torch.ones(2) @ torch.ones(3))
    with pytest.raises(UserError, match=r"run 'plain', stage 'fit': .*: inconsistent tensor size"):
        run(project, "fault")


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
    assert details == []


def test_the_command_says_in_one_line_that_memory_ran_out(monkeypatch, capsys):
    monkeypatch.setattr(cli, "cli", lambda **_: ASKED["torch"][0]())
    with pytest.raises(SystemExit) as leave:
        cli.main()
    assert leave.value.code == 3
    assert capsys.readouterr().err == f"ae: out of memory: {ASKED['torch'][1]}\n"


def test_memory_that_the_system_refuses_halves_a_stack_or_ends_in_one_line(tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AE_")}
    # What is freed goes back to the system at once: kept, it was now and then enough for four members.
    given_back = {"MALLOC_MMAP_THRESHOLD_": "65536"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", ROOT / "tests" / "limited.py", tmp_path],
        env=environment | {"OMP_NUM_THREADS": "1", "PYTHONPATH": PYTHONPATH} | given_back,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    halved, ended = done.stdout.splitlines()
    for_four = "for 4 members ran out of memory"
    assert halved == f"140 MiB: half 1 of 2, {for_four}; half 2 of 2, {for_four}: equal"
    assert re.fullmatch(
        r"20 MiB: .*out of memory.*: "
        r"(no more memory|DefaultCPUAllocator: .* bytes)(; what is trained is kept)?",
        ended,
    )


@pytest.mark.parametrize("name", ZOO)
def test_members_stacked_again_are_what_they_were_taken_from(name):
    build = ZOO[name].build()
    stack = Stack([build] * 3, [3, 1, 4])
    members = [{k: t[i].clone() for k, t in stack.tensors().items()} for i in range(3)]
    again = Stack.of(build, (3, 1, 4), members)
    assert again.seeds == stack.seeds
    for key, tensor in stack.tensors().items():
        assert torch.equal(again.tensors()[key], tensor), key
        assert again.tensors()[key].shape == tensor.shape


def test_phases_keep_optimisers_of_their_own_and_share_what_they_train_together():
    """A member: Adam's two copies for the stage, SGD's velocity for a phase."""
    sgd = {"class": "SGD", "lr": 0.1, "momentum": 0.9}
    phase = {"name": "again", "objective": "objective", "modules": ["weight"], "optimizer": sgd}
    stages = stage(batch=32, phases=[phase]), stage(batch=32)
    both, one = (footprint(stack_plan(Line, (s,), [0]), 96, 16) for s in stages)
    assert both.gradients == one.gradients
    assert both.optimizer == one.optimizer + one.gradients
    assert both.activations == one.activations
