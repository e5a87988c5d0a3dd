"""Which claims a time is spent on: published values first, then most claims per hour.

A claim needs members; members that several claims need are paid for once. The order is greedy: the
next members are those that cost least for each claim of the best rank that they decide, those that
are bought already not counted. Knows no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ae.running.jobs import Names, PlannedPaper
from ae.spec import Claim, FigureClaim, Spec, ValueClaim
from ae.spec.evidence import PUBLISHED, Evidence, evidence_of

RANKS = ("published value", "control", "recalled value", "claim of a source")


@dataclass(frozen=True)
class Item:
    """A claim that the budget may be spent on.

    Attributes:
        paper: The spec's name.
        claim: The claim.
        target: The number that it is judged against, as printed; empty where it has none.
        rank: The place of its kind, see `RANKS`.
        evidence: Its kind of evidence, more finely.
        members: What it needs and is not there.
        there: How many members it needs that are there.
        seconds: Time of one core that its missing members take, if nothing else is bought.
    """

    paper: str
    claim: str
    target: str
    rank: int
    evidence: Evidence
    members: Names
    there: int
    seconds: float


def rank_of(claim: Claim) -> int:
    """The place of a claim's kind of evidence in `RANKS`."""
    if claim.control:
        return 1
    if isinstance(claim, ValueClaim | FigureClaim):
        return 0 if claim.status in PUBLISHED else 2
    return 3


def target_of(claim: Claim) -> str:
    """The number that a claim is judged against, as it stands in its source."""
    match claim:
        case ValueClaim():
            return claim.printed
        case FigureClaim():
            first, second = claim.readings
            return f"{(first + second) / 2:g} (read off a figure)"
        case _:
            return ""


def items(spec: Spec, plan: PlannedPaper) -> list[Item]:
    """The claims of a planned paper that need something, each with what its members cost."""
    cost: dict[tuple[str, int], float] = {}
    for stack in plan.stacks:
        for member in stack.members:
            cost[member] = stack.seconds / len(stack.members)
    by_id = {claim.id: claim for claim in spec.claim}
    found = []
    for name, members in plan.needs.items():
        claim = by_id[name]
        missing = tuple(m for m in members if m in cost)
        found.append(
            Item(
                paper=plan.path.stem,
                claim=name,
                target=target_of(claim),
                rank=rank_of(claim),
                evidence=evidence_of(claim),
                members=missing,
                there=len(members) - len(missing),
                seconds=sum(cost[m] for m in missing),
            )
        )
    return found


def ordered(found: Sequence[Item], costs: Mapping[tuple[str, str, int], float]) -> list[Item]:
    """The items in the order in which to buy them, each at the price of what is not bought yet.

    Args:
        found: The items of all papers.
        costs: Paper, run and seed -> seconds of one core.
    """
    left, bought, order = list(found), set[tuple[str, str, int]](), []
    while left:
        rank = min(item.rank for item in left)
        wanted = [item for item in left if item.rank == rank]
        lacking = [_places(item) - bought for item in wanted]
        prices = [sum(costs[place] for place in places) for places in lacking]
        # Members that decide nine claims are worth nine times those that decide one.
        worth = [sum(other <= places for other in lacking) for places in lacking]
        shares = [price / count for price, count in zip(prices, worth, strict=True)]
        keys = [(s, p, i.paper, i.claim) for s, p, i in zip(shares, prices, wanted, strict=True)]
        best = keys.index(min(keys))
        item = wanted[best]
        left.remove(item)
        order.append(replace(item, seconds=prices[best]))
        bought |= lacking[best]
    return order


def _places(item: Item) -> set[tuple[str, str, int]]:
    return {(item.paper, *member) for member in item.members}
