"""`[default.claim]`: what claims share, said once; and every mistake where it was written."""

import tomllib

import author2014
import pytest
from author2014 import DEVIATION, TEXT

from ae.spec.concise.expand import expand

HEAD = TEXT[: TEXT.index("[[claim]]")]
TAIL = TEXT[TEXT.index(DEVIATION) :]
CLAIMS = """[default.claim]
status = "recalled"
tiers = ["paper"]
margin_reason = "half of the gap"
depends = []
kind.order = { margin = 0.2, looks = [3, 5] }
kind.exact = { status = "calculated" }

[[claim]]
id = "order-{run}"
kind = "order"
higher = "{run}"
lower = "k-25"
metric = "error"
source = "table 1"
statement = "25 is better than {run}."
columns = ["run", "tiers"]
rows = [["k-70", ["paper", "quick"]], ["k-40", ["paper"]]]

[[claim]]
id = "few-on"
kind = "exact"
control = true
run = "k-25"
metric = "sparsity"
value = 25
tolerance = 0
tolerance_reason = "a count"
source = "section 2"
statement = "At most 25 are on."
depends = "all"
looks = "once"

"""
KINDS = CLAIMS[CLAIMS.index("kind.order") : CLAIMS.index("\n\n[[claim]]")]


def changed(*changes):
    return HEAD + author2014.changed(CLAIMS, *changes) + TAIL


def problems(tmp_path, *changes):
    return author2014.problems(tmp_path, changed(*changes))


def test_a_claim_has_the_defaults_that_it_does_not_say_itself(tmp_path):
    assert problems(tmp_path) == []
    found = expand(tomllib.loads(changed()))
    first, second, exact = found.tables["claim"]
    assert "default" not in found.tables
    shared = {"status": "recalled", "depends": [], "margin": 0.2, "looks": [3, 5]}
    assert {key: first[key] for key in shared} == shared
    assert exact["status"] == "calculated"
    assert first["tiers"] == ["paper", "quick"]
    assert second["tiers"] == exact["tiers"] == ["paper"]
    assert first["depends"] is not second["depends"]


def test_a_claim_that_needs_no_default_says_so():
    exact = expand(tomllib.loads(changed())).tables["claim"][2]
    assert "depends" not in exact
    assert "looks" not in exact


def test_a_key_is_only_given_to_kinds_that_take_it():
    exact = expand(tomllib.loads(changed())).tables["claim"][2]
    assert "margin" not in exact
    assert "margin_reason" not in exact


def test_what_is_written_is_left_as_it_was():
    raw = tomllib.loads(changed())
    expand(raw)
    assert raw == tomllib.loads(changed())


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ('status = "recalled"', 'status = "red"', "[default.claim]: status: found 'red'; expected "),
        ("margin = 0.2,", "margin = -0.2,", "[default.claim.kind.order]: margin: found -0.2; expec"),
        ('tiers = ["paper"]', 'tier = ["paper"]', "[default.claim]: unknown key 'tier' (did you mean 'tiers'?)"),
        ('"recalled"', '"recalled"\nid = "a"', "[default.claim]: unknown key 'id'; it may hold "),
        ("kind.order", "kind.odder", "[default.claim.kind]: no kind 'odder' (did you mean 'order'?); there are value,"),
        ("looks = [3, 5]", "tolerance = 1", "[default.claim.kind.order]: unknown key 'tolerance'"),
        (KINDS, 'kind = "order"', "[default.claim]: kind: found 'order'; expected tables such as kind.v"),
        (KINDS, "kind.order = 3", "[default.claim.kind]: order: found 3; expected a table"),
        ("[default.claim]", "[default.run]", "[default]: unknown key 'run'; it may hold claim"),
        ("[default.claim]", "[[default]]", "default: found [a table]; expected a table [default.claim]"),
        ("[default.claim]", "[defaults.claim]", "unknown key 'defaults' (did you mean 'default'?)"),
        ('"half of the gap"', '"{run}"', "[default.claim]: margin_reason: found '{run}'; a default has no"),
        ("depends = []", "depends = []\nhalf_width = 1.0", "[default.claim]: half_width: no claim takes it"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_where_it_was_written(tmp_path, right, wrong, expected):
    found = problems(tmp_path, (right, wrong))
    assert found[0].startswith(expected)


def test_what_is_wrong_with_a_default_is_said_once(tmp_path):
    assert len(problems(tmp_path, ('status = "recalled"', 'status = "red"'))) == 1


def test_a_default_that_every_claim_says_otherwise_is_idle(tmp_path):
    exact = ("kind.exact", "# kind.exact"), ('"few-on"\n', '"few-on"\nstatus = "calculated"\n')
    own = ('source = "table 1"\n', 'source = "table 1"\nstatus = "printed"\n')
    assert problems(tmp_path, *exact, own) == [
        "[default.claim]: status: no claim takes it; leave it out"
    ]
