"""A fault of a model is a line before anything is trained."""

import sys
import textwrap

import pytest
from project import make, run, write

from ae.errors import UserError

HEAD = """
import torch
from torch import nn
from ae.models.base import Autoencoder, Draw, Objective


class Net(Autoencoder):
    draws = {}

    def __init__(self, features: int, hidden: int, corruption: float) -> None:
        super().__init__()
        self.encoder = nn.Linear(features, hidden)
        self.decoder = nn.Linear(hidden, features)

    def reconstruct(self, x):
        return self.decoder(self.encoder(x))

    def filters(self):
        return self.encoder.weight

    def objective(self, batch, noise):
        x = batch.x
"""
GOOD = """
        error = (self.reconstruct(x) - x).square().sum(-1)
        return Objective(error, {"error": error})
"""
PLANTED = {
    "a scalar loss": (
        GOOD.replace(".sum(-1)", ".mean()"),
        r"the loss has the shape \(\) for 64 examples; expected a number an example",
    ),
    "a mean of a part": (
        GOOD.replace('"error": error}', '"error": error.mean()}'),
        "error has the shape",
    ),
    "random numbers": (
        "        x = x + torch.randn_like(x)" + GOOD,
        "draws random numbers itself",
    ),
    "Dropout": (
        "        x = nn.functional.dropout(x, 0.5, True)" + GOOD,
        "draws random numbers itself",
    ),
    "item": (
        "        x = x * float(x.mean().item() > 0)" + GOOD,
        "makes a number of a tensor",
    ),
    "widths": (
        GOOD.replace("self.reconstruct(x)", "self.decoder(x)"),
        "has widths that do not fit",
    ),
    "no objective": ("        return x.sum(-1)\n", "gives Tensor; expected an Objective"),
    "a missing method": (GOOD.replace("self.reconstruct(", "self.rebuild("), "rebuild"),
}


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Plants a model as a lab's module and gives the project that names it."""

    def plant(body):
        (tmp_path / "lab").mkdir()
        (tmp_path / "lab" / "planted_model.py").write_text(textwrap.dedent(HEAD) + body)
        monkeypatch.syspath_prepend(tmp_path / "lab")
        monkeypatch.delitem(sys.modules, "planted_model", raising=False)
        (tmp_path / "project").mkdir()
        project = make(tmp_path / "project")
        write(project, **{"class": '"planted_model:Net"'})
        return project

    yield plant
    sys.modules.pop("planted_model", None)


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_is_a_line_before_training(planted, fault):
    body, expected = PLANTED[fault]
    project = planted(body)
    with pytest.raises(UserError, match=expected) as caught:
        run(project)
    text = str(caught.value)
    assert "\n" not in text
    assert "planted_model:Net: " in text or "Net.objective: " in text
    assert not list((project / "results").rglob("*.safetensors"))


def test_a_method_that_a_measure_needs(planted):
    project = planted(GOOD.replace("self.reconstruct(x)", "self.decoder(self.encoder(x))"))
    module = project.parent / "lab" / "planted_model.py"
    module.write_text(module.read_text().replace("def reconstruct", "def rebuild"))
    with pytest.raises(UserError, match=r"measure .squared_error.: reconstruction\.squared_error"):
        run(project)


def test_a_method_that_a_figure_needs(planted):
    project = planted(GOOD)
    module = project.parent / "lab" / "planted_model.py"
    module.write_text(module.read_text().replace("def filters", "def kernels"))
    with pytest.raises(
        UserError, match=r"figure .filters.: filters\.grid: .*no attribute .filters."
    ):
        run(project)


def test_a_sound_model_of_another_folder_trains(planted):
    _, record = run(planted(GOOD))
    assert len(record.runs) == 3
