"""What a budget says where it buys nothing, and the list of what it would buy."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from command import ALONE, ae
from project import make, write

from ae.cli.spend import NOTHING, OVER, Prices, show_prices
from ae.running.jobs import PlannedPaper, PlannedStack

TINY = Path(__file__).parents[1] / "tiny2020-dae.toml"


def test_a_tier_that_tests_no_claim_is_said_by_budget_and_plan(tmp_path):
    """The budget said nothing at all, the plan that all of the claims are decided."""
    project = make(tmp_path, tiers='["paper"]')
    said = "no claim is open: none is judged in tier smoke, only in paper"
    code, out, _ = ae(project, *ALONE, "--budget", "5m")
    assert (code, out.splitlines()) == (0, [f"the budget is not spent: {said}"])
    code, out, _ = ae(project, *ALONE, "--plan")
    assert (code, out.splitlines()[-1]) == (0, said)


def test_where_all_is_there_a_budget_says_so_and_does_not_before(tmp_path):
    project = make(tmp_path)
    code, out, _ = ae(project, *ALONE, "--budget", "5m")
    assert (code, "noise-hurts" in out, "budget" in out) == (0, True, False)
    code, out, _ = ae(project, *ALONE, "--budget", "5m")
    assert (code, out.splitlines()) == (0, [f"the budget is not spent: {NOTHING}"])


def test_a_budget_too_short_for_a_plan_says_so(tmp_path):
    code, out, _ = ae(make(tmp_path), *ALONE, "--budget", "0s")
    assert code == 0
    assert out.splitlines() == ["the budget was over before the paper was planned"]


def wanted(path, **asked):
    return SimpleNamespace(path=path, settings=SimpleNamespace(tier="smoke", claims=(), **asked))


def plan(path, needs=()):
    stack = PlannedStack((("plain", 0),), 100.0, 100, None, 0.0)
    known = {"noise-hurts": tuple(needs)} if needs else {}
    return PlannedPaper(path, (stack,), {}, done=False, conclude=0.0, needs=known)


def test_what_was_not_planned_and_what_was_not_finished_are_told_apart():
    """A paper that is left out has said so itself."""
    prices = Prices([wanted(TINY), wanted(TINY.with_name("b.toml"))])
    assert prices.unspent([]) == "the budget was over before 2 of 2 papers were planned"
    prices.take(TINY.stem, plan(TINY, [("plain", 0)]))
    assert prices.unspent([]) == "the budget was over before 1 of 2 papers were planned"
    assert prices.unspent(["b"]) == OVER


@pytest.mark.parametrize(("claims", "said"), [(("loud",), "only in paper"), ((), NOTHING)])
def test_only_claims_that_were_asked_for_are_looked_at(tmp_path, claims, said):
    path = write(make(tmp_path))
    text = path.read_text()
    own = text[text.index("[[claim]]") : text.index("[[deviation]]")]
    other = own.replace("noise-hurts", "loud").replace('["paper", "quick", "smoke"]', '["paper"]')
    path.write_text(text.replace(own, own + other))
    request = wanted(path)
    request.settings.claims = claims
    prices = Prices([request])
    prices.take(path.stem, plan(path))
    assert prices.nothing().endswith(said)


@pytest.mark.parametrize(("cores", "said"), [(1, "on 1 core"), (2, "on 2 cores")])
def test_hours_are_added_up_in_as_many_digits_as_they_have(capsys, cores, said):
    """The sum of 0.03 hours was shown as 0.0."""
    prices = Prices([wanted(TINY)])
    prices.take(TINY.stem, plan(TINY, [("plain", 0)]))
    show_prices(prices, cores)
    out = capsys.readouterr().out
    assert said in " ".join(out.split())
    assert (said + "s" in " ".join(out.split())) is False
    assert out.count({1: "0.03", 2: "0.01"}[cores]) == 2
