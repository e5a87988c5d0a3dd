"""Our six scores of disentanglement are those of two other implementations, on the same codes.

Their values, ten seeds of sampling each, are kept in values.json. What needs no sampling must be
equal; the rest within four and a half standard errors of both means. `theirs.py` says which
definitions differ and what ours are set to.
"""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from known_codes import FACTORS, KINDS, PLACES, known_codes
from theirs import DCI, GROUPS, SEPARATE, TREES, VALUES, packages, scores
from torch import nn

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.library import Library
from ae.metrics import disentanglement as d
from ae.metrics.factors import importances
from ae.models.base import Autoencoder
from ae.training.stack import Stack
from ae.training.trained_run import Trained

ROOT = Path(__file__).parents[2]
KEPT = json.loads(VALUES.read_text())["values"]
SEEDS = 2
EXACT = ("mig", "modularity")
ROUNDED = 2e-6  # what is kept has six digits
SLACK = 0.002  # where no seed differs from another: two of a thousand groups


class Nothing(Autoencoder):
    """Its codes are put into the run's memory; nothing is ever encoded."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.draws = {}

    def objective(self, batch, noise):
        raise NotImplementedError


@pytest.fixture(scope="module")
def whole():
    manifest = find_manifest("dsprites-small", Library.at(ROOT))
    return load(manifest, "all", limit="all", library=Library.at(ROOT), device="cpu")


def run_of(whole, codes, seeds):
    """A run whose every seed has these codes: what differs is what a seed samples of them."""
    places = torch.stack([*whole.factors.values()], -1).numpy()
    rows = np.ravel_multi_index(places.T, [*FACTORS.values()])
    z = torch.from_numpy(codes[rows]).expand(seeds, -1, -1)
    stack = Stack([Nothing] * seeds, range(seeds))
    run = Trained(name="a", label="A", stack=stack, train=whole, test=whole)
    return replace(run, _memory={("encode", "test", len(z[0])): z})


def ours(run):
    """Score -> values, one a seed, between 0 and 1."""
    every = {"factors": [*FACTORS], "split": "test"}
    groups = {"train": GROUPS["num_train"], "test": GROUPS["num_eval"]}
    size = GROUPS["batch_size"]
    separate = {"train": SEPARATE["num_train"], "test": SEPARATE["num_test"]}
    trees = {
        "estimator": "gradient_boosting",
        "trees": 100,
        "train": TREES["num_train"],
        "test": TREES["num_test"],
    }
    linear = {"inverse_penalty": 1.0, "max_iter": 1000, "standard": False}
    percent = {
        "beta_vae": d.beta_vae(run, **every, pairs=size, **groups, **linear),
        "factor_vae": d.factor_vae(run, **every, batch=size, **groups, prune=0.0),
    }
    parts = ("disentanglement", "completeness", "informativeness")
    return {
        **{name: [value / 100 for value in values] for name, values in percent.items()},
        "mig": d.mig(run, **every, bins=20),
        "modularity": d.modularity(run, **every, bins=20),
        "sap_svm": d.sap(run, **every, kind="svm", **separate),
        "sap_regression": d.sap(run, **every, kind="regression", **separate),
        **{
            f"dci_{part}": d.dci(run, factors=[*DCI], split="test", part=part, **trees)
            for part in parts
        },
    }


def assert_agree(found, kept):
    for name, values in found.items():
        theirs = kept[name]
        if name in EXACT:
            assert np.ptp(theirs) == 0
            assert values == pytest.approx([theirs[0]] * len(values), abs=ROUNDED), name
            continue
        error = np.std(theirs, ddof=1) * math.sqrt(1 / len(theirs) + 1 / len(values))
        assert np.mean(values) == pytest.approx(np.mean(theirs), abs=4.5 * error + SLACK), name


def test_the_data_sets_examples_are_those_that_the_codes_are_of(whole):
    rows = torch.stack([*whole.factors.values()], -1).numpy()
    assert [*whole.factors] == [*FACTORS]
    assert np.array_equal(rows[np.lexsort(rows.T[::-1])], PLACES)


@pytest.fixture
def trees_grow_once(monkeypatch):
    """For DCI's three parts, which draw by the same generator: a third of the time."""
    found = {}

    def once(z, places, *chosen, judged):
        key = str(chosen[-1].bit_generator.state)
        if key not in found:
            found[key] = importances(z, places, *chosen)
        return found[key]

    monkeypatch.setattr(d, "importances", once)


@pytest.mark.parametrize("kind", KINDS)
def test_ours_are_theirs(kind, whole, exact_arithmetic, trees_grow_once):
    assert_agree(ours(run_of(whole, known_codes(kind), SEEDS)), KEPT[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_theirs_are_what_is_kept_of_them(kind):
    for package in ("disent", "disentanglement_lib"):
        pytest.importorskip(package, reason=f"{package} is not installed: tox -e oracle")
    found = scores(packages(), known_codes(kind), seed=0)
    assert_agree({name: [value] for name, value in found.items()}, KEPT[kind])


def test_kept_values_tell_the_kinds_apart():
    for name in KEPT["perfect"]:
        perfect, rotated = (np.mean(KEPT[kind][name]) for kind in ("perfect", "rotated"))
        assert perfect > rotated, name
    assert np.mean(KEPT["rotated"]["mig"]) < 0.5 * np.mean(KEPT["noisy"]["mig"])


@pytest.mark.parametrize("factor", [0.5, 2])
def test_an_error_of_a_factor_of_two_would_be_seen(factor):
    for name, values in KEPT["noisy"].items():
        with pytest.raises(AssertionError):
            assert_agree({name: [factor * np.mean(values)] * SEEDS}, KEPT["noisy"])
