"""Checking specs against a small source tree: every message, and a second for twenty specs."""

import ast
import shutil
import time
from pathlib import Path

import pytest

from ae.check import check_all, check_spec
from ae.errors import UserError
from ae.read import read_spec
from ae.source import misfit

VALID = Path(__file__).parent / "author2014-model.toml"
TEXT = VALID.read_text(encoding="utf-8")
NAME = "benchmarks/author2014-model.toml"

BASE = """
class Autoencoder(nn.Module, ABC):
    draws: dict
    @abstractmethod
    def objective(self, batch, noise): ...
    def draws_for(self, objective: str, layer): ...
"""
SPARSE = '''
from typing import Literal
from ae.models.base import Autoencoder

class Sparse(Autoencoder):
    rate: "Float[Tensor, '']"

    def __init__(
        self, features: int, *, hidden: list[int], k: int, rate: float, tied: bool = True,
        activation: Literal["relu", "tanh"] = "relu", clip: float | None = None,
    ) -> None:
        super().__init__()
        self.encoder = mlp(hidden)
        self.decoder, self._cache = mlp(hidden), None
        self.register_buffer("rate", torch.tensor(rate))

    def reconstruct(self, batch, noise, *, layer: int): ...
    def denoise(self, batch, noise): ...
    def reset(self): ...
    def encode(self, x): ...
    @property
    def width(self): ...

class Wide(Sparse):
    """No constructor of its own."""

def helper(): ...
class Plain: ...
'''
LINEAR = """
from ae.models import base

class PCA(base.Autoencoder):
    def __init__(self, features: int, *, latent: int) -> None: ...
    def fit(self, x): ...
    def objective(self, batch, noise): ...
"""
PROBE = """
def error(trained: Trained, *, split: str, steps: int = 10) -> Tensor: ...
def sparsity(trained: Trained) -> Tensor: ...
def _private(trained): ...
"""
FILTERS = """
def grid(runs: list[Trained], *, rows: int) -> Drawing: ...
"""
IDX = """
def digits(files: dict[str, Path], images: str, labels: str) -> tuple: ...
def turned(x, split: str, seed: int): ...
def noisy(x, normal): ...
"""
DIGITS = """
title = "Digits"
url = "https://example.org/"
licence = "none"
citation = "nobody"
note = ""
shape = [8, 8]
classes = 10
decode = "idx.digits"

[[file]]
name = "x"
path = "digits/x.gz"
bytes = 10
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
mirrors = []

[[file]]
name = "y"
path = "digits/y.gz"
bytes = 10
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
mirrors = []

[splits]
train = { images = "x", labels = "y" }
test = { images = "x", labels = "y" }
"""
TURNED = (
    DIGITS[: DIGITS.index("decode")]
    + """
decode = "idx.turned"
derives = "digits"
seed = 1

[splits.train]
pieces = [{ split = "train", first = 0, count = 5 }]

[access]
function = "idx.noisy"
law = "normal"
train = "fresh"
test = "fixed"
"""
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "ae/models/__init__.py": "",
        "ae/models/base.py": BASE,
        "ae/models/sparse.py": SPARSE,
        "ae/models/linear.py": LINEAR,
        "ae/metrics/probe.py": PROBE,
        "ae/figures/filters.py": FILTERS,
        "ae/data/idx.py": IDX,
        "datasets/digits.toml": DIGITS,
        NAME: TEXT,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def message(root: Path, text: str) -> str:
    (root / NAME).write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        check_spec(root / NAME, root)
    return str(caught.value)


def test_a_good_spec_passes_and_is_the_one_that_is_read(root):
    assert check_spec(root / NAME, root) == read_spec(VALID)
    assert check_all(root) == []


MUTATIONS = [
    (
        "x - \\hat{x}",
        "x - \\hatt{x}",
        "[paper]: formula: found '\\\\|x - \\\\hatt{x}\\\\|^2'; mathtext says: Unknown symbol: \\hatt, found '\\'",
    ),
    (
        'name = "digits"',
        'name = "digit"',
        "[data]: name: no data set 'digit' (did you mean 'digits'?); there are digits",
    ),
    (
        'train = "train"',
        'train = "training"',
        "[data]: train: datasets/digits.toml: no split 'training' (did you mean 'train'?); there are train, test",
    ),
    (
        'test = "test"\nlimit',
        'test = "valid"\nlimit',
        "[data]: test: datasets/digits.toml: no split 'valid'; there are train, test",
    ),
    (
        "data = { limit = 1000 }",
        "data = { only = [3, 10] }",
        "[tier.quick]: data.only: found the class 10; datasets/digits.toml has 10: expected 0 to 9",
    ),
    (
        "data = { limit = 1000 }",
        "data = { only = [3, 3] }",
        "[tier.quick]: [data]: only: the class 3 is given more than once",
    ),
    (
        "data = { limit = 1000 }",
        "data = { only = [] }",
        "[tier.quick]: [data]: only: found []; expected 'all' or a list of one or more classes, from 0",
    ),
    (
        "data = { limit = 1000 }",
        "data = { limit = 1000, labelled = 9 }",
        "[tier.quick]: data.labelled: found 9; expected at least 10, one for every class",
    ),
    (
        "data = { limit = 1000 }",
        "data = { limit = 1000, labelled = 1001 }",
        "[tier.quick]: data.labelled: found 1001; expected at most 1000, the limit",
    ),
    (
        "data = { limit = 1000 }",
        "data = { labelled = 0 }",
        "[tier.quick]: [data]: labelled: found 0; expected 'all' or a whole number of at least 1",
    ),
    (
        "data = { limit = 1000 }",
        "data = { limit = 1000, labelled = 100 }",
        "[tier.quick]: data.labelled: sparse.Sparse takes no hidden labels; leave the key out, or name a model that declares `hidden_labels`",
    ),
    (
        "data = { limit = 1000 }",
        'data = { test = "valid" }',
        "[tier.quick]: data.test: datasets/digits.toml: no split 'valid'; there are train, test",
    ),
    (
        'class = "sparse.Sparse"',
        'class = "Sparse"',
        "[model]: class: found 'Sparse'; expected 'file.Class' of ae/models",
    ),
    (
        'class = "sparse.Sparse"',
        'class = "../sparse.Sparse"',
        "[model]: class: found '../sparse.Sparse'; expected 'file.Class' of ae/models",
    ),
    (
        'class = "sparse.Sparse"',
        'class = "spares.Sparse"',
        "[model]: class: ae/models: no file 'spares.py' (did you mean 'sparse.py'?); there are linear.py, sparse.py",
    ),
    (
        'class = "sparse.Sparse"',
        'class = "sparse.Spars"',
        "[model]: class: ae/models/sparse.py: no model 'Spars' (did you mean 'Sparse'?); there are Sparse, Wide",
    ),
    (
        'class = "sparse.Sparse"',
        'class = "sparse.Plain"',
        "[model]: class: ae/models/sparse.py: Plain is no model, for it does not derive from Autoencoder; models there: Sparse, Wide",
    ),
    (
        'class = "linear.PCA"',
        'class = "linear.Pca"',
        "[[run]] 'pca': model.class: ae/models/linear.py: no model 'Pca'; there are PCA",
    ),
    (
        "k = 25\nrate",
        "kk = 25\nrate",
        "[model]: unknown key 'kk' (did you mean 'k'?); it may hold hidden, k, rate, tied, activation, clip, for sparse.Sparse",
    ),
    (
        "hidden = [100]\n",
        "",
        "[model]: missing key 'hidden'; expected a list, each item a whole number, for sparse.Sparse",
    ),
    (
        "hidden = [100]\n",
        "hidden = [100]\nfeatures = 784\n",
        "[model]: features: the data set's size fills it; leave it out",
    ),
    (
        "hidden = [100]\n",
        "hidden = 100\n",
        "[model]: hidden: found 100; expected a list, each item a whole number, for sparse.Sparse",
    ),
    (
        "hidden = [100]\n",
        "hidden = [100.0]\n",
        "[model]: hidden: found [100.0]; expected a list, each item a whole number, for sparse.Sparse",
    ),
    (
        "k = 25\nrate",
        "k = 2.5\nrate",
        "[model]: k: found 2.5; expected a whole number, for sparse.Sparse",
    ),
    (
        "k = 25\nrate",
        "k = true\nrate",
        "[model]: k: found true; expected a whole number, for sparse.Sparse",
    ),
    (
        "rate = 0.5\n",
        "rate = 1\ntied = 1\n",
        "[model]: tied: found 1; expected true or false, for sparse.Sparse",
    ),
    (
        "rate = 0.5\n",
        'rate = 1\nactivation = "sine"\n',
        "[model]: activation: found 'sine'; expected one of 'relu', 'tanh', for sparse.Sparse",
    ),
    (
        "rate = 0.5\n",
        'rate = 1\nclip = "none"\n',
        "[model]: clip: found 'none'; expected a number, for sparse.Sparse",
    ),
    (
        "model = { k = 40 }",
        "model = { k = 40.5 }",
        "[[run]] 'k-40': model.k: found 40.5; expected a whole number, for sparse.Sparse",
    ),
    (
        "model = { k = 60 }",
        "model = { k = 60.5 }",
        "[tier.quick.run.k-70]: model.k: found 60.5; expected a whole number, for sparse.Sparse",
    ),
    (
        "model = { rate = 0.25 }",
        "model = { k = 0.25 }",
        "[tier.quick]: model.k: found 0.25; expected a whole number, for sparse.Sparse",
    ),
    (
        "latent = 25 }",
        "components = 25 }",
        "[[run]] 'pca': model: unknown key 'components'; it may hold latent, for linear.PCA",
    ),
    (
        "latent = 25 }",
        'latent = "25" }',
        "[[run]] 'pca': model.latent: found '25'; expected a whole number, for linear.PCA",
    ),
    (
        'class = "linear.PCA", latent = 25 }',
        'class = "linear.PCA" }',
        "[[run]] 'pca': model: missing key 'latent'; expected a whole number, for linear.PCA",
    ),
    (
        'objective = "reconstruct"',
        'objective = "reconstrukt"',
        "[train.stages.pretrain]: objective: ae/models/sparse.py: Sparse: no method 'reconstrukt' (did you mean 'reconstruct'?); there are objective, reconstruct, denoise",
    ),
    (
        'objective = "reconstruct"',
        'objective = "denoise"',
        "[train.stages.pretrain]: objective: ae/models/sparse.py: Sparse.denoise takes no 'layer'; leave layer out",
    ),
    (
        'objective = "reconstruct"',
        'objective = "encode"',
        "[train.stages.pretrain]: objective: ae/models/sparse.py: Sparse.encode takes no 'layer'; leave layer out",
    ),
    (
        'objective = "objective"',
        'objective = "reconstruct"',
        "[train.stages.tune]: objective: ae/models/sparse.py: Sparse.reconstruct needs a layer; add the key layer",
    ),
    (
        'start = "reset"',
        'start = "rest"',
        "[train.stages.pretrain]: start: ae/models/sparse.py: Sparse: no method 'rest' (did you mean 'reset'?); there are reset",
    ),
    (
        'start = "reset"',
        'start = "encode"',
        "[train.stages.pretrain]: start: ae/models/sparse.py: Sparse.encode is not of the form (self)",
    ),
    (
        'fit = "fit"',
        'fit = "fits"',
        "[train.stages.closed]: fit: ae/models/linear.py: PCA: no method 'fits' (did you mean 'fit'?); there are fit",
    ),
    (
        'fit = "fit"',
        'fit = "objective"',
        "[train.stages.closed]: fit: ae/models/linear.py: PCA.objective is not of the form (self, x)",
    ),
    (
        'use = ["closed"]',
        'use = ["tune", "pretrain", "closed"]',
        "[train.stages.tune]: schedules: ae/models/linear.py: PCA: no attribute 'rate'; there are none",
    ),
    (
        'modules = ["encoder"]',
        'modules = ["encoder.0", "coder"]',
        "[train.stages.pretrain]: modules: ae/models/sparse.py: Sparse: no attribute 'coder' (did you mean 'encoder'?); there are decoder, encoder, rate",
    ),
    (
        'key = "buffer:rate"',
        'key = "buffer:rat"',
        "[train.stages.tune]: schedules: ae/models/sparse.py: Sparse: no attribute 'rat' (did you mean 'rate'?); there are decoder, encoder, rate",
    ),
    (
        'function = "probe.error"',
        'function = "probes.error"',
        "[[measure]] 'error': function: ae/metrics: no file 'probes.py' (did you mean 'probe.py'?); there are probe.py",
    ),
    (
        'function = "probe.error"',
        'function = "probe.eror"',
        "[[measure]] 'error': function: ae/metrics/probe.py: no function 'eror' (did you mean 'error'?); there are error, sparsity",
    ),
    (
        'function = "probe.error"',
        'function = "probe._private"',
        "[[measure]] 'error': function: found 'probe._private'; expected 'file.function' of ae/metrics",
    ),
    (
        'function = "probe.error"',
        'function = "probe"',
        "[[measure]] 'error': function: found 'probe'; expected 'file.function' of ae/metrics",
    ),
    (
        'arguments = { split = "test" }',
        "arguments = { split = 3 }",
        "[[measure]] 'error': arguments.split: found 3; expected a string, for probe.error",
    ),
    (
        'arguments = { split = "test" }',
        'arguments = { splits = "test" }',
        "[[measure]] 'error': arguments: unknown key 'splits' (did you mean 'split'?); it may hold split, steps, for probe.error",
    ),
    (
        'arguments = { split = "test" }',
        "arguments = {}",
        "[[measure]] 'error': arguments: missing key 'split'; expected a string, for probe.error",
    ),
    (
        'arguments = { split = "test" }',
        'arguments = { split = "test", trained = 1 }',
        "[[measure]] 'error': arguments: unknown key 'trained'; it may hold split, steps, for probe.error",
    ),
    (
        'function = "filters.grid"',
        'function = "filters.grids"',
        "[[figure]] 'filters': function: ae/figures/filters.py: no function 'grids' (did you mean 'grid'?); there are grid",
    ),
    (
        "arguments = { rows = 4 }",
        "arguments = { rows = 4.5 }",
        "[[figure]] 'filters': arguments.rows: found 4.5; expected a whole number, for filters.grid",
    ),
    (
        "[tier.smoke]\n",
        "[tier.smoke.measure.error]\nsplit = 3\n\n[tier.smoke]\n",
        "[tier.smoke.measure.error]: arguments.split: found 3; expected a string, for probe.error",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), MUTATIONS)
def test_what_the_source_tree_lacks_is_named_with_what_it_has(root, right, wrong, expected):
    assert TEXT.count(right) == 1
    assert message(root, TEXT.replace(right, wrong)) == f"{NAME}: {expected}"


def test_a_file_name_tells_author_year_and_model(root):
    path = root / "benchmarks/Author_2014.toml"
    shutil.copy(root / NAME, path)
    with pytest.raises(UserError) as caught:
        check_spec(path, root)
    assert str(caught.value) == (
        "benchmarks/Author_2014.toml: file name 'Author_2014'; expected <first author><year>-"
        "<model>.toml in small letters, digits and hyphens"
    )
    shutil.move(path, root / "benchmarks/course-autoencoder.toml")
    assert check_all(root) == []


def test_a_source_file_that_is_no_python_is_named_with_its_line(root):
    (root / "ae/models/sparse.py").write_text("class Sparse(Autoencoder):\n    def\n")
    line = "[model]: class: ae/models/sparse.py: not Python: line 2: invalid syntax"
    assert message(root, TEXT) == f"{NAME}: {line}"


def test_a_model_inherits_constructor_and_methods_within_its_file(root):
    text = TEXT.replace("sparse.Sparse", "sparse.Wide")
    (root / NAME).write_text(text)
    assert check_all(root) == []
    line = "[model]: k: found 'x'; expected a whole number, for sparse.Wide"
    assert message(root, text.replace("k = 25\nrate", "k = 'x'\nrate")) == f"{NAME}: {line}"


def test_attributes_named_by_expressions_are_taken_on_trust(root):
    text = SPARSE.replace('register_buffer("rate"', "register_buffer(name")
    (root / "ae/models/sparse.py").write_text(text)
    (root / NAME).write_text(TEXT.replace("buffer:rate", "buffer:anything"))
    assert check_all(root) == []


def test_only_the_parameter_features_is_filled_by_the_data(root):
    (root / "ae/models/linear.py").write_text(LINEAR.replace("features: int", "size: int"))
    line = "[[run]] 'pca': model: missing key 'size'; expected a whole number, for linear.PCA"
    assert message(root, TEXT) == f"{NAME}: {line}"


def test_all_specs_and_manifests_are_listed(root):
    (root / "datasets/broken.toml").write_text("splits = ")
    (root / NAME).write_text(TEXT.replace("k = 60", "kk = 60").replace("year = 2014", "year = 1"))
    other = TEXT.replace('"probe.error"', '"probe.eror"').replace("rows = 4", "row = 4")
    (root / "benchmarks/other2015-model.toml").write_text(other)
    lines = check_all(root)
    assert [line.split(":")[0] for line in lines] == [
        "datasets/broken.toml",
        NAME,
        *["benchmarks/other2015-model.toml"] * 3,
    ]
    assert lines[0].startswith("datasets/broken.toml: not TOML: line 1, end: ")
    assert lines[1].endswith("[paper]: year: found 1; expected a year such as 2014")
    assert all(len(line.splitlines()) == 1 for line in lines)


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ('"digits"', '"digit"', "derives: no data set 'digit' (did you mean 'digits'?)"),
        ('"digits"', '"turned"', "derives: 'turned' derives itself; expected a set with files"),
        (
            'split = "train"',
            'split = "trains"',
            "[splits.train]: pieces: data set 'digits': no split 'trains' (did you mean 'train'?)",
        ),
        (
            '"idx.turned"',
            '"idx.turn"',
            "decode: ae/data/idx.py: no function 'turn' (did you mean 'turned'?); there are digits",
        ),
        ('"idx.turned"', '"ids.turned"', "decode: ae/data: no file 'ids.py' (did you mean 'idx.py"),
        ('"idx.turned"', '"idx.digits"', "decode: idx.digits is not of the form (x, split, seed)"),
        (
            '"idx.noisy"',
            '"idx.noise"',
            "[access]: function: ae/data/idx.py: no function 'noise' (did you mean 'noisy'?)",
        ),
        (
            'law = "normal"',
            'law = "uniform"',
            "[access]: function: idx.noisy is of the form (x, normal); expected (x, uniform), for",
        ),
        ('"idx.turned"', '"os/system"', "decode: found 'os/system'; expected 'file.function' of"),
        ("classes = 10", "clases = 10", "unknown key 'clases' (did you mean 'classes'?)"),
        ("classes = 10", "classes = 0", "classes: found 0; expected a whole number of at least 1"),
    ],
)
def test_a_manifest_is_checked_against_the_tree_too(root, right, wrong, expected):
    path = root / "datasets/turned.toml"
    path.write_text(TURNED)
    assert check_all(root) == []
    assert TURNED.count(right) == 1
    path.write_text(TURNED.replace(right, wrong))
    (line,) = check_all(root)
    assert line.startswith(f"datasets/turned.toml: {expected}")
    assert line.isprintable()


def test_a_decoder_of_files_takes_files(root):
    (root / "datasets/digits.toml").write_text(DIGITS.replace("idx.digits", "idx.turned"))
    assert check_all(root) == [
        "datasets/digits.toml: decode: idx.turned is not of the form (files, images, labels)"
    ]


def test_twenty_specs_are_checked_within_a_second(root):
    for i in range(20):
        shutil.copy(root / NAME, root / f"benchmarks/author{1990 + i}-model.toml")
    start = time.process_time()
    assert check_all(root) == []
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        ("int", 3, None),
        ("int", True, "a whole number"),
        ("int", 3.0, "a whole number"),
        ("float", 3, None),
        ("float", "3", "a number"),
        ("float", False, "a number"),
        ("bool", True, None),
        ("bool", 1, "true or false"),
        ("str", "a", None),
        ("list[int]", [1, 2], None),
        ("list[int]", [1, 2.5], "a list, each item a whole number"),
        ("list[list[int]]", [[1], [2]], None),
        ("Sequence[float]", [1, 2.5], None),
        ("tuple[int, ...]", [1, 2, 3], None),
        ("tuple[int, int]", [1, 2], None),
        ("tuple[int, int]", [1], "a list, each item a whole number, 2 of them"),
        ("int | None", 3, None),
        ("int | None", "3", "a whole number"),
        ("int | str", 3.5, "a whole number or a string"),
        ("int | Path", 3.5, None),
        ("Literal['a', 'b']", "c", "one of 'a', 'b'"),
        ("Literal['a', 'b']", "b", None),
        ("Literal['a', 'b']", ["a"], "one of 'a', 'b'"),
        ("Mapping[str, int]", 3, None),
    ],
)
def test_a_value_fits_its_annotation_or_is_told_what_would(annotation, value, expected):
    assert misfit(ast.parse(annotation, mode="eval").body, value) == expected
