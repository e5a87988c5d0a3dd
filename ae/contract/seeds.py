"""Checks that seeds do not touch each other, and that swept numbers live in buffers."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ae.contract.finding import Finding
from ae.contract.subject import SEEDS, Subject, trained
from ae.spec import Descent
from ae.training.stack import seeded
from ae.training.sweeps import fault

ROUNDING = {torch.float64: (1e-9, 1e-11), torch.float32: (1e-3, 1e-4)}


def apart(subject: Subject) -> Iterator[Finding]:
    """Seeds begin and end apart, and each trains alone as it does among others, to rounding."""
    descends = any(isinstance(stage, Descent) for _, stage in subject.stages)
    if descends and torch.equal(*(_drawn(subject, seed) for seed in SEEDS[:2])):
        yield Finding(
            "the constructor sets a seed itself (`torch.manual_seed`): every seed begins with the same "
            "weights; leave it out"
        )
        return
    together = trained(subject, SEEDS).tensors()
    if descends and all(torch.equal(tensor[0], tensor[1]) for tensor in together.values()):
        yield Finding("two seeds end with the same weights: nothing is trained")
    rtol, atol = ROUNDING[torch.get_default_dtype()]
    for member, seed in enumerate(SEEDS):
        alone = trained(subject, [seed]).tensors()
        for name, tensor in alone.items():
            if not torch.allclose(together[name][member], tensor[0], rtol, atol, equal_nan=True):
                yield Finding(
                    f"seeds touch each other: {name!r} of seed {seed} is another when it trains "
                    "alone; a model is a function of its parameters, buffers, batch and noise"
                )
                return


def _drawn(subject: Subject, seed: int) -> Tensor:
    """The state of the global generator once a model is made of a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        subject.build()()
        return torch.get_rng_state()


def sweeps(subject: Subject) -> Iterator[Finding]:
    """What `sweeps` names lives in a buffer, and nowhere else."""
    for argument in sorted(subject.kind.sweeps):
        if argument not in subject.arguments:
            yield Finding(f"`sweeps` names {argument!r}, which the constructor was not given")
            continue
        values = _values(subject, argument)
        if len(values) < 2:
            yield Finding(f"`sweeps` names {argument!r}: no other value than its own was accepted")
            continue
        first, *others = (seeded(subject.build(**{argument: v}), SEEDS[0]) for v in values)
        for other in others:
            if (why := fault(first, other)) is not None:
                yield Finding(
                    f"`sweeps` names {argument!r}, but the model {why}: it would be one run's for "
                    "all; `self.register_buffer(...)`, or take it out of `sweeps`"
                )
                break


def _values(subject: Subject, argument: str) -> list[Any]:
    """The argument's own value, those that the subject sweeps, else others that are accepted."""
    own = subject.arguments[argument]
    swept = [change[argument] for change in subject.sweep if argument in change]
    found = [own]
    for value in swept or _others(own):
        if value not in found and _accepted(subject, argument, value):
            found.append(value)
    return found if swept else found[:2]


def _others(own: Any) -> list[Any]:
    match own:
        case bool():
            return [not own]
        case int():
            return [own + 1, own - 1]
        case float():
            return [own / 2, own + 0.25, own * 2, own - 0.25]
        case list():
            return [[_others(item)[0] for item in own]] if own and _others(own[0]) else []
    return []


def _accepted(subject: Subject, argument: str, value: Any) -> bool:
    try:
        seeded(subject.build(**{argument: value}), SEEDS[0])
    except Exception:  # noqa: BLE001 - a constructor may refuse a value in any way
        return False
    return True
