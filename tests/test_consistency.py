"""What the tables of a spec must agree on where log likelihoods are measured."""

from pathlib import Path

import pytest

from ae.read import inspect_spec

TEXT = (Path(__file__).parent / "author2014-model.toml").read_text(encoding="utf-8")
NLL = {
    'function = "probe.error"\nlabel = "Error"': (
        'function = "likelihood.nll"\nlabel = "-log p(x), 5,000 samples"'
    ),
    'arguments = { split = "test" }': (
        'arguments = { split = "test", examples = 100, samples = 5000 }'
    ),
}


def problems(tmp_path, *changes):
    text = TEXT
    for right, wrong in changes:
        assert right in text
        text = text.replace(right, wrong, 1)
    path = tmp_path / "spec.toml"
    path.write_text(text, encoding="utf-8")
    return inspect_spec(path, "spec.toml")[1]


def on_other_data(run, name):
    return f'name = "{run}"\nlabel', f'name = "{run}"\ndata = {{ name = "{name}" }}\nlabel'


def test_likelihoods_on_one_data_set_are_compared(tmp_path):
    assert problems(tmp_path, *NLL.items()) == []


def test_likelihoods_on_two_binarisations_are_not_compared(tmp_path):
    found = problems(tmp_path, *NLL.items(), on_other_data("k-40", "mnist-dynamic"))
    assert found
    assert (
        "run 'k-25' is on data set 'digits' and run 'k-40' on 'mnist-dynamic': their 'error' cannot "
        "be compared; expected runs on one data set"
    ) in found[0]
    kinds = {line.partition("'")[2].partition("'")[0] for line in found}
    assert len(kinds) >= 2  # more than one kind of claim


def test_other_measures_may_be_compared_across_data(tmp_path):
    assert problems(tmp_path, on_other_data("k-40", "mnist-dynamic")) == []
    counted = {
        right: wrong.replace("likelihood.nll", "likelihood.active_units")
        for right, wrong in NLL.items()
    }
    assert problems(tmp_path, *counted.items(), on_other_data("k-40", "mnist-dynamic")) == []


def test_the_last_override_of_the_data_counts(tmp_path):
    own = "[tier.quick.run.k-70]\ndata = { name = 'mnist-static' }\n"
    changes = (*NLL.items(), ("[tier.quick.run.k-70]\n", own))
    found = problems(tmp_path, *changes, on_other_data("k-70", "mnist"))
    quick = [line for line in found if "in 'quick'" in line]
    assert quick
    assert all("'k-70' on 'mnist-static'" in line for line in quick)
    assert all("'k-70' on 'mnist':" in line for line in found if line not in quick)


@pytest.mark.parametrize(
    "label", ["-log p(x)", "-log p(x), 500 samples", "-log p(x), 50000 samples"]
)
def test_a_label_names_the_number_of_samples(tmp_path, label):
    changes = {k: v.replace("-log p(x), 5,000 samples", label) for k, v in NLL.items()}
    assert problems(tmp_path, *changes.items()) == [
        f"spec.toml: [[measure]] 'error': label: found {label!r}; expected it to name the 5000 samples"
    ]


def matched(**arguments):
    """A measure of other measures, put before the first run."""
    written = ", ".join(f"{key} = {value}" for key, value in arguments.items())
    table = (
        '[[measure]]\nname = "ahead"\nfunction = "matched.advantage"\nlabel = "Ahead"\nunit = ""\n'
        f'direction = "higher"\ntiers = ["paper"]\narguments = {{ {written} }}\n'
    )
    return "[[run]]", f"{table}\n[[run]]"


RIGHT = {"metric": '"error"', "at": '"error"', "curve": '["k-25", "k-40"]'}


def test_a_measure_of_measures_names_runs_and_what_was_measured_before(tmp_path):
    assert problems(tmp_path, matched(**RIGHT)) == []
    place = "spec.toml: [[measure]] 'ahead': arguments"
    (found,) = problems(tmp_path, matched(**RIGHT | {"metric": '"eror"'}))
    assert found.startswith(f"{place}.metric: no [[measure]] before it 'eror'")
    (found,) = problems(tmp_path, matched(**RIGHT | {"at": '"ahead"'}))
    assert found.startswith(f"{place}.at: no [[measure]] before it 'ahead'")
    (found,) = problems(tmp_path, matched(**RIGHT | {"curve": '["k-25", "k-4"]'}))
    assert found.startswith(f"{place}.curve: no run 'k-4'")


def test_a_measure_of_measures_looks_where_they_are_taken(tmp_path):
    only = ('name = "error"\n', 'name = "error"\nruns = ["k-25"]\ntiers = ["quick"]\n')
    found = problems(tmp_path, matched(**RIGHT), only)
    place = "spec.toml: [[measure]] 'ahead': arguments"
    assert any(f.startswith(f"{place}.metric: 'error' is not measured on run 'k-") for f in found)
    assert f"{place}.at: 'error' is not taken in tier 'paper'" in found


POOLED = """
[[claim]]
id = "pooled"
statement = "Half of the variance is theirs."
kind = "pooled"
metric = "error"
statistic = "explained"
groups = [["k-25", "k-40"], ["k-70"]]
sense = "above"
bound = 50.0
bound_reason = "half"
source = "table 1"
status = "recalled"
primary = false
tiers = ["paper"]

[[deviation]]
"""


def pooled(tmp_path, *changes):
    return problems(tmp_path, ("[[deviation]]\n", POOLED), *changes)


def test_a_pooled_claim_may_be_made(tmp_path):
    assert pooled(tmp_path) == []


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ('[["k-25", "k-40"], ["k-70"]]', '[["k-25"]]', "groups: found 1; 'explained' needs at lea"),
        ('["k-70"]]', '["k-25"]]', "run 'k-25' is given 2 times"),
        ('["k-70"]]', '["k-7"]]', "no run 'k-7'"),
        ("sense =", 'others = ["sparsity"]\nsense =', "others: found ['sparsity']; expected"),
        ('"explained"', '"correlation"', "others: found []; expected one metric or more with"),
        ('"explained"', '"correlation"\nothers = ["error"]', "'error', the claim's own metric"),
        ('"explained"', '"correlation"\nothers = ["speed"]', "no [[measure]] 'speed'"),
    ],
)
def test_a_pooled_claim_that_cannot_be_judged_is_named(tmp_path, right, wrong, expected):
    head, sign, tail = POOLED.rpartition(right)
    assert sign
    found = problems(tmp_path, ("[[deviation]]\n", head + wrong + tail))
    assert any(expected in line for line in found), found


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("[tier.smoke.measure.error]\nsplit = 'train'", None),
        ("[tier.smoke.measure.erro]\nsplit = 'train'", "no [[measure]] 'erro'"),
        ("[tier.smoke.measure.error]\nsplt = 'train'", "unknown key 'splt'"),
    ],
)
def test_a_tier_changes_arguments_that_are_there(tmp_path, table, expected):
    found = problems(tmp_path, ("[tier.smoke]\n", f"{table}\n\n[tier.smoke]\n"))
    assert (
        found == [] if expected is None else (expected in found[0] and "[tier.smoke.me" in found[0])
    )


def test_a_tier_changes_no_size_that_a_label_says(tmp_path):
    table = "[tier.smoke.measure.error]\nsamples = 5\n\n[tier.smoke]\n"
    (found,) = problems(tmp_path, *NLL.items(), ("[tier.smoke]\n", table))
    assert found.endswith("samples: an estimate's size is in its label; add a [[measure]]")


def drawn(function, **arguments):
    """A figure of measures in the place of the spec's own arguments, put before the first run."""
    written = ", ".join(f"{key} = {value}" for key, value in arguments.items())
    table = (
        f'[[figure]]\nname = "measures"\nfunction = "{function}"\ntitle = "Measures"\n'
        f'caption = ""\npaper = ""\nruns = ["k-25", "k-40"]\narguments = {{ {written} }}\n'
    )
    return "[[run]]", f"{table}\n[[run]]"


SHOWN = {"metric": '"error"', "at": '"error"', "lines": '[["k-25"], ["k-40"]]'}


def test_a_figure_of_measures_names_measures_and_its_own_runs(tmp_path):
    assert problems(tmp_path, drawn("tradeoff.scatter", **SHOWN)) == []
    place = "spec.toml: [[figure]] 'measures': arguments"
    (found,) = problems(tmp_path, drawn("tradeoff.scatter", **SHOWN | {"metric": '"eror"'}))
    assert found.startswith(f"{place}.metric: no [[measure]] 'eror'")
    (found,) = problems(tmp_path, drawn("tradeoff.scatter", **SHOWN | {"lines": '[["k-70"]]'}))
    assert found.startswith(f"{place}.lines: no run of the figure 'k-70'")
    (found,) = problems(tmp_path, drawn("study.agreement", measures='["error", "b"]'))
    assert found.startswith(f"{place}.measures: no [[measure]] 'b'")
    assert problems(tmp_path, drawn("tradeoff.scatter", metric="1", lines="2")) == []  # of no kind


def test_a_figure_of_measures_looks_where_they_are_taken(tmp_path):
    only = ('name = "error"\n', 'name = "error"\nruns = ["k-25"]\ntiers = ["quick"]\n')
    found = problems(tmp_path, drawn("tradeoff.scatter", **SHOWN), only)
    place = "spec.toml: [[figure]] 'measures': arguments"
    assert f"{place}.metric: 'error' is not measured on run 'k-40'" in found
    assert f"{place}.at: 'error' is not taken in tier 'paper'" in found


def test_what_a_measure_looks_at_may_be_of_any_type(tmp_path):
    (found,) = problems(tmp_path, matched(**RIGHT | {"metric": '["error"]'}))
    assert "arguments.metric: no [[measure]] before it" in found
