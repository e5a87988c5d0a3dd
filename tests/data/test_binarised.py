"""The four MNISTs of the variational papers: what is drawn, when, and that none is another."""

import hashlib
import os
from pathlib import Path

import pytest
import torch

from ae.data.dataset import load
from ae.data.manifest import find_manifest
from ae.data.places import locate
from ae.library import Library

ROOT = Path(__file__).parents[2]
SHA256 = {"train": "43490d4d", "valid": "069b4f0b", "test": "ca0294c3"}


def data(name, split="test", limit=300):
    manifest = find_manifest(name, Library.at(ROOT))
    return load(manifest, split, limit=limit, library=Library.at(ROOT), device="cpu")


def seen(dataset):
    return dataset.batch(torch.arange(len(dataset.x))).x


def test_dynamic_is_fixed_where_it_is_evaluated_and_fresh_where_it_is_learnt():
    test = data("mnist-dynamic")
    assert set(seen(test).unique().tolist()) == {0.0, 1.0}
    for seeds in ([0, 1], [2]):
        assert torch.equal(seen(test.for_seeds(seeds)), seen(test))
    assert test.fresh is not None
    noise = torch.rand(2, *test.x.shape)
    first, second = (test.with_noise(torch.arange(300), n).x for n in noise)
    assert set(first.unique().tolist()) == {0.0, 1.0}
    assert (first != second).any(1).all()


def test_resampled_is_fresh_in_evaluation_too():
    test = data("mnist-resampled")
    first, second = seen(test.for_seeds([0, 1])), seen(test.for_seeds([2]))
    assert (first != second).any(1).all()
    assert torch.equal(first, seen(test.for_seeds([0, 1])))


def test_a_pixel_is_1_as_often_as_it_is_bright():
    test = data("mnist-dynamic", limit=10000)
    assert seen(test).mean().item() == pytest.approx(test.x.double().mean().item() / 255, abs=2e-4)
    grey = (test.x > 100) & (test.x < 150)
    share = seen(test)[grey].mean().item()
    assert share == pytest.approx(test.x[grey].double().mean().item() / 255, abs=0.005)


def test_the_validation_images_are_the_last_of_the_training_images():
    whole, part, rest = (
        data("mnist-dynamic", split, "all") for split in ("train", "train-50000", "valid")
    )
    assert torch.equal(torch.cat([part.x, rest.x]), whole.x)


def test_no_two_of_the_four_have_the_same_digest():
    found = [data(name).sha256 for name in ("mnist", "mnist-dynamic", "mnist-resampled")]
    assert len(set(found)) == 3


@pytest.mark.parametrize("split", SHA256)
def test_static_is_larochelles_draw(split):
    manifest = find_manifest("mnist-static", Library.at(ROOT))
    if (
        not os.environ.get("AE_DATA")
        or locate(manifest, manifest.file[0], Library.at(ROOT)) is None
    ):
        pytest.skip("the binarised file is not on this machine")
    found = data("mnist-static", split, "all")
    assert len(found.x) == (50000 if split == "train" else 10000)
    bits = (found.x // 255).numpy()
    assert hashlib.sha256(bits.tobytes()).hexdigest().startswith(SHA256[split])
    # The labels are the digits of MNIST: in the test set as many of each as there.
    if split == "test":
        counts = torch.bincount(found.y)
        assert torch.equal(counts, torch.bincount(data("mnist", limit="all").y))


def test_inverted_pixels_are_the_complement_of_what_the_same_noise_binarises():
    plain, inverted = data("mnist-dynamic"), data("mnist-inverted")
    noise = torch.rand(300, 784)
    first, second = (d.with_noise(torch.arange(300), noise).x for d in (plain, inverted))
    assert torch.equal(first + second, torch.ones_like(first))
    assert seen(inverted).mean().item() == pytest.approx(
        1 - inverted.x.double().mean().item() / 255, abs=3e-3
    )


def test_all_70000_images_are_the_training_images_and_then_the_test_images():
    whole, train, test = (
        data(name, split, "all")
        for name, split in (("mnist-70000", "train"), ("mnist", "train"), ("mnist", "test"))
    )
    assert torch.equal(whole.x, torch.cat([train.x, test.x]))
    assert torch.equal(whole.y, torch.cat([train.y, test.y]))
    assert torch.equal(data("mnist-70000", "test", "all").x, test.x)


def test_50000_training_images_leave_the_last_10000_to_validate_by():
    train, valid, test = (data("mnist-50000", split, "all") for split in ("train", "valid", "test"))
    whole = data("mnist", "train", "all")
    assert (len(train.x), len(valid.x)) == (50000, 10000)
    assert torch.equal(whole.x, torch.cat([train.x, valid.x]))
    assert torch.equal(whole.y, torch.cat([train.y, valid.y]))
    assert torch.equal(data("mnist", "test", "all").x, test.x)
