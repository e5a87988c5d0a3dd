"""Samples of each prior, and how much of reality they cover."""

import math

import numpy as np
import pytest
import torch
from coded import ENTRIES, PLACES, SEEDS, SIDE, built, plain
from scipy.stats import chisquare

from ae.metrics import codebook_samples
from ae.metrics.codebook import places
from ae.training.stack import Stack


@pytest.fixture
def trained(run):
    levels = torch.rand(60, SIDE**2)
    return run(
        Stack([built] * 3, SEEDS),
        levels[:40],
        shape=(SIDE, SIDE),
        test_x=levels[40:],
        test_y=torch.arange(20) % 4,
    )


def test_codes_follow_the_frequencies_of_their_prior(trained):
    for prior in ("uniform", "independent"):
        codes, known = codebook_samples.drawn(trained, prior, 3000), places(trained)
        for seed in range(3):
            for place in range(PLACES):
                counts = np.bincount(codes[seed, :, place].numpy(), minlength=ENTRIES)
                wanted = np.ones(ENTRIES) / ENTRIES if prior == "uniform" else known[seed, place]
                assert chisquare(counts, 3000 * np.asarray(wanted)).pvalue > 1e-4


def test_a_learned_prior_draws_by_the_model_and_in_parts_without_a_difference(trained, monkeypatch):
    whole = codebook_samples.drawn(trained, "learned", 7)
    uniform = [torch.rand(7, PLACES, generator=trained.generator(i, "codes")) for i in range(3)]
    for seed in range(3):
        assert torch.equal(whole[seed], plain(trained, seed).generate({"codes": uniform[seed]}))
    monkeypatch.setattr(codebook_samples, "PART", 3)
    assert torch.equal(codebook_samples.drawn(trained, "learned", 7), whole)


def test_images_are_decoded_codes(trained):
    made = codebook_samples.images(trained, "uniform", 6)
    for seed in range(3):
        codes = codebook_samples.drawn(trained, "uniform", 6)[seed]
        torch.testing.assert_close(made[seed], plain(trained, seed).decode(codes))


def test_coverage_counts_balls_that_hold_a_sample(trained):
    given = {"samples": 6, "examples": 20, "neighbours": 3}
    found = codebook_samples.coverage(trained, prior="uniform", **given)
    real = trained.test.x.numpy()
    apart = np.linalg.norm(real[:, None] - real, axis=-1)
    radii = np.sort(apart, 1)[:, 3]  # 0 is the image itself
    made = codebook_samples.images(trained, "uniform", 6).numpy()
    for seed in range(3):
        near = np.linalg.norm(made[seed][:, None] - real, axis=-1) <= radii
        assert found[seed] == pytest.approx(100 * near.any(0).mean())
    gain = codebook_samples.coverage_gain(trained, prior="learned", less="uniform", **given)
    learned = codebook_samples.coverage(trained, prior="learned", **given)
    assert gain == pytest.approx([a - b for a, b in zip(learned, found, strict=True)])


def test_real_images_as_samples_cover_all_and_show_their_classes(trained):
    trained._memory["generated/uniform", "", 20] = trained.test.x.expand(3, -1, -1)
    given = {"prior": "uniform", "samples": 20, "examples": 20}
    assert codebook_samples.coverage(trained, neighbours=1, **given) == [100.0] * 3
    # Each is its own nearest image: four classes, as often as each other.
    assert codebook_samples.class_score(trained, neighbours=1, **given) == pytest.approx([4.0] * 3)


def test_a_diverged_seed_has_no_coverage(trained):
    with torch.no_grad():
        trained.stack.parameters["decoder.0.layer.weight"][1] = math.nan
    given = {"prior": "uniform", "samples": 4, "examples": 20, "neighbours": 3}
    for measure in (codebook_samples.coverage, codebook_samples.class_score):
        assert [math.isnan(v) for v in measure(trained, **given)] == [False, True, False]
