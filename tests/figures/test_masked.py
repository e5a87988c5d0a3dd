"""The image, what is seen of it and what is told stand in the right rows."""

import numpy as np
import pytest
import torch
from known import Images

from ae.errors import UserError
from ae.figures.layout.sheet import pictures
from ae.figures.masked import rows
from ae.metrics.masked import restored
from ae.models.masked import MAE
from ae.training.stack import Stack
from ae.training.trained_run import Trained


@pytest.fixture
def masking(exact_arithmetic):
    def make(sampling):
        torch.manual_seed(3)
        arguments = {"width": 8, "depth": 1, "heads": 2, "colours": 3, "patch": 2, "masked": 0.75}
        decoder = {"decoder_width": 8, "decoder_depth": 1, "decoder_heads": 2, "target": "pixels"}
        build = lambda: MAE(192, **arguments, **decoder, sampling=sampling)
        x, y = torch.rand(6, 192), torch.tensor([2, 0, 0, 1, 2, 1])
        data = Images(x, y, (3, 8, 8))
        stack = Stack([build] * 2, [5, 6])
        return Trained(name=sampling, label=sampling, stack=stack, train=data, test=data)

    return make


def test_rows_are_what_they_say(masking, repainted):
    runs = [masking("random"), masking("grid")]
    drawing = rows(runs, images=3, seed_index=1)
    shown = [1, 3, 0]
    for run, tiles in zip(runs, drawing.arrays["pictures"], strict=True):
        found = restored(run, 200)
        lost = found.lost[1, shown]
        x = run.test.x[shown]
        grey = torch.where(lost, 0.5, x)
        made = found.made[1, shown].clamp(0, 1)
        expected = np.stack([pictures(part.numpy(), (3, 8, 8)) for part in (x, grey, made)])
        np.testing.assert_array_equal(tiles.reshape(3, 3, 8, 8, 3), expected)
        assert not torch.equal(made, grey)
    assert int(drawing.arrays["columns"]) == 3
    assert drawing.arrays["runs"].tolist() == ["random", "grid"]
    assert repainted(drawing).vector is None


def test_a_diverged_seed_is_said(masking, repainted):
    run = masking("random")
    with torch.no_grad():
        run.stack.parameters["embedding.dense.weight"][1] = torch.nan
    drawing = rows([run], images=3, seed_index=1)
    assert np.isnan(drawing.arrays["pictures"]).any()
    repainted(drawing)


def test_a_seed_that_is_not_there_is_refused(masking):
    with pytest.raises(UserError, match="seed_index"):
        rows([masking("random")], images=3, seed_index=2)
