"""Rows of decoded faces: as they are, without the vector, astray."""

import math

import numpy as np
import torch

from ae.figures.attribute import rows


def test_a_column_is_a_face_and_its_two_steps(linear, repainted):
    x, y = 0.5 + 0.1 * torch.rand(6, 16), torch.tensor([1, 0, 0, 1, 1, 0])
    own, lost = torch.eye(16)[None], torch.full((1, 16, 16), math.nan)
    runs = [linear("own", own, x, y), linear("lost", lost, x, y)]
    drawing = rows(runs, faces=2, seed_index=0)
    pictures = drawing.arrays["pictures"].reshape(2, 3, 2, 16)
    faces, vector = x[[0, 3]], x[y == 1].mean(0) - x[y == 0].mean(0)
    np.testing.assert_allclose(pictures[0, 0], faces, rtol=1e-5)
    np.testing.assert_allclose(pictures[0, 1], faces - vector, rtol=1e-5)
    away = np.linalg.norm(pictures[0, 2] - faces.numpy(), axis=-1)
    np.testing.assert_allclose(away, vector.norm(), rtol=1e-4)
    assert np.isnan(pictures[1]).all()
    assert drawing.arrays["columns"] == 2
    assert drawing.arrays["runs"].tolist() == ["run own", "run lost"]
    assert repainted(drawing).vector is None
