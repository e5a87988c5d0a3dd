"""Claims and figures like another: what they take of it, and every mistake where it was written."""

import tomllib

import author2014
import pytest
from author2014 import DEVIATION, ORDERS, TEXT

from ae.spec.concise.expand import expand

LIKE = """[[claim]]
like = "order-{run}"
id = "order-{run}-2"
margin = 0.3
source = "table 2"

[[claim]]
like = "order-{run}-2"
id = "wide-{run}"
margin = 0.4
rows = [["k-70", ["paper", "quick"]]]

[[figure]]
like = "filters"
name = "more-filters"
rows = 8

"""


def changed(*changes):
    return author2014.changed(TEXT.replace(DEVIATION, ORDERS + LIKE + DEVIATION, 1), *changes)


def problems(tmp_path, *changes):
    return author2014.problems(tmp_path, changed(*changes))


def test_a_claim_takes_every_key_but_those_that_it_gives_itself():
    found = expand(tomllib.loads(changed()))
    assert found.faults == []
    claims = {claim["id"]: claim for claim in found.tables["claim"]}
    first, again, wide = (claims[n] for n in ("order-k-40", "order-k-40-2", "wide-k-70"))
    assert again == first | {"id": "order-k-40-2", "margin": 0.3, "source": "table 2"}
    assert "wide-k-40" not in claims
    assert wide == claims["order-k-70-2"] | {"id": "wide-k-70", "margin": 0.4}
    assert again["tiers"] is not wide["tiers"]


def test_a_figure_takes_the_arguments_too():
    first, again = expand(tomllib.loads(changed())).tables["figure"]
    assert again["arguments"] == first["arguments"] | {"rows": 8}
    own = {"name": "more-filters", "arguments": again["arguments"]}
    assert again == first | own


def test_the_spec_is_sound_and_its_text_is_left_as_it_was(tmp_path):
    assert problems(tmp_path) == []
    raw = tomllib.loads(changed())
    expand(raw)
    assert raw == tomllib.loads(changed())


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (
            'like = "order-{run}"\n',
            'like = "oder-{run}"\n',
            (
                "[[claim]] 'order-{run}-2': like: no claim above 'oder-{run}' (did you mean "
                "'order-{run}'?); there are "
            ),
        ),
        (
            'like = "order-{run}"\n',
            'like = "wide-{run}"\n',
            "[[claim]] 'order-{run}-2': like: no claim above 'wide-{run}'",
        ),
        (
            'like = "filters"',
            "like = 3",
            "[[figure]] 'more-filters': like: found 3; expected the name of a figure above",
        ),
        (
            "margin = 0.3",
            "margin = -0.3",
            "[[claim]] 'order-{run}-2': margin: found -0.3; expected a number above 0",
        ),
        (
            '\nrows = [["k-70", ["paper", "quick"]]]',
            '\nrows = [["k-7O", ["paper", "quick"]]]',
            "[[claim]] 'wide-{run}': rows[0]: higher: no run 'k-7O' (did you mean 'k-70'?)",
        ),
    ],
)
def test_a_mistake_is_named_where_it_was_written(tmp_path, right, wrong, expected):
    (found, *_) = problems(tmp_path, (right, wrong))
    assert found.startswith(expected)


def test_what_is_wrong_with_both_is_said_of_the_first(tmp_path):
    own = ('margin_reason = "half the gap"\nsource', 'margin_reason = ""\nsource')
    assert problems(tmp_path, own) == [
        "[[claim]] 'order-{run}': margin_reason: found ''; expected a string that is not empty"
    ]
