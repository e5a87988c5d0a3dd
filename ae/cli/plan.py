"""`ae run --plan`: what would be trained, and what is there."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from ae.cli.progress import lasting
from ae.cli.spend import Prices, show_prices
from ae.errors import MissingData, OutsideError

if TYPE_CHECKING:
    from ae.running.happening import LeftOut
    from ae.running.jobs import PlannedPaper, PlannedStack
    from ae.running.settings import Settings
    from ae.running.state import Request
    from ae.running.suite import Suite


def find_requests(names: Sequence[str], settings: "Settings") -> "list[Request]":
    """The specs of these names, all if there are none; each checked before any is run.

    Raises:
        UserError: One is wrong, or a change of a trial does not fit one.
    """
    from ae.check import check_spec
    from ae.running.selection import cells_with, changed
    from ae.running.state import Request

    library = settings.library
    paths = [library.spec(name) for name in names] if names else library.specs()
    tier, changes = settings.tier, settings.changes
    for path in paths:
        spec = check_spec(path, library)
        if changes:
            cells_with(changed(spec, tier, changes), tier, changes, path.name)
    return [Request(path, settings) for path in paths]


def show_plan(requests: "Sequence[Request]", suite: "Suite", *, strict: bool) -> None:
    """Print what would be trained, in how many steps, memory and time, and what is there.

    Then the claims, in the order in which a budget would buy them, also of what is left if papers had
    to be left out.

    Raises:
        MissingData: Where it is `strict`, a paper's data are not at hand.
        OutsideError: A paper was left out for another reason.
    """
    from ae.running.happening import LeftOut, Planned
    from ae.running.pool import how_many

    prices, left = Prices(requests), list[LeftOut]()
    failed: OutsideError | None = None
    try:
        for happened in suite.run():
            if isinstance(happened, LeftOut):
                why = why_left_out(happened, left)
                click.echo(f"ae: {happened.name}: left out, {why}", err=True)
                left.append(happened)
            elif isinstance(happened, Planned):
                _show_plan(happened.name, happened.plan)
                prices.take(happened.name, happened.plan)
    except OutsideError as error:
        failed = error
    if prices.specs():  # else none could be planned, which is not to say that no claim is open
        show_prices(prices, how_many())
    if failed:
        raise failed
    _keep(prices, [request.settings for request in requests])
    if strict and left:
        raise MissingData(f"not planned, for want of data: {', '.join(one.name for one in left)}")


def _keep(prices: Prices, wanted: "Sequence[Settings]") -> None:
    """Keep what claims cost for the report; not of a part of a tier, nor of a trial."""
    from ae.machine.provenance import processor
    from ae.records.prices import PaperPrices, add
    from ae.spec.read import digest_of

    if not wanted or any(s.seeds or s.runs or s.claims or s.changes or s.fresh for s in wanted):
        return
    costs: dict[str, dict[str, float]] = {}
    for item in prices.items():
        costs.setdefault(item.paper, {})[item.claim] = round(item.seconds, 1)
    found = {
        name: PaperPrices(
            spec=digest_of(spec), processor=processor(), claims=dict(sorted(costs[name].items()))
        )
        for name, spec in prices.specs().items()
        if name in costs
    }
    add(wanted[0].results, wanted[0].tier, found)


def why_left_out(left: "LeftOut", before: "Iterable[LeftOut]" = ()) -> str:
    """Why a paper is not done, in words; of data that others lacked `before`, whose."""
    if left.kind != "MissingData":
        return left.why
    alike = next((one.name for one in before if one.why == left.why), None)
    return f"its data are not at hand{f', as of {alike}' if alike else f': {left.why}'}"


def _show_plan(name: str, plan: "PlannedPaper") -> None:
    click.echo(name)
    for data, origin in plan.origins.items():
        click.echo(f"  data set {data!r}: {origin}")
    for run, seeds in plan.there.items():
        click.echo(f"  there: {run}, seeds {', '.join(map(str, seeds))}")
    for alike in _alike(plan.stacks):
        _show_stacks(alike)
    if plan.stacks:
        training = lasting(sum(stack.seconds for stack in plan.stacks))
        rest = (
            f"measuring {lasting(plan.conclude)}" if plan.conclude else "measuring is not counted"
        )
        click.echo(f"  training in all: about {training} of one core; {rest}")
    else:
        click.echo("  nothing to train" + ("" if plan.done else "; to be measured"))


def _alike(stacks: "Sequence[PlannedStack]") -> "list[list[PlannedStack]]":
    """Stacks of the same runs that differ in seeds alone, and are not begun: one line for all."""
    found: dict[object, list[PlannedStack]] = {}
    for place, stack in enumerate(stacks):
        runs = tuple(dict.fromkeys(run for run, _ in stack.members))
        key = (runs, len(stack.members), stack.steps, stack.why)
        found.setdefault(place if stack.share else key, []).append(stack)
    return list(found.values())


def _show_stacks(alike: "list[PlannedStack]") -> None:
    from ae.running.jobs import names_in_words

    first, seconds = alike[0], sum(stack.seconds for stack in alike)
    text = names_in_words([member for stack in alike for member in stack.members])
    begun = f", {first.share:.0%} done" if first.share else ""
    size = "" if first.bytes is None else f"{first.bytes / 2**20:.0f} MiB, "
    click.echo(
        f"  to train: {text}: {_steps(len(alike), len(first.members), first.steps)}, {size}"
        f"about {lasting(seconds)}{' in all' if len(alike) > 1 else ''}{begun}"
    )
    for line in first.why:
        click.echo(f"    trained before, but not with this: {line}")


def _steps(stacks: int, members: int, steps: int) -> str:
    """The steps of so many stacks of so many members each, in words."""
    if stacks == 1:
        return f"{steps} steps"
    if members == 1:
        return f"{stacks} times {steps} steps"
    return f"{stacks} stacks of {members}, {steps} steps each"
