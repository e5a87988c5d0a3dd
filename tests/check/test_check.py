"""Checking specs against a small source tree: every message, and a second for twenty specs."""

import ast
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from author2014 import TEXT, VALID, changed
from small_tree import (
    DIGITS,
    LINEAR,
    NAME,
    PROBE,
    SPARSE,
    TURNED,
    message,
    small_tree,
)

from ae.check import check_all, check_spec, check_tree
from ae.check.annotation import misfit
from ae.errors import UserError
from ae.library import Library
from ae.spec.read import read_spec


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_tree(tmp_path)


def test_a_good_spec_passes_and_is_the_one_that_is_read(root):
    assert check_spec(root / NAME, Library.at(root)) == read_spec(VALID)
    assert check_all(Library.at(root)) == []


def test_what_is_about_closed_forms_alone_is_no_evidence_of_training(root):
    """Its identities are controls, and no untrained model of it is there."""
    exact = TEXT.replace('run = "k-25"\nmetric = "sparsity"', 'run = "pca"\nmetric = "error"')
    assert check_all(Library.at(rewritten(root, exact))) == []
    assert message(root, exact.replace("control = true\n", "")) == (
        f"{NAME}: [[claim]] 'exact': no run of it takes a stage of descent: an identity of a closed "
        "form tests the measurement; expected control = true"
    )
    order = 'kind = "order"\nlower = "k-25"\nhigher = "k-70"'
    why = f'untrained = "so it begins"\n{order}'
    assert check_all(Library.at(rewritten(root, TEXT.replace(order, why)))) == []
    closed = TEXT.replace(order, why).replace('[[claim]]\nid = "order"', LINES)
    closed = closed.replace(order, BOTH).replace('"k-70", "pca"]', '"k-70", "pca", "mean"]')
    assert message(root, closed) == (
        f"{NAME}: [[claim]] 'order': untrained: no run of it takes a stage of descent, so that it is "
        "about no training; leave it out"
    )


LINES = """[[run]]
name = "mean"
label = "Mean"
model = { class = "linear.PCA", latent = 1 }
train = { use = ["closed"], seeds = "0" }

[[claim]]
id = "order\""""
BOTH = 'kind = "order"\nlower = "pca"\nhigher = "mean"'


def rewritten(root, text):
    (root / NAME).write_text(text, encoding="utf-8")
    return root


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
        "[tier.quick]: data: only: the class 3 is given more than once",
    ),
    (
        "data = { limit = 1000 }",
        "data = { only = [] }",
        "[tier.quick]: data.only: found []; expected 'all' or a list of one or more classes, from 0",
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
        "[tier.quick]: data.labelled: found 0; expected 'all' or a whole number of at least 1",
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
        "[model]: class: found 'Sparse'; expected 'file.Class' of ae/models, or 'package.module:name'",
    ),
    (
        'class = "sparse.Sparse"',
        'class = "../sparse.Sparse"',
        "[model]: class: found '../sparse.Sparse'; expected 'file.Class' of ae/models, or 'package.module:name'",
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
        'fit = "reset"',
        "[train.stages.closed]: fit: ae/models/linear.py: PCA.reset is not of the form (self, x)",
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
        "[measure.error]: function: ae/metrics: no file 'probes.py' (did you mean 'probe.py'?); there are probe.py",
    ),
    (
        'function = "probe.error"',
        'function = "probe.eror"',
        "[measure.error]: function: ae/metrics/probe.py: no function 'eror' (did you mean 'error'?); there are error, sparsity",
    ),
    (
        'function = "probe.error"',
        'function = "probe._private"',
        "[measure.error]: function: found 'probe._private'; expected 'file.function' of ae/metrics, or 'package.module:name'",
    ),
    (
        'function = "probe.error"',
        'function = "probe"',
        "[measure.error]: function: found 'probe'; expected 'file.function' of ae/metrics, or 'package.module:name'",
    ),
    (
        'split = "test"',
        "split = 3",
        "[measure.error]: split: found 3; expected a string, for probe.error",
    ),
    (
        'split = "test"',
        'splits = "test"',
        "[measure.error]: unknown key 'splits' (did you mean 'split'?); it may hold split, steps, function, label, unit, better, runs, tiers, for probe.error",
    ),
    (
        'split = "test"\n',
        "",
        "[measure.error]: missing key 'split'; expected a string, for probe.error",
    ),
    (
        'split = "test"',
        'split = "test"\ntrained = 1',
        "[measure.error]: unknown key 'trained'; it may hold split, steps, function, label, unit, better, runs, tiers, for probe.error",
    ),
    (
        'function = "filters.grid"',
        'function = "filters.grids"',
        "[[figure]] 'filters': function: ae/figures/filters.py: no function 'grids' (did you mean 'grid'?); there are grid",
    ),
    (
        "rows = 4",
        "rows = 4.5",
        "[[figure]] 'filters': rows: found 4.5; expected a whole number, for filters.grid",
    ),
    (
        "[tier.smoke]\n",
        "[tier.smoke.measure.error]\nsplit = 3\n\n[tier.smoke]\n",
        "[tier.smoke.measure.error]: split: found 3; expected a string, for probe.error",
    ),
]


WATCH = 'watch.v = { split = "test", examples = "all", every = 5, by = "objective" }'
WATCHES = [
    ('"test"', '"valid"', "split: datasets/digits.toml: no split 'valid'"),
    (
        'by = "objective"',
        'by = "objectiv"',
        "by: ae/models/sparse.py: Sparse: no method 'objectiv' (did you mean 'objective'?)",
    ),
    (
        'by = "objective"',
        'by = "log_weights", samples = 3',
        "by: ae/models/sparse.py: Sparse: no method 'log_weights'",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), WATCHES)
def test_what_a_stage_watches_is_there(root, right, wrong, expected):
    place = "batch = 100\nepochs = 2.5\n"
    text = TEXT.replace(place, place + WATCH.replace(right, wrong) + "\n")
    found = message(root, text)
    assert found.startswith(
        f"{NAME}: [train.stages.tune.watch.v]: {expected.partition('; there')[0]}"
    )


@pytest.mark.parametrize(("right", "wrong", "expected"), MUTATIONS)
def test_what_the_source_tree_lacks_is_named_with_what_it_has(root, right, wrong, expected):
    assert TEXT.count(right) == 1
    assert message(root, TEXT.replace(right, wrong)) == f"{NAME}: {expected}"


def test_a_file_name_tells_author_year_and_model(root):
    path = root / "benchmarks/Author_2014.toml"
    shutil.copy(root / NAME, path)
    with pytest.raises(UserError) as caught:
        check_spec(path, Library.at(root))
    assert str(caught.value) == (
        "benchmarks/Author_2014.toml: file name 'Author_2014'; expected <first author><year>-"
        "<model>.toml in small letters, digits and hyphens"
    )
    shutil.move(path, root / "benchmarks/course-autoencoder.toml")
    assert check_all(Library.at(root)) == []


def test_a_source_file_that_is_no_python_is_named_with_its_line(root):
    (root / "ae/models/sparse.py").write_text("class Sparse(Autoencoder):\n    def\n")
    line = "[model]: class: ae/models/sparse.py: not Python: line 2: invalid syntax"
    assert message(root, TEXT) == f"{NAME}: {line}"


def test_a_model_inherits_constructor_and_methods_within_its_file(root):
    text = TEXT.replace("sparse.Sparse", "sparse.Wide")
    (root / NAME).write_text(text)
    assert check_all(Library.at(root)) == []
    line = "[model]: k: found 'x'; expected a whole number, for sparse.Wide"
    assert message(root, text.replace("k = 25\nrate", "k = 'x'\nrate")) == f"{NAME}: {line}"


SHARED = """
from abc import abstractmethod
from ae.models.base import Autoencoder

class Shared(Autoencoder):
    encoder: nn.Module

    @abstractmethod
    def width(self): ...
    def reset(self): ...
    def objective(self, batch, noise): ...
"""
FINAL = """
from ae.models.shared import Shared as Common

class Final(Common):
    def __init__(self, features: int, *, latent: int) -> None: ...
    def width(self): ...
    def fit(self, x): ...
"""


def with_shared(root, spec=TEXT, final=FINAL):
    (root / "ae/models/shared.py").write_text(SHARED)
    (root / "ae/models/linear.py").write_text(f"{LINEAR}\n{final}")
    return spec.replace("linear.PCA", "linear.Final")


def test_a_model_inherits_from_an_abstract_class_of_another_file(root):
    text = with_shared(root).replace("buffer:rate", "buffer:encoder")
    assert TEXT.count("linear.PCA") == 1
    (root / NAME).write_text(text)
    assert check_all(Library.at(root)) == []
    line = "[train.stages.closed]: fit: ae/models/linear.py: Final: no method 'rest'; there are fit"
    assert message(root, text.replace('fit = "fit"', 'fit = "rest"')) == f"{NAME}: {line}"
    with_shared(root, final=FINAL.replace("    def width(self): ...\n", ""))
    line = (
        "[[run]] 'pca': model.class: ae/models/linear.py: Final is no model, for it leaves width to "
        "others; models there: PCA"
    )
    assert message(root, text) == f"{NAME}: {line}"


def test_an_abstract_class_is_no_model_and_its_file_is_not_offered(root):
    with_shared(root)
    line = (
        "[[run]] 'pca': model.class: ae/models/shared.py: Shared is no model, for it leaves width "
        "to others; models there: none"
    )
    assert message(root, TEXT.replace("linear.PCA", "shared.Shared")) == f"{NAME}: {line}"
    line = (
        "[[run]] 'pca': model.class: ae/models: no file 'lineal.py' (did you mean 'linear.py'?); "
        "there are linear.py, sparse.py"
    )
    assert message(root, TEXT.replace("linear.PCA", "lineal.PCA")) == f"{NAME}: {line}"


def test_a_number_that_is_swept_but_kept_as_a_float_is_refused(root):
    """Runs that differ in it trained in one stack, all with the first one's value."""
    sweeps = "    sweeps: ClassVar[frozenset[str]] = frozenset({'rate'})\n\n    def __init__("
    text = SPARSE.replace("    def __init__(", sweeps, 1)
    (root / "ae/models/sparse.py").write_text(text)
    (root / NAME).write_text(TEXT.replace("model = { rate = 0.25 }\n", ""))
    assert check_all(Library.at(root)) == []
    lie = text.replace('self.register_buffer("rate", torch.tensor(rate))', "self.rate = rate")
    (root / "ae/models/sparse.py").write_text(lie)
    kept = "kept as self.rate; register it as a buffer, or take it out of `sweeps`"
    assert check_all(Library.at(root)) == [
        f"{NAME}: [model]: class: ae/models/sparse.py: Sparse: rate: `sweeps` names it, but it is {kept}"
    ]


PHASED = """
[[train.stages.tune.phases]]
name = "again"
objective = "denoise"
modules = ["decoder"]
optimizer = { class = "SGD", lr = 0.1 }
"""
PHASE_FAULTS = [
    (
        'objective = "denoise"',
        'objective = "denois"',
        "objective: ae/models/sparse.py: Sparse: no method 'denois' (did you mean 'denoise'?)",
    ),
    (
        'modules = ["decoder"]',
        'modules = ["decode"]',
        "modules: ae/models/sparse.py: Sparse: no attribute 'decode' (did you mean 'decoder'?)",
    ),
    (
        'objective = "denoise"',
        'objective = "reconstruct"',
        "objective: ae/models/sparse.py: Sparse.reconstruct needs a layer; add the key layer",
    ),
    (
        "lr = 0.1 }\n",
        "lr = 0.1 }\nschedules = [{ key = 'buffer:rat', kind = 'step', at = [0], values = [1.0] }]\n",
        "schedules: ae/models/sparse.py: Sparse: no attribute 'rat' (did you mean 'rate'?)",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), PHASE_FAULTS, ids=lambda v: v[:24])
def test_what_a_phase_names_is_checked_too(root, right, wrong, expected):
    place = TEXT.index("[train.stages.closed]")
    sound = TEXT[:place] + PHASED + "\n" + TEXT[place:]
    (root / NAME).write_text(sound, encoding="utf-8")
    check_spec(root / NAME, Library.at(root))
    assert expected in message(
        root, TEXT[:place] + PHASED.replace(right, wrong) + "\n" + TEXT[place:]
    )


def test_attributes_named_by_expressions_are_taken_on_trust(root):
    text = SPARSE.replace('register_buffer("rate"', "register_buffer(name")
    (root / "ae/models/sparse.py").write_text(text)
    (root / NAME).write_text(TEXT.replace("buffer:rate", "buffer:anything"))
    assert check_all(Library.at(root)) == []


def test_only_the_parameter_features_is_filled_by_the_data(root):
    (root / "ae/models/linear.py").write_text(LINEAR.replace("features: int", "size: int"))
    line = "[[run]] 'pca': model: missing key 'size'; expected a whole number, for linear.PCA"
    assert message(root, TEXT) == f"{NAME}: {line}"


def test_all_specs_and_manifests_are_listed(root):
    (root / "datasets/broken.toml").write_text("splits = ")
    (root / NAME).write_text(TEXT.replace("k = 60", "kk = 60").replace("year = 2014", "year = 1"))
    other = TEXT.replace('"probe.error"', '"probe.eror"').replace("rows = 4", "row = 4")
    (root / "benchmarks/other2015-model.toml").write_text(other)
    lines = check_all(Library.at(root))
    assert [line.split(":")[0] for line in lines] == [
        "datasets/broken.toml",
        *[NAME] * 2,
        *["benchmarks/other2015-model.toml"] * 2,
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
    assert check_all(Library.at(root)) == []
    assert TURNED.count(right) == 1
    path.write_text(TURNED.replace(right, wrong))
    (line,) = check_all(Library.at(root))
    assert line.startswith(f"datasets/turned.toml: {expected}")
    assert line.isprintable()


def test_a_decoder_of_files_takes_files(root):
    (root / "datasets/digits.toml").write_text(DIGITS.replace("idx.digits", "idx.turned"))
    assert check_all(Library.at(root)) == [
        "datasets/digits.toml: decode: idx.turned is not of the form (files, images, labels)"
    ]


def test_twenty_specs_are_checked_within_a_second(root):
    for i in range(20):
        shutil.copy(root / NAME, root / f"benchmarks/author{1990 + i}-model.toml")
    start = time.process_time()
    assert check_all(Library.at(root)) == []
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


REAL = Path(__file__).parents[2]
PLANTED = {  # in a spec that stands in rows: what was written, what is planted, the line that comes of it
    'class = "vae.VAE"\n': (
        'class = "vae.VEA"\n',
        "[model]: class: ae/models/vae.py: no model 'VEA' (did you mean 'VAE'?)",
    ),
    "batch = 100\nepochs = 1666.6667": (
        "bacth = 100\nepochs = 1666.6667",
        "[train.stages.bound]: unknown key 'bacth' (did you mean 'batch'?)",
    ),
    '["aevb-3", 3]': (
        '["aevb-3", "3"]',
        "[[run]] 'aevb-3': rows[1], column 'model.latent': found '3'; expected a number",
    ),
    'overfit = { function = "likelihood.overfit", ex': (
        'overfit = { function = "likelihood.overfitt", ex',
        "[measure.overfit]: function: ae/metrics/likelihood.py: no function 'overfitt'",
    ),
    '"aevb-200", "aevb-20"]': (
        '"aevb-200", "aevb-21"]',
        "[[claim]] 'superfluous-latents-{n}': rows[0], column 'runs': no run 'aevb-21'",
    ),
    'name = "mnist"\ntrain': ('name = "mnits"\ntrain', "[data]: name: no data set 'mnits'"),
    "train.stages.wake-sleep.optimizer.lr = 0.02": (
        "train.stages.wake-slep.optimizer.lr = 0.02",
        "[tier.quick]: train.stages.wake-slep: no such key to override",
    ),
}


def project(tmp_path: Path, *names: str) -> Path:
    """A root with the package, the manifests and some of the project's own specs."""
    for folder in ("ae", "datasets"):
        (tmp_path / folder).symlink_to(REAL / folder)
    (tmp_path / "benchmarks").mkdir()
    for name in names:
        shutil.copy(REAL / "benchmarks" / f"{name}.toml", tmp_path / "benchmarks")
    return tmp_path


def test_six_planted_mistakes_of_one_file_are_named_in_one_go(tmp_path):
    """Of structure, of names, of the source tree: none hides another, and none has an echo."""
    root = project(tmp_path, "kingma2014-vae")
    path = root / "benchmarks" / "kingma2014-vae.toml"
    assert len(PLANTED) >= 6
    faults = [(right, wrong) for right, (wrong, _) in PLANTED.items()]
    path.write_text(changed(path.read_text(), *faults))
    lines = check_all(Library.at(root))
    for _, expected in PLANTED.values():
        assert any(line.startswith(f"benchmarks/{path.name}: {expected}") for line in lines), (
            expected
        )
    assert len(lines) == len(PLANTED), "\n".join(lines)


CHECK = """
import sys, time
from pathlib import Path
from ae.check import check_all
from ae.library import Library
start = time.process_time()
assert check_all(Library.at(Path(sys.argv[1]))) == []
print(time.process_time() - start)
"""


def test_all_specs_are_checked_in_two_seconds_of_cpu():
    """In a process of its own: among thousands of tests, their memory is looked through as well."""
    command = [sys.executable, "-c", CHECK, str(REAL)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=REAL)
    assert float(done.stdout) < 2


def test_specs_are_short():
    lengths = [len(p.read_text().splitlines()) for p in (REAL / "benchmarks").glob("*.toml")]
    assert statistics.median(lengths) <= 300


def test_code_of_another_package_is_checked_where_it_is_and_else_said_to_be_unseen(
    root, tmp_path, monkeypatch
):
    text = TEXT.replace('"linear.PCA"', '"mylab.nets:PCA"').replace(
        '"probe.error"', '"mylab:error"'
    )
    (root / NAME).write_text(text)
    assert check_tree(Library.at(root)) == (
        [],
        [
            f"{NAME}: {name} is not installed here; not checked"
            for name in ("mylab.nets:PCA", "mylab:error")
        ],
    )
    lab = tmp_path / "site" / "mylab"
    lab.mkdir(parents=True)
    (lab / "__init__.py").write_text("def error(trained, *, split: str): ...\n")
    (lab / "nets.py").write_text(LINEAR.replace("base.Autoencoder", "Anything"))
    monkeypatch.syspath_prepend(str(lab.parent))
    said = "mylab.nets:PCA: nothing is known of its base Anything; not checked"
    assert check_tree(Library.at(root)) == ([], [f"{NAME}: {said}"])
    (lab / "__init__.py").write_text("def error(trained, *, parts: str): ...\n")
    (lab / "nets.py").write_text(LINEAR.replace("latent: int", "size: int"))
    assert [line.removeprefix(f"{NAME}: ") for line in check_all(Library.at(root))] == [
        (
            "[measure.error]: unknown key 'split'; it may hold parts, function, label, unit, better, runs, "
            "tiers, for mylab:error"
        ),
        "[[run]] 'pca': model: unknown key 'latent'; it may hold size, for mylab.nets:PCA",
        "[measure.error]: missing key 'parts'; expected a string, for mylab:error",
        "[[run]] 'pca': model: missing key 'size'; expected a whole number, for mylab.nets:PCA",
    ]


BASE = """
from ae.models import base


class Plain(base.Autoencoder):
    def pretrain(self, batch, noise): ...
"""


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A lab's folder without `__init__.py`: nets that derive from a base in another file."""
    folder = tmp_path / "site" / "thislab"
    folder.mkdir(parents=True)
    (folder / "plain.py").write_text(BASE)
    (folder / "nets.py").write_text(
        "from .plain import Plain\n" + LINEAR.replace("base.Autoencoder", "Plain")
    )
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder


def test_a_labs_model_has_the_methods_of_its_bases_in_other_files(root, lab):
    text = TEXT.replace('"linear.PCA"', '"thislab.nets:PCA"').replace('fit = "fit"', 'fit = "fti"')
    (root / NAME).write_text(text)
    (line,) = check_all(Library.at(root))
    assert "thislab.nets: PCA: no method 'fti' (did you mean 'fit'?)" in line
    (root / NAME).write_text(text.replace('fit = "fti"', 'objective = "pretrain"'))
    assert "no method" not in " ".join(check_all(Library.at(root)))


def test_a_labs_class_that_is_no_model_is_refused(root, lab):
    (lab / "plain.py").write_text("from torch import nn\n\n\nclass Plain(nn.Module):\n    pass\n")
    (root / NAME).write_text(TEXT.replace('"linear.PCA"', '"thislab.nets:PCA"'))
    assert any(
        "thislab.nets: PCA is no model, for it does not derive from Autoencoder" in line
        for line in check_all(Library.at(root))
    )


def test_a_metric_of_another_package_is_described_by_the_spec(root):
    text = TEXT.replace('"probe.error"', '"mylab:error"')
    assert message(root, text.replace('unit = "%"\n', "")) == (
        f"{NAME}: [measure.error]: missing key 'unit'; expected a string, for mylab:error says none of "
        "itself"
    )


def test_what_a_metric_says_of_itself_is_not_said_again(root):
    said = '@measure(label="Error", unit="%", better="lower")\n'
    (root / "ae/metrics/probe.py").write_text(PROBE.replace("def error", f"{said}def error"))
    line = "[measure.error]: unit: probe.error says it: '%'; leave it out"
    assert message(root, TEXT) == f"{NAME}: {line}"
    own = 'label = "Error"\nunit = "%"\nbetter = "lower"\nsplit'
    assert TEXT.count(own) == 1
    (root / NAME).write_text(TEXT.replace(own, "split"))
    assert check_all(Library.at(root)) == []
