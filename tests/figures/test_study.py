"""Many runs' scores: what is kept of them, what they depend on, whether they agree."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
import torch
from matplotlib.colors import to_hex

from ae.errors import UserError
from ae.figures import study

SEEDS = 6
GROUPS = {"groups": [["a-1", "a-2"], ["b-1", "gone", "b-2"]], "names": ["A", "B"]}
BOTH = {"measures": ["m", "n"], "labels": ["M", "N"]}


@pytest.fixture
def runs(linear):
    """Four runs of two groups; the second group is 10 higher in m, and n falls where m rises."""
    rng = np.random.default_rng(0)
    found = []
    for name, height in (("b-2", 10.0), ("a-1", 0.0), ("b-1", 10.0), ("a-2", 1.0)):
        m = height + rng.normal(size=SEEDS)
        measured = {"m": dict(enumerate(m)), "n": dict(enumerate(-m))}
        run = linear(name, torch.zeros(SEEDS, 1, 4), torch.rand(3, 4))
        label = f"Model {name[0].upper()}, strength {name[-1]}"
        found.append(replace(run, label=label, measured={name: measured}))
    return found


def test_columns_stand_in_the_order_of_the_groups(runs, repainted):
    drawing = study.strips(runs, **BOTH, **GROUPS)
    a = drawing.arrays
    assert a["scores"].shape == (2, SEEDS, 4)
    order = [runs[i].measured[runs[i].name]["m"] for i in (1, 3, 2, 0)]
    np.testing.assert_array_equal(a["scores"][0], np.array([[*o.values()] for o in order]).T)
    assert (a["group"].tolist(), a["ticks"].tolist()) == ([0, 0, 1, 1], ["1", "2", "1", "2"])
    repainted(drawing)


def test_shares_are_of_the_groups_the_runs_and_the_rest(runs, repainted):
    drawing = study.shares(runs, **BOTH, **GROUPS)
    scores = drawing.arrays["scores"][0]
    alone, each = (
        scipy.stats.f_oneway(*parts).statistic
        for parts in ((scores[:, :2].ravel(), scores[:, 2:].ravel()), tuple(scores.T))
    )
    # F = (share / (groups - 1)) / ((1 - share) / (values - groups))
    one, both = (1 / (1 + (24 - k) / (f * (k - 1))) for f, k in ((alone, 2), (each, 4)))
    expected = 100 * np.array([one, both - one, 1 - both])
    np.testing.assert_allclose(drawing.arrays["shares"], [expected] * 2, atol=1e-9)
    repainted(drawing)


def test_agreement_is_spearmans(runs, repainted):
    drawing = study.agreement(runs, **BOTH)
    np.testing.assert_allclose(drawing.arrays["ranks"], [[1, -1], [-1, 1]], atol=1e-12)
    repainted(drawing)


def test_many_columns_have_the_whole_width(runs, repainted):
    many = [
        replace(runs[0], name=str(i), measured={str(i): runs[0].measured["b-2"]}) for i in range(21)
    ]
    groups = [[run.name for run in many[:10]], [run.name for run in many[10:]]]

    def shape(count):
        part = [[name for name in group if int(name) < count] for group in groups]
        saved = repainted(study.strips(many[:count], **BOTH, groups=part, names=["A", "B"]))
        return saved.width, saved.height

    (few_wide, few_high), (wide, high) = shape(20), shape(21)
    assert wide == few_wide
    assert high - few_high == study.TALL


def test_a_seed_that_diverged_in_a_run_is_left_out_of_all(runs):
    runs[0].measured["b-2"]["m"][4] = np.nan
    arrays = study.strips(runs, **BOTH, **GROUPS).arrays
    assert arrays["seeds"].tolist() == [0, 1, 2, 3, 5]
    assert arrays["scores"].shape == (2, 5, 4)
    assert np.isfinite(arrays["scores"]).all()


def test_labels_keep_the_words_that_are_their_own():
    assert study.own_words(["VAE, beta = 1", "VAE, beta = 16"]) == ["1", "16"]
    assert study.own_words(["a b", "a b c"]) == ["b", "b c"]
    assert study.own_words(["alone"]) == ["alone"]


def test_what_does_not_fit_is_named(runs):
    with pytest.raises(UserError, match=r"^study: labels: found 1; expected 2$"):
        study.agreement(runs, measures=["m", "n"], labels=["M"])
    with pytest.raises(UserError, match=r"^study: run 'b-2' has no measure 'o'$"):
        study.agreement(runs, measures=["m", "o"], labels=["M", "O"])
    with pytest.raises(UserError, match=r"^study: groups: expected every run of the figure once$"):
        study.strips(runs, **BOTH, groups=[["a-1"]], names=["A"])


def test_a_score_that_is_constant_agrees_with_none(runs, repainted):
    for run in runs:
        run.measured[run.name]["m"] = dict.fromkeys(range(SEEDS), 1.0)
    drawing = study.agreement(runs, **BOTH)
    said = [text.get_text() for text in drawing.paint(drawing.arrays).axes[0].texts]
    assert said == ["none", "none", "none", "1.00"]
    repainted(drawing)


def test_a_group_that_is_left_out_takes_no_colour_from_another(runs, repainted):
    drawing = study.strips(
        runs, **BOTH, groups=[["a-1", "a-2"], ["gone"], ["b-1", "b-2"]], names=["A", "B", "C"]
    )
    dots = drawing.paint(drawing.arrays).axes[0].collections[0]
    colours = {to_hex(c) for c in dots.get_facecolors()}
    assert colours == {study.PALETTE[0].lower(), study.PALETTE[2].lower()}
    repainted(drawing)


def test_where_every_seed_was_left_out_nothing_is_drawn(runs, repainted):
    runs[0].measured["b-2"]["m"] = dict.fromkeys(range(SEEDS), np.nan)
    repainted(study.strips(runs, **BOTH, **GROUPS))
