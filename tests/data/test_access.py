"""Examples drawn at each access: their moments, what they depend on, and what is refused."""

import hashlib
import pickle
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from ae.data.access import bernoulli, inverted_bernoulli, variance
from ae.data.dataset import Dataset, load
from ae.data.manifest import Access, find_manifest, read_manifest
from ae.data.noise import BLOCK, drawn
from ae.errors import UserError
from ae.library import Library

ROOT = Path(__file__).parents[2]
LAWS = {"access.variance": "normal", "access.bernoulli": "uniform"}


def access(**changes):
    keys = {"function": "access.variance", "law": "normal", "train": "fresh", "test": "fixed"}
    return Access.model_validate(keys | changes)


def mnist(limit=1000, split="test", **changes) -> Dataset:
    """varianceMNIST with other keys in its [access]."""
    manifest = find_manifest("variance-mnist", Library.at(ROOT))
    manifest = manifest.model_copy(update={"access": access(**changes)})
    return load(manifest, split, limit=limit, library=Library.at(ROOT), device="cpu")


def everything(data: Dataset):
    return data.batch(torch.arange(len(data.x))).x


def test_a_pixel_of_variance_mnist_has_mean_0_and_the_images_variance():
    x = torch.tensor([0.0, 0.3, 1.0])
    noise = drawn("normal", "moments", torch.arange(20000), 3)
    drawn_x = variance(x, noise)
    assert drawn_x[:, 0].abs().max() == 0
    error = 0.3 / 20000**0.5
    assert abs(drawn_x[:, 1].mean()) < 4 * error
    assert drawn_x[:, 1].square().mean().item() == pytest.approx(0.09, rel=4 * (2 / 20000) ** 0.5)
    assert drawn_x[:, 2].pow(4).mean().item() == pytest.approx(3, rel=0.12)  # a normal's kurtosis


def test_a_binarised_pixel_is_1_as_often_as_it_is_bright():
    x = torch.tensor([0, 51, 204, 255]) / 255
    ones = bernoulli(x, drawn("uniform", "moments", torch.arange(20000), 4))
    assert set(ones.unique().tolist()) == {0.0, 1.0}
    assert (ones[:, 0].sum(), ones[:, 3].sum()) == (0, 20000)
    for column, p in ((1, 0.2), (2, 0.8)):
        assert abs(ones[:, column].mean() - p) < 4 * (p * (1 - p) / 20000) ** 0.5


def test_an_inverted_pixel_is_0_as_often_as_it_is_bright():
    x = torch.tensor([0, 51, 255]) / 255
    ones = inverted_bernoulli(x, drawn("uniform", "moments", torch.arange(20000), 3))
    assert set(ones.unique().tolist()) == {0.0, 1.0}
    assert (ones[:, 0].sum(), ones[:, 2].sum()) == (20000, 0)
    assert abs(ones[:, 1].mean() - 0.8) < 4 * (0.16 / 20000) ** 0.5


def test_the_sets_energy_is_that_of_its_images():
    """E x^2 = mean of the squared pixels of the test set, 0.11396."""
    data = mnist(limit="all")
    index = torch.arange(10000)
    assert round(data.clean(index).double().square().mean().item(), 5) == 0.11396
    assert everything(data).square().mean().item() == pytest.approx(0.11396, rel=2e-3)


@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_the_fixed_noise_is_the_stream_that_the_readme_describes(law):
    seed = int.from_bytes(hashlib.sha256(b"4890/test/access/1").digest()[:8])
    rng = np.random.Generator(np.random.PCG64(seed))
    draw = rng.standard_normal if law == "normal" else rng.random
    expected = draw((BLOCK, 784), np.float32)[[3, 0]]
    function = {v: k for k, v in LAWS.items()}[law]
    data = mnist(limit=1000, function=function, law=law)
    index = torch.tensor([BLOCK + 3, BLOCK])
    noise = drawn(law, "4890/test/access", index, 784)
    assert noise.numpy().tolist() == expected.tolist()
    clean = data.clean(index)
    by_hand = clean * noise if law == "normal" else (noise < clean).float()
    assert torch.equal(data.batch(index).x, by_hand)


def test_an_examples_noise_depends_on_no_other_example():
    index = torch.tensor([[700, 3], [499, 500]])
    whole = everything(mnist())
    assert torch.equal(mnist(limit=701).batch(index).x, whole[index])
    assert torch.equal(mnist().batch(torch.tensor(700)).x, whole[700])
    labels = mnist().batch(index).y
    assert torch.equal(labels, mnist().y[index])


def test_splits_seeds_and_blocks_have_noise_of_their_own():
    index = torch.tensor([0, BLOCK])
    draws = [drawn("normal", s, index, 50) for s in ("1/a/access", "2/a/access", "1/b/access")]
    rows = torch.cat(draws)
    assert (torch.corrcoef(rows) - torch.eye(6)).abs().max() < 0.6


def test_a_fixed_evaluation_is_the_same_for_every_run():
    data = mnist()
    assert data.for_seeds([0, 1]) is data


def test_a_fresh_evaluation_is_a_new_draw_for_other_seeds_and_the_same_for_the_same():
    data = mnist(test="fresh")
    first, again, other = (everything(data.for_seeds(s)) for s in ([0, 1], [0, 1], [1, 2]))
    assert torch.equal(first, again)
    index = torch.arange(1000)
    noise = drawn("normal", "4890/test/access/0-1", index, 784)
    assert torch.equal(first, data.clean(index) * noise)
    bright = data.clean(index) > 0
    for x in (other, everything(data)):
        assert (first != x)[bright].float().mean() > 0.99


@pytest.mark.parametrize(("train", "fresh"), [("fresh", ("normal", (784,))), ("fixed", None)])
def test_only_a_set_that_trains_afresh_asks_for_noise(train, fresh):
    assert mnist(train=train).fresh == fresh


def test_a_set_without_access_is_as_it_was():
    data = load(
        find_manifest("mnist", Library.at(ROOT)),
        "test",
        limit="all",
        library=Library.at(ROOT),
        device="cpu",
    )
    assert data.sha256 == "a0863a96c44e5666edbb30c4071ee79ca0514c621e6349c5967fc78e7305c891"
    assert data.fresh is None
    assert data.for_seeds([0]) is data
    index = torch.tensor([5, 7])
    assert torch.equal(data.batch(index).x, data.clean(index))


def test_the_digest_tells_how_examples_are_drawn():
    digests = {
        mnist(10, **changes).sha256
        for changes in (
            {},
            {"train": "fixed"},
            {"test": "fresh"},
            {"function": "access.bernoulli", "law": "uniform"},
            {"split": "train"},
        )
    }
    plain = load(
        find_manifest("mnist", Library.at(ROOT)),
        "test",
        limit=10,
        library=Library.at(ROOT),
        device="cpu",
    )
    assert len(digests | {plain.sha256}) == 6


def test_what_a_worker_is_sent_gives_the_same_examples():
    data = mnist(10, test="fresh").for_seeds([4])
    before = everything(data)
    facts = {f.name: getattr(data, f.name) for f in fields(data)}
    there = Dataset(**pickle.loads(pickle.dumps(facts)))
    assert torch.equal(everything(there), before)


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (
            'law = "normal"',
            'law = "norma"',
            "[access]: law: found 'norma'; expected one of 'normal'",
        ),
        ('law = "normal"\n', "", "[access]: missing key 'law'"),
        ('train = "fresh"', 'trian = "fresh"', "[access]: unknown key 'trian'"),
        ('"access.variance"', '"variance"', "expected 'file.function' of ae/data"),
        ('derives = "mnist"\n', "", "[access] belongs to a set that 'derives' from another"),
    ],
)
def test_a_table_that_is_not_of_the_form_is_one_line(tmp_path, right, wrong, expected):
    text = (ROOT / "datasets/variance-mnist.toml").read_text()
    assert text.count(right) == 1
    path = tmp_path / "own.toml"
    path.write_text(text.replace(right, wrong))
    with pytest.raises(UserError) as caught:
        read_manifest(path)
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_set_with_files_of_its_own_has_no_access(tmp_path):
    table = (
        '[access]\nfunction = "access.variance"\nlaw = "normal"\ntrain = "fresh"\ntest = "fixed"\n'
    )
    path = tmp_path / "own.toml"
    path.write_text((ROOT / "datasets/mnist.toml").read_text() + table)
    with pytest.raises(UserError, match=r"\[access\] belongs to a set that 'derives' from another"):
        read_manifest(path)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"function": "access.varianc"},
            "'access.varianc': cannot be imported: module 'ae.data.access' has no attribute 'varianc'",
        ),
        (
            {"function": "acces.variance"},
            "'acces.variance': cannot be imported: No module named 'ae.data.acces'",
        ),
        (
            {"law": "uniform"},
            "access.variance is of the form (x, normal); expected (x, uniform), for the law is 'uniform'",
        ),
    ],
)
def test_a_function_that_is_missing_or_takes_other_noise_is_one_line(changes, expected):
    with pytest.raises(UserError) as caught:
        mnist(10, **changes)
    assert str(caught.value) == f"data set 'variance-mnist': [access]: function: {expected}"
