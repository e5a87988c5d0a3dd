"""torchvision cuts and resizes as Pillow does, and reads the original files as we do."""

import gzip
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from project import ROOT

from ae.data.idx import read_idx
from ae.data.vision import functional, middle, resized
from ae.models.keras_mae import resized as matrix


def photograph(width, height):
    chance = np.random.default_rng(width)
    return Image.fromarray(chance.integers(0, 256, (height, width, 3), np.uint8))


@pytest.mark.parametrize(("size", "cut"), [((178, 218), 148), ((89, 109), 74), ((64, 64), 64)])
def test_the_middle_is_pillows_cut_and_resize(size, cut):
    picture = photograph(*size)
    left, top = (size[0] - cut) // 2, (size[1] - cut) // 2
    face = picture.crop((left, top, left + cut, top + cut)).resize((64, 64), Image.BILINEAR)
    np.testing.assert_array_equal(middle(picture, cut, 64), np.asarray(face))


def test_a_grey_picture_stays_one():
    picture = photograph(28, 28).convert("L")
    large = np.asarray(picture.resize((32, 32), Image.BILINEAR))
    assert large.shape == (32, 32)
    np.testing.assert_array_equal(resized(picture, 32), large)


@pytest.mark.parametrize("name", ["train-images-idx3", "t10k-images-idx3", "t10k-labels-idx1"])
def test_the_original_files_are_read_as_torchvision_reads_them(name, tmp_path):
    functional()
    from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

    packed = ROOT / "datasets" / "mnist" / f"{name}-ubyte.gz"
    plain = tmp_path / name
    plain.write_bytes(gzip.decompress(packed.read_bytes()))
    theirs = read_sn3_pascalvincent_tensor(str(plain)).numpy()
    np.testing.assert_array_equal(read_idx(packed, int(name[-1])), theirs)


@pytest.mark.parametrize(("side", "size"), [(32, 52), (32, 48), (28, 28)])
def test_a_models_matrices_enlarge_as_torchvision_does(side, size):
    """`keras_mae` enlarges by products of matrices, which also take the gradient's way."""
    x = torch.rand(5, 3, side, side, generator=torch.Generator().manual_seed(0))
    transforms = functional()
    bilinear = transforms.InterpolationMode.BILINEAR
    theirs = transforms.resize(x, [size, size], bilinear, antialias=False)
    rows = matrix(side, size)
    torch.testing.assert_close(rows @ x @ rows.mT, theirs, atol=1e-5, rtol=0)


def test_it_is_loaded_in_a_new_process_whatever_torch_was_built_for():
    """And again after that; nothing else of ae loads it."""
    code = (
        "import sys; import ae.data.vision as vision, ae.data.celeba, ae.training.trainer; "
        "assert 'torchvision' not in sys.modules; "
        "assert vision.functional() is vision.functional(); print('torchvision' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
