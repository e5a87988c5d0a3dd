"""What a constructor does with what its class says that it sweeps, seen from the syntax alone."""

import ast

import pytest
from project import ROOT

from ae.check.sweeps import misplaced

MODEL = """
OTHERS = frozenset({"sigma"})

class Inner(nn.Module):
    def __init__(self, *, rate: float, size: int, slope: float) -> None:
        super().__init__()
        self.register_buffer("rate", torch.tensor(float(rate)))
        self.act = nn.LeakyReLU(slope)
        self.size = size

class Model(Autoencoder):
    sweeps: ClassVar[frozenset[str]] = SWEEPS

    def __init__(self, features: int, *, hidden: list[int], beta: float, sigma: float) -> None:
        super().__init__()
        self.encoder = mlp([features, *hidden], nn.ReLU)
        BODY
        self.draws = {}
"""
BETA = 'self.register_buffer("beta", torch.tensor(float(beta)))'


def found(body, sweeps='frozenset({"beta"})'):
    text = MODEL.replace("SWEEPS", sweeps).replace("BODY", body.replace("\n", "\n        "))
    return dict(misplaced(ast.parse(text), "Model"))


GOOD = {
    "a buffer": BETA,
    "a buffer by keyword": 'self.register_buffer("b", tensor=torch.tensor(beta), persistent=True)',
    "through a local name": f"weight = 2 * beta\n{BETA.replace('float(beta)', 'weight')}",
    "in a loop": (
        'for name, value in (("beta", beta), ("sigma", sigma)):\n'
        "    self.register_buffer(name, torch.tensor(value))"
    ),
    "in a branch": f"if features:\n    {BETA}",
    "in a submodule of the file": "self.inner = Inner(rate=beta, size=3, slope=0.1)",
    "by position in a submodule": "self.inner = nn.Sequential(Inner(beta, 3, 0.1))",
    "checked before": f"if beta < 0:\n    raise ValueError(beta)\n{BETA}",
    "unknown code gets it": "self.inner = elsewhere.Layer(beta)",
    "unknown code gets the model": "register(self, beta=beta)",
}


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_what_a_buffer_is_made_of_is_right(body):
    assert found(body) == {}


KEPT = {
    "a number": ("self.beta = beta", "self.beta"),
    "a converted number": ("self.weight = float(beta)", "self.weight"),
    "a tensor that is no buffer": ("self.beta = torch.tensor(beta)", "self.beta"),
    "a parameter": ("self.beta = nn.Parameter(torch.tensor(beta))", "self.beta"),
    "a layer's number": ("self.act = nn.LeakyReLU(beta)", "self.act"),
    "a layer's number in a list": (
        "self.all = nn.ModuleList(nn.Dropout(p) for p in [beta, 0.1])",
        "self.all",
    ),
    "one of two": ("self.beta, self.sigma = beta, sigma", "self.beta"),
    "a sum": ("self.scale = 1 + beta", "self.scale"),
    "through a local name": ("b = beta\nself.scale = [b, 1]", "self.scale"),
    "a closure": ("self.f = lambda x: beta * x", "self.f"),
    "beside a buffer": (f"{BETA}\nself.also = beta", "self.also"),
    "a submodule's number": (
        "self.inner = Inner(rate=1.0, size=beta, slope=0.1)",
        "self.inner.size",
    ),
    "a submodule's layer": ("self.inner = Inner(rate=1.0, size=3, slope=beta)", "self.inner.act"),
    "a default": ("self.beta: float = beta", "self.beta"),
    "added to": ("self.total = 0\nself.total += beta", "self.total"),
}


@pytest.mark.parametrize(("body", "place"), KEPT.values(), ids=KEPT)
def test_what_is_kept_elsewhere_is_named_with_its_place(body, place):
    assert found(body) == {
        "beta": f"`sweeps` names it, but it is kept as {place}; register it as a buffer, or take "
        "it out of `sweeps`"
    }


def test_what_reaches_nothing_is_named():
    assert found("pass") == {
        "beta": "`sweeps` names it, but no buffer is made of it; register it as a buffer, or take "
        "it out of `sweeps`"
    }


def test_a_name_that_is_no_argument_is_named():
    assert found(BETA, 'frozenset({"beta", "bta"})') == {
        "bta": "`sweeps` names it, but the constructor takes no such argument"
    }


@pytest.mark.parametrize(
    "sweeps", ['OTHERS | {"beta"}', 'frozenset(["beta", "sigma"])', 'frozenset({"beta"} | OTHERS)']
)
def test_declarations_are_read_as_they_are_written(sweeps):
    assert [*found(f"{BETA}\nself.sigma = sigma", sweeps)] == ["sigma"]


@pytest.mark.parametrize("sweeps", ["frozenset()", "names()", "frozenset({*names})"])
def test_nothing_is_said_of_what_is_not_swept_or_not_known(sweeps):
    assert found("self.beta = beta", sweeps) == {}


def test_a_class_that_holds_itself_ends():
    tree = ast.parse(
        "class M(Autoencoder):\n"
        "    sweeps = frozenset({'beta'})\n"
        "    def __init__(self, *, beta): self.inner = M(beta=beta)\n"
    )
    assert dict(misplaced(tree, "M")) == {}


def test_every_model_keeps_its_word():
    seen = 0
    for path in sorted((ROOT / "ae" / "models").glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                assert list(misplaced(tree, node.name)) == [], (path.name, node.name)
                seen += "sweeps" in ast.unparse(node)
    assert seen > 20
