"""`benchmarks/README.md`: every key is there, its example runs, its tables are what the code says."""

import os
import re
import subprocess
import sys
import tomllib

import needs
import pytest
from project import PYTHONPATH, ROOT

from ae.check import check_all
from ae.check.source import Source
from ae.library import Library
from ae.records.record import read
from ae.spec import Cell, ClaimTable, Table
from ae.spec.concise.expand import expand
from ae.spec.concise.measures import MEASURE_KEYS
from ae.spec.concise.stages import SHORTHAND
from ae.spec.read import find_specs, read_spec
from ae.spec.tiers import cells
from ae.toml.parse import keys_of, parse

README = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
SPECS = find_specs(ROOT / "benchmarks")
# What is called with some arguments, or of some models, only.
SOMETIMES = {
    "neighbours.knn_accuracy": {"sample_code"},
    "neighbours.knn_error": {"sample_code"},
    "samples.class_score": {"posterior"},
    "samples.coverage": {"posterior"},
    "bounds.approach": {"log_evidence"},
    "curves.training": {"log_weights"},
    "samples.grid": {"posterior"},
    "disentanglement.mig": {"factors", "pixels"},
    "disentanglement.beta_vae": {"factors", "pixels"},
    "disentanglement.factor_vae": {"factors", "pixels"},
    "disentanglement.modularity": {"factors", "pixels"},
    "variance.denoising_error": {"reconstruct"},
    "codebook.samples": {"generate"},
    "codebook_samples.coverage": {"generate"},
    "codebook_samples.coverage_gain": {"generate"},
    "codebook_samples.class_score": {"generate"},
    "codebook.rate": {"log_prior"},
    "codebook.bits_per_dim": {"log_prior"},
    "variance.maps": {"gain", "deviation"},
    "matching.sliced_wasserstein": {"sample_code"},
    "matching.holes": {"sample_code"},
    "matching.told_apart": {"sample_code"},
    "parzen.log_likelihood": {"buffer prototypes", "decode", "prior_code"},
    "parzen.standard_error": {"buffer prototypes", "decode", "prior_code"},
    "parzen.width": {"buffer prototypes", "decode", "prior_code"},
    "parzen.widths": {"buffer prototypes", "decode", "prior_code"},
    "copies.nearest_training_images": {"decode", "prior_code"},
    "prior.codes": {"sample_code"},
}


def below(kind):
    """The classes that derive from one, at any depth."""
    return [c for own in kind.__subclasses__() for c in (own, *below(own))]


def test_it_names_every_key():
    kinds = below(Table)
    tables = [k for k in kinds if k.__module__.startswith("ae.spec.") and k is not Cell]
    assert len(tables) > 20
    words = set(re.findall(r"[a-z_]+", README))
    keys = {*MEASURE_KEYS, *SHORTHAND, *(key for kind in tables for key in keys_of(kind))}
    assert keys - words == set()


def test_the_claims_in_rows_are_claims():
    claims = expand(tomllib.loads(BLOCKS[1])).tables["claim"]
    assert [c["id"] for c in claims] == ["table1-k40", "table1-k25"]
    kinds = {k.model_fields["kind"].annotation.__args__[0]: k for k in ClaimTable.__subclasses__()}
    found = [parse(kinds[c["kind"]], c) for c in claims]
    assert [(c.value, c.digits, c.margin) for c in found] == [(1.54, 2, 0.095), (1.35, 2, 0.095)]
    assert found[1].statement == "With k = 25 the error is 1.35 %."


@pytest.fixture
def project(tmp_path):
    """A project with the example as its only spec."""
    for name in ("ae", "datasets"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name in ("benchmarks", "reports"):
        (tmp_path / name).mkdir()
    (tmp_path / "reports" / "templates").symlink_to(ROOT / "reports" / "templates")
    (tmp_path / "benchmarks" / "first2008-dae.toml").write_text(BLOCKS[0], encoding="utf-8")
    return tmp_path


def test_the_example_is_a_sound_spec_of_some_forty_lines(project):
    assert check_all(Library.at(project)) == []
    lines = [line for line in BLOCKS[0].splitlines() if line.strip()]
    assert 35 <= len(lines) <= 45


def test_the_example_runs(project):
    command = [
        sys.executable,
        "-m",
        "ae",
        "run",
        "first2008-dae",
        "--tier",
        "smoke",
        "--device",
        "cpu",
        "--no-pdf",
        "--no-track",
    ]
    done = subprocess.run(
        command,
        cwd=project,
        env=os.environ | {"PYTHONPATH": PYTHONPATH, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record = read(project / "results" / "first2008-dae" / "smoke" / "record.json")
    assert [run.name for run in record.runs] == ["nu-0", "nu-25", "nu-50"]
    assert all(len(run.metrics["structure"]) == 2 for run in record.runs)


@pytest.mark.parametrize("folder", ["metrics", "figures"])
def test_the_table_of_what_a_model_needs_is_that_of_the_code(folder):
    """`python tests/spec/needs.py` prints the tables."""
    header = f"| methods of the model | {folder} |\n|---|---|\n"
    assert header + "\n".join(needs.rows(folder)) + "\n" in README


def test_what_is_needed_is_known_for_every_metric_and_figure_of_the_specs():
    tables = {folder: needs.table(folder) for folder in ("metrics", "figures")}
    assert tables["metrics"]["likelihood.nll"] == ["log_weights"]
    assert tables["metrics"]["probe.logistic_accuracy"] == ["encode"]
    assert tables["metrics"]["probe.logistic_error"] == ["{codes}"]
    assert tables["metrics"]["pieces.prior_gap"] == ["buffer concentration", "prior_code"]
    for path in SPECS:
        spec = read_spec(path)
        assert {m.function for m in spec.measure} <= set(tables["metrics"])
        assert {f.function for f in spec.figure} <= set(tables["figures"])


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_the_models_of_the_specs_have_what_their_measures_and_figures_need(path):
    """So that the tables name no method that nothing calls."""
    spec, source = read_spec(path), Source(ROOT)
    every = [cell for tier in spec.tier for cell in cells(spec, tier, where="x")]
    models = {cell.name: source.model(cell.model["class"]) for cell in every}
    tables = {**needs.table("metrics"), **needs.table("figures")}
    for found in (*spec.measure, *spec.figure):
        for method in tables[found.function]:
            named = found.arguments.get(method[1:-1]) if "{" in method else method
            wanted = named if isinstance(named, list) else [named or "encode"]
            for name in {*wanted} - SOMETIMES.get(found.function, set()):
                for run in models if found.runs == "all" else found.runs:
                    has = {*models[run].methods, *(models[run].attributes or ())}
                    known = name.partition(" ")[2].partition(".")[0] or name
                    assert known in has, (found.name, run, name)


def test_every_spec_has_a_row_of_what_is_claimed():
    rows = (ROOT / "docs" / "papers.md").read_text(encoding="utf-8").splitlines()
    named = [name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row.split(" | ")[0])]
    assert sorted(named) == sorted(path.stem for path in SPECS)
