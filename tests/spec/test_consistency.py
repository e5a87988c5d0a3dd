"""What the tables of a spec must agree on where log likelihoods are measured."""

import re

import pytest
from author2014 import TEXT

from ae.spec.read import inspect_spec

NLL = {
    'function = "probe.error"\nlabel = "Error"': (
        'function = "likelihood.nll"\nlabel = "-log p(x), 5,000 samples"'
    ),
    'better = "lower"\nsplit = "test"': 'split = "test"\nexamples = 100\nsamples = 5000',
    'unit = "%"\n': "",
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


TESTED = [
    ('{ name = "mnist" }', "on data set 'digits'", "on 'mnist'", "one data set"),
    ('{ test = "valid" }', "tested on the split 'test'", "on 'valid'", "one test split"),
    ("{ test_limit = 100 }", "tested on all images", "on 100", "one test_limit"),
]


@pytest.mark.parametrize(("data", "mine", "theirs", "expected"), TESTED)
def test_runs_are_compared_on_the_same_test_images(tmp_path, data, mine, theirs, expected):
    """Of any measure: the difference would be one of the images."""
    found = problems(tmp_path, ('name = "k-40"\nlabel', f'name = "k-40"\ndata = {data}\nlabel'))
    assert found == [
        f"spec.toml: [[claim]] {claim!r}: tiers: in 'paper' run 'k-25' is {mine} and run 'k-40' {theirs}: "
        f"their 'error' cannot be compared; expected runs on {expected}"
        for claim in ("equal", "trend")
    ]


def test_other_training_images_may_be_compared(tmp_path):
    """That is what a learning curve does."""
    assert (
        problems(tmp_path, ('name = "k-40"\nlabel', 'name = "k-40"\ndata.limit = 9\nlabel')) == []
    )


def test_a_mean_may_be_pooled_over_data_sets_but_no_likelihood(tmp_path):
    alone = ('name = "pca"\nlabel', 'name = "pca"\ndata = { name = "mnist" }\nlabel')
    runs = ('groups = [["k-25", "k-40"], ["k-70"]]', 'groups = [["k-25"], ["pca"]]')
    assert pooled(tmp_path, alone, runs) == []
    (line,) = pooled(tmp_path, *NLL.items(), alone, runs)
    assert "their 'error' cannot be compared; expected runs on one data set" in line


def test_the_last_override_of_the_data_counts(tmp_path):
    own = "[tier.quick.run.k-70]\ndata = { name = 'mnist-static' }\n"
    changes = (*NLL.items(), ("[tier.quick.run.k-70]\n", own))
    found = problems(tmp_path, *changes, on_other_data("k-70", "mnist"))
    quick = [line for line in found if "in 'quick'" in line]
    assert quick
    on = r"'k-70' (is )?on (data set )?"
    assert all(re.search(f"{on}'mnist-static'", line) for line in quick)
    assert all(re.search(f"{on}'mnist'", line) for line in found if line not in quick)


@pytest.mark.parametrize(
    "label", ["-log p(x)", "-log p(x), 500 samples", "-log p(x), 50000 samples"]
)
def test_a_label_names_the_number_of_samples(tmp_path, label):
    changes = {k: v.replace("-log p(x), 5,000 samples", label) for k, v in NLL.items()}
    assert problems(tmp_path, *changes.items()) == [
        f"spec.toml: [measure.error]: label: found {label!r}; expected it to name the 5000 samples"
    ]


def matched(**arguments):
    """A measure of other measures, put before the first figure."""
    written = ", ".join(f"{key} = {value}" for key, value in arguments.items())
    line = f'{{ function = "matched.advantage", unit = "", tiers = ["paper"], {written} }}'
    return "[[figure]]", f"[measure]\nahead = {line}\n\n[[figure]]"


RIGHT = {"metric": '"error"', "at": '"error"', "curve": '["k-25", "k-40"]'}


def test_a_measure_of_measures_names_runs_and_what_was_measured_before(tmp_path):
    assert problems(tmp_path, matched(**RIGHT)) == []
    place = "spec.toml: [measure.ahead]"
    (found,) = problems(tmp_path, matched(**RIGHT | {"metric": '"eror"'}))
    assert found.startswith(f"{place}: metric: no measure before it 'eror'")
    (found,) = problems(tmp_path, matched(**RIGHT | {"at": '"ahead"'}))
    assert found.startswith(f"{place}: at: no measure before it 'ahead'")
    (found,) = problems(tmp_path, matched(**RIGHT | {"curve": '["k-25", "k-4"]'}))
    assert found.startswith(f"{place}: curve: no run 'k-4'")


def test_a_measure_of_measures_looks_where_they_are_taken(tmp_path):
    only = ("[measure.error]\n", '[measure.error]\nruns = ["k-25"]\ntiers = ["quick"]\n')
    found = problems(tmp_path, matched(**RIGHT), only)
    place = "spec.toml: [measure.ahead]"
    assert any(f.startswith(f"{place}: metric: 'error' is not measured on run 'k-") for f in found)
    assert f"{place}: at: 'error' is not taken in tier 'paper'" in found


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
tiers = ["paper"]

[[deviation]]
"""


def pooled(tmp_path, *changes):
    return problems(tmp_path, ("[[deviation]]\n", POOLED), *changes)


def test_a_pooled_claim_may_be_made(tmp_path):
    assert pooled(tmp_path) == []


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("looks = [3, 5, 10]\ndepends = []", ""),
        ("looks = [3, 3]", "looks: found [3, 3]; expected numbers that rise"),
        ("looks = []", "looks: "),
        ("looks = [0, 3]", "looks"),
        ('depends = ["table1-k25"]', "depends: no control 'table1-k25'"),
        ("control = true\ndepends = []", "depends: a control rests on no other; leave it out"),
    ],
)
def test_looks_and_controls_of_a_claim_are_checked(tmp_path, keys, expected):
    found = pooled(tmp_path, ('kind = "pooled"', f'kind = "pooled"\n{keys}'))
    assert any(expected in line for line in found) if expected else not found, found


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ('[["k-25", "k-40"], ["k-70"]]', '[["k-25"]]', "groups: found 1; 'explained' needs at lea"),
        ('["k-70"]]', '["k-25"]]', "run 'k-25' is given 2 times"),
        ('["k-70"]]', '["k-7"]]', "no run 'k-7'"),
        ("sense =", 'others = ["sparsity"]\nsense =', "others: found ['sparsity']; expected"),
        ('"explained"', '"correlation"', "others: found []; expected one metric or more with"),
        ('"explained"', '"correlation"\nothers = ["error"]', "'error', the claim's own metric"),
        ('"explained"', '"correlation"\nothers = ["speed"]', "no measure 'speed'"),
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
        ("[tier.smoke.measure.erro]\nsplit = 'train'", "no measure 'erro'"),
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
    assert found.endswith("samples: an estimate's size is in its label; add a measure")


def drawn(function, **arguments):
    """A figure of measures in the place of the spec's own arguments, put before the first run."""
    written = "\n".join(f"{key} = {value}" for key, value in arguments.items())
    table = (
        f'[[figure]]\nname = "measures"\nfunction = "{function}"\ntitle = "Measures"\n'
        f'caption = ""\npaper = ""\nruns = ["k-25", "k-40"]\n{written}\n'
    )
    return "[[run]]", f"{table}\n[[run]]"


SHOWN = {"metric": '"error"', "at": '"error"', "lines": '[["k-25"], ["k-40"]]'}


def test_a_figure_of_measures_names_measures_and_its_own_runs(tmp_path):
    assert problems(tmp_path, drawn("tradeoff.scatter", **SHOWN)) == []
    place = "spec.toml: [[figure]] 'measures'"
    (found,) = problems(tmp_path, drawn("tradeoff.scatter", **SHOWN | {"metric": '"eror"'}))
    assert found.startswith(f"{place}: metric: no measure 'eror'")
    (found,) = problems(tmp_path, drawn("tradeoff.scatter", **SHOWN | {"lines": '[["k-70"]]'}))
    assert found.startswith(f"{place}: lines: no run of the figure 'k-70'")
    (found,) = problems(tmp_path, drawn("study.agreement", measures='["error", "b"]'))
    assert found.startswith(f"{place}: measures: no measure 'b'")
    assert problems(tmp_path, drawn("tradeoff.scatter", metric="1", lines="2")) == []  # of no kind


def test_a_figure_of_measures_looks_where_they_are_taken(tmp_path):
    only = ("[measure.error]\n", '[measure.error]\nruns = ["k-25"]\ntiers = ["quick"]\n')
    found = problems(tmp_path, drawn("tradeoff.scatter", **SHOWN), only)
    place = "spec.toml: [[figure]] 'measures'"
    assert f"{place}: metric: 'error' is not measured on run 'k-40'" in found
    assert f"{place}: at: 'error' is not taken in tier 'paper'" in found


def test_what_a_measure_looks_at_may_be_of_any_type(tmp_path):
    (found,) = problems(tmp_path, matched(**RIGHT | {"metric": '["error"]'}))
    assert "metric: no measure before it" in found


def claims(**keys):
    """The keys, put into the claim 'trend' of the spec."""
    return 'kind = "trend"\n', 'kind = "trend"\n' + "".join(f"{k} = {v}\n" for k, v in keys.items())


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"looks": "[3, 5, 10]", "depends": '["exact"]', "material": "0.25"}, None),
        ({"depends": "[]"}, None),  # rests on no control
        ({"looks": "[3]"}, "looks: found [3]; expected a list of two or more numbers of seeds"),
        ({"looks": "[5, 3]"}, "looks: found [5, 3]; expected numbers that rise"),
        ({"looks": "[3, 3]"}, "looks: found [3, 3]; expected numbers that rise"),
        ({"looks": "[0, 3]"}, "looks: found [0, 3]; expected a list of two or more numbers of"),
        ({"material": "0"}, "material: found 0; expected a number above 0, at most 1"),
        ({"material": "1.5"}, "material: found 1.5; expected a number above 0, at most 1"),
        (
            {"depends": '["exat"]'},
            "depends: no control 'exat' (did you mean 'exact'?); there are exact",
        ),
        ({"depends": '["order"]'}, "depends: claim 'order' is no control; there are exact"),
    ],
)
def test_looks_rise_shares_are_shares_and_claims_rest_on_controls(tmp_path, keys, expected):
    found = problems(tmp_path, claims(**keys))
    if expected is None:
        assert found == []
    else:
        (line,) = found
        assert line.startswith(f"spec.toml: [[claim]] 'trend': {expected}")


WHY = 'untrained = "so it begins"\n'


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("trend", "", None),
        (
            "trend",
            "primary = true\n",
            "primary: found true; a claim that an untrained model meets is",
        ),
        ("value", "", "untrained: a published number is what training gives; an untrained model"),
        ("figure", "", "untrained: a published number is what training gives; an untrained model"),
        ("exact", "", "untrained: a control is no evidence of training anyway; leave it out"),
    ],
)
def test_what_an_untrained_model_meets_is_no_evidence(tmp_path, kind, more, expected):
    given = f'kind = "{kind}"\n'
    found = problems(tmp_path, (given, given + WHY + more), ("primary = true\ntiers", "tiers"))
    if expected is None:
        assert found == []
    else:
        (line,) = found
        assert f": {expected}" in line


def test_a_reason_is_not_empty(tmp_path):
    (line,) = problems(tmp_path, claims(untrained='" "'))
    assert "untrained: found ' '; expected a string that is not empty" in line


def test_a_kind_takes_only_the_keys_that_make_sense_for_it(tmp_path):
    (line,) = problems(tmp_path, ('kind = "equal"\n', 'kind = "equal"\nmaterial = 0.5\n'))
    assert "[[claim]] 'equal': unknown key 'material'" in line
    (line,) = problems(tmp_path, ('kind = "exact"\n', 'kind = "exact"\nlooks = [3, 5]\n'))
    assert "[[claim]] 'exact': looks: an exact claim holds for every seed" in line


def test_a_control_rests_on_nothing(tmp_path):
    (line,) = problems(tmp_path, ("control = true\n", 'control = true\ndepends = ["exact"]\n'))
    assert (
        line == "spec.toml: [[claim]] 'exact': depends: a control rests on no other; leave it out"
    )


@pytest.mark.parametrize("status", ["recalled", "calculated"])
def test_what_was_not_read_is_never_primary(tmp_path, status):
    change = 'status = "printed"\nprimary = true', f'status = "{status}"\nprimary = true'
    (line,) = problems(tmp_path, change)
    assert line.endswith(f"primary: found true; a claim of status '{status}' is never primary")


def test_the_status_of_earlier_records_is_no_status_of_a_spec(tmp_path):
    (line,) = problems(tmp_path, ('status = "printed"', 'status = "read"'))
    assert "[[claim]] 'value-25': status: found 'read'; expected 'printed' (in the paper" in line


SIZES = [
    ('printed = "1.35"', 'printed = "135.5"', "value-25", "printed: found 135.5; expected 0 to 100, for 'error' is in %; a ratio or a difference has a unit of its own"),
    ("margin = 0.2\nmargin_reason = \"half the gap to the next row\"", "margin = 100.0\nmargin_reason = \"wide\"", "value-25", "margin: found 100; expected less than 100, for 'error' is in %"),
    ("readings = [13.0, 13.2]", "readings = [13.0, 113.2]", "read-off", "readings: found 113.2; expected 0 to 100, for 'error' is in %"),
    ("margin = 0.5\n", "margin = 150\n", "read-off", "margin: found 150; expected less than 100"),
    ('higher = "k-70"', 'higher = "k-70"\ngap = 120.0', "order", "gap: found 120; expected less than 100"),
    ('printed = "1.35"', 'printed = "1.3"', "value-25", None),
    ('printed = "1.35"', 'printed = "1"', "value-25", "margin: found 0.2; expected at least 0.5, half of the last digit of the printed 1"),
    ('printed = "1.35"', 'printed = "1.35"\ncounted = true', "value-25", "printed: found 1.35; expected a whole number: it is counted"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "claim", "expected"), SIZES)
def test_the_numbers_of_a_claim_lie_where_its_metric_does(tmp_path, right, wrong, claim, expected):
    found = problems(tmp_path, (right, wrong))
    if expected is None:
        assert found == []
    else:
        assert len(found) == 1
        assert found[0].startswith(f"spec.toml: [[claim]] {claim!r}: {expected}")


@pytest.mark.parametrize(("margin", "sound"), [("0.005", True), ("0.0049999", False)])
def test_a_margin_is_no_finer_than_what_is_printed(tmp_path, margin, sound):
    """Half of the last digit of 1.35 is 0.005, by decimal arithmetic: at the edge it is right."""
    right = 'margin = 0.2\nmargin_reason = "half the gap to the next row"'
    found = problems(tmp_path, (right, right.replace("0.2", margin)))
    assert (found == []) is sound


@pytest.mark.parametrize(
    ("statistic", "bound", "expected"),
    [
        ("explained", 150.0, "bound: found 150; expected 0 to 100, for 'explained' is in %"),
        ("dominance", -1.0, "bound: found -1; expected 0 to 100, for 'dominance' is in %"),
        ("mean", 150.0, "bound: found 150; expected 0 to 100, for 'error' is in %"),
        ("mean", 100.0, None),
        ("dominance", 75.0, None),
    ],
)
def test_a_bound_lies_where_its_statistic_does(tmp_path, statistic, bound, expected):
    own = ('statistic = "explained"', f'statistic = "{statistic}"')
    found = pooled(tmp_path, own, ("bound = 50.0", f"bound = {bound}"))
    lines = [line.removeprefix("spec.toml: [[claim]] 'pooled': ") for line in found]
    assert lines == [] if expected is None else lines[0].startswith(expected)
    assert len(lines) <= 1


def test_a_correlation_is_at_most_1(tmp_path):
    own = (
        ('statistic = "explained"', 'statistic = "correlation"\nothers = ["sparsity"]'),
        ('groups = [["k-25", "k-40"], ["k-70"]]', 'groups = [["k-25", "k-40", "k-70"]]'),
    )
    assert pooled(tmp_path, *own, ("bound = 50.0", "bound = 0.5")) == []
    (line,) = pooled(tmp_path, *own, ("bound = 50.0", "bound = 1.5"))
    assert line.endswith("bound: found 1.5; expected -1 to 1, for it is a correlation")


def test_a_number_without_a_known_range_may_be_anything(tmp_path):
    nats = ('unit = "%"', 'unit = "nats"')
    assert problems(tmp_path, nats, ('printed = "1.35"', 'printed = "135.5"')) == []
    assert problems(tmp_path, nats, ("margin = 0.5\n", "margin = 150\n")) == []
