"""`ae run --budget`: a time is spent on claims; and the list of what that would be."""

import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, get_args

import click

from ae.errors import UserError

if TYPE_CHECKING:
    from ae.cli.session import Session
    from ae.running.budget import Item
    from ae.running.jobs import Job, PlannedPaper
    from ae.running.state import Request
    from ae.spec import Spec

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SPAN = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([smhd])\s*")
ROUND = 0.2  # of the budget, after which the order is made anew with what was learned
LAST = 10**9
KINDS = {"untrained": "no evidence"}  # kinds of evidence by another word
NOTHING = (
    "no claim is open: all of these are decided, have had their last look, or need other runs or "
    "seeds"
)
OVER = "the budget was over before a claim had all that it needs; what is trained is kept"


def budget_option(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> float | None:
    """`90m`, `3h` or `1h30m` -> seconds."""
    if text is None:
        return None
    found = SPAN.findall(text)
    if not found or "".join(f"{n}{u}" for n, u in found) != re.sub(r"\s", "", text):
        raise click.BadParameter(f"found {text!r}; expected a time such as 90m, 3h or 1h30m")
    return sum(float(number) * UNITS[unit] for number, unit in found)


class Prices:
    """The order in which claims are bought, of the papers that are planned so far.

    Args:
        requests: The papers, and what is wanted of each.
    """

    def __init__(self, requests: "Sequence[Request]") -> None:
        self._requests = {request.path.stem: request for request in requests}
        self._plans: dict[str, PlannedPaper] = {}
        self._specs: dict[str, Spec] = {}
        self._places: dict[tuple[str, str, int], int] | None = None

    def take(self, name: str, plan: "PlannedPaper") -> None:
        """Take note of a paper's plan."""
        self._plans[name] = plan
        self._places = None

    def items(self) -> "list[Item]":
        """The claims in the order in which to buy them."""
        from ae.running.budget import items, ordered

        specs = self.specs()
        found = [item for name, plan in self._plans.items() for item in items(specs[name], plan)]
        return ordered(found, self._costs())

    def specs(self) -> "dict[str, Spec]":
        """The specs of the planned papers."""
        from ae.spec.read import read_spec

        for name in self._plans.keys() - self._specs.keys():
            self._specs[name] = read_spec(self._requests[name].path)
        return {name: self._specs[name] for name in self._plans}

    def nothing(self) -> str:
        """Why none of the planned papers has anything to buy, in a line."""
        from ae.running.selection import chosen_claims
        from ae.spec import Claim, TierName

        asked, tiers = list[Claim](), set[str]()
        for name, spec in self.specs().items():
            settings = self._requests[name].settings
            chosen = chosen_claims(spec, settings.claims, name) if settings.claims else spec.claim
            asked, tiers = [*asked, *chosen], tiers | {settings.tier}
        there = {tier for claim in asked for tier in claim.tiers}
        if not there or there & tiers:
            return NOTHING
        only = ", ".join(tier for tier in get_args(TierName) if tier in there)
        return f"no claim is open: none is judged in tier {', '.join(tiers)}, only in {only}"

    def unspent(self, left_out: Iterable[str]) -> str:
        """Why a budget bought nothing, in a line; of papers that are not `left_out`."""
        unknown = len({*self._requests} - {*self._plans, *left_out})
        if unknown:
            some = f"{unknown} of {len(self._requests)} papers were"
            papers = "the paper was" if len(self._requests) == 1 else some
            return f"the budget was over before {papers} planned"
        return OVER if self.items() else f"the budget is not spent: {self.nothing()}"

    def _costs(self) -> dict[tuple[str, str, int], float]:
        return {
            (name, *member): stack.seconds / len(stack.members)
            for name, plan in self._plans.items()
            for stack in plan.stacks
            for member in stack.members
        }

    def __call__(self, job: "Job") -> int:
        """The place of a stack: that of the first claim that needs one of its members."""
        if self._places is None:
            self._places = {}
            for place, item in enumerate(self.items()):
                for run, seed in item.members:
                    self._places.setdefault((item.paper, run, seed), place)
        places = self._places
        return min((places.get((job.name, run, s), LAST) for run, s in job.stack), default=LAST)


def spend(
    requests: "Sequence[Request]",
    seconds: float,
    stop: Callable[[], bool],
    jobs: int | None,
    session: "Session",
) -> None:
    """Buy claims until the time is spent or nothing is left to buy.

    In rounds: when the next looks of all claims are there, those that are undecided look again. Where
    nothing was bought, a line says why.

    Raises:
        Interrupted: As `Suite.run`, and its other errors.
    """
    from dataclasses import replace

    from ae.running.suite import Suite

    end = time.monotonic() + seconds
    left = [replace(r, settings=r.settings.with_(spend=True)) for r in requests]
    prices = Prices(left)
    while left and time.monotonic() < end and not stop():
        prices = Prices(left)
        suite = Suite(left, stop, jobs=jobs, rank=prices, deadline=end)
        session.watch(suite, prices.take)
        trained = {paper.name for paper in suite.papers if paper.trained}
        again = [r for r in left if r.path.stem in trained]
        left = [replace(r, settings=r.settings.with_(fresh=False)) for r in again]
    if not session.paths and not stop():
        click.echo(prices.unspent(session.left))


def show_prices(prices: Prices, cores: int) -> None:
    """Print the claims in the order in which they would be bought."""
    from rich.console import Console
    from rich.table import Table

    if not (items := prices.items()):
        click.echo(prices.nothing())
        return
    where = f"{cores} core{'' if cores == 1 else 's'}"
    table = Table(title=f"claims, in the order in which a budget buys them, on {where}")
    for name in ("paper", "claim", "target", "kind"):
        table.add_column(name, overflow="fold")
    for name in ("there", "missing", "hours", "in all"):
        table.add_column(name, justify="right")
    spent = 0.0
    for item in items:
        hours = item.seconds / 3600 / cores
        spent += hours
        table.add_row(
            item.paper,
            item.claim,
            item.target,
            KINDS.get(item.evidence, item.evidence),
            str(item.there),
            str(len(item.members)),
            f"{hours:.2f}",
            f"{spent:.2f}",
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def check_budget(seconds: float | None, only_plan: bool, executor: str) -> None:
    """Refuse what cannot be meant.

    Raises:
        UserError: A budget with another executor, or with a plan.
    """
    if seconds is not None and executor != "local":
        raise UserError("--budget is for --executor local")
    if seconds is not None and only_plan:
        raise UserError(
            "--budget: --plan spends nothing; leave one of them out: --plan alone shows what a budget "
            "buys, in which order and for which hours"
        )
