"""Which commit moved a number: the search by halves, and the command on a repository of four commits."""

import math
import os
import subprocess

import pytest
from command import ae
from project import ROOT

from ae.gate.bisect import Found, search

NAMES = [f"c{i}" for i in range(40)]
MODEL = '''
import torch
from torch import nn

from ae.models.base import Autoencoder, Objective


class Net(Autoencoder):
    """One layer there, one back."""

    def __init__(self, features, *, hidden):
        super().__init__()
        self.encoder = nn.Linear(features, hidden)
        self.decoder = nn.Linear(hidden, features)
        self.draws = {}

    def encode(self, x):
        return self.encoder(x).relu()

    def decode(self, z):
        return self.decoder(z)

    def reconstruct(self, x):
        return self.decode(self.encode(x))

    def objective(self, batch, noise):
        error = ((self.reconstruct(batch.x) - batch.x) ** 2).sum(-1)
        return Objective(loss=error, parts={"error": error})
'''
SPEC = """
claim = []
figure = []

[paper]
title = "A Net"
authors = "A. Tester"
venue = "Nowhere"
year = 2020
url = "https://example.org/net"
family = "deterministic"
idea = "Small is quick."
formula = "x"

[data]
name = "mnist"
train = "train"
test = "test"
limit = 128
test_limit = 64

[model]
class = "labnet:Net"
hidden = 8

[train]
seeds = "0-2"
use = ["fit"]

[train.stages.fit]
objective = "objective"
modules = "all"
batch = 32
epochs = 2
optimizer = { class = "Adam", lr = 0.003 }

[[run]]
name = "net"
label = "Net"

[measure]
squared_error = { function = "reconstruction.squared_error", split = "test" }

[[deviation]]
paper = "nothing"
here = "all of it"
why = "there is no paper"

[tier.paper]

[tier.quick]

[tier.smoke]
"""


@pytest.mark.parametrize("first", range(40))
@pytest.mark.parametrize("lost", [set(), {3, 4, 5, 19, 20}, set(range(39))])
def test_the_first_that_moved_is_found_or_what_is_left_of_it(first, lost):
    asked = []

    def moved(name):
        asked.append(name)
        return None if (i := NAMES.index(name)) in lost else i >= first

    found = search(NAMES, moved)
    low, high = (NAMES.index(name) for name in found)
    assert low <= first <= high
    assert all(i in lost for i in range(low, high))
    assert len(asked) == len(set(asked))
    if not lost:
        assert found == Found(NAMES[first], NAMES[first])
        assert len(asked) <= math.ceil(math.log2(40))


def test_a_single_commit_needs_no_question():
    assert search(["only"], lambda name: pytest.fail("asked")) == Found("only", "only")


NOBODY = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}  # no settings but git's own


def run(folder, *command):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AE_", "GIT_"))}
    return subprocess.run(
        command, cwd=folder, env=environment | NOBODY, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_command_names_the_commit_and_passes_over_one_that_does_not_run(tmp_path):
    folder = tmp_path / "lab"
    (folder / "benchmarks").mkdir(parents=True)
    (folder / "benchmarks" / "tester2020-net.toml").write_text(SPEC)
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    run(folder, "git", "init", "-q", "-b", "main")
    (folder / ".gitignore").write_text("results/\n")
    states = {
        "a net": MODEL,
        "a comment": MODEL + "# nothing\n",
        "a mistake": MODEL.replace("import nn", "import no_such_thing"),
        "darker": MODEL.replace("return self.decoder(z)", "return self.decoder(z) - 0.5"),
    }
    for subject, text in states.items():
        (folder / "labnet.py").write_text(text)
        run(folder, "git", "add", ".")
        assert run(folder, "git", *who, "commit", "-q", "-m", subject).returncode == 0
    command = ("bisect", "tester2020", "squared_error")
    code, out, err = ae(folder, *command, "HEAD~3", "HEAD", **NOBODY)
    assert code == 0, err
    assert "passed over: " in err
    assert " a mistake: " in err
    last = out.splitlines()[-1]
    assert last.startswith("squared_error of tester2020-net moved between ")
    assert " a mistake and " in last
    assert " darker: " in last
    assert run(folder, "git", "worktree", "list").stdout.count("\n") == 1
    kept = list((folder / "results" / "bisect").rglob("*.json"))
    assert len(kept) == 3
    code, out, err = ae(folder, *command, "HEAD~3", "HEAD~2", **NOBODY)
    assert (code, out.count("as before")) == (2, 1)
    assert err.strip().endswith("has not moved between HEAD~3 and HEAD~2")
    code, out, err = ae(folder, "bisect", "tester2020", "eror", "HEAD~3", "HEAD", **NOBODY)
    assert (code, out) == (2, "")
    assert "no metric 'eror' in tier quick; there are squared_error" in err
    code, _, err = ae(folder, *command, "HEAD", "HEAD~3", **NOBODY)
    assert code == 2
    assert "is not an ancestor" in err
    assert ROOT not in folder.parents
