"""Checks of the methods that metrics and figures ask: the stack gives what the plain module gives."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils._pytree import tree_map

from ae.contract.finding import Finding, refused
from ae.contract.objectives import close
from ae.contract.subject import FEW, SEEDS, Prepared, Subject, lone, methods, prepared
from ae.spec import Descent
from ae.training.noise import NoiseSource

SAMPLED = ("log_weights", "log_joint", "sample_code", "prior_code")
SAMPLES = 3


def asked(subject: Subject) -> Iterator[Finding]:
    """`encode(x)`, `decode(z)` and their kin are what the plain module computes."""
    ready = prepared(subject)
    fits = {s.fit for _, s in subject.stages if not isinstance(s, Descent)}
    ready.stack.train(False)
    questions: list[tuple[str, Any]] = [
        (name, ready.batch.x[0]) for name in sorted(methods(subject.kind, "x") - fits)
    ]
    if questions and (decoders := sorted(methods(subject.kind, "z"))):
        try:
            code = ready.stack.share("encode", ready.batch.x[0])[0].detach()
            questions += [(name, code) for name in decoders]
        except Exception as error:  # noqa: BLE001 - a model may fail in any way
            yield refused("encode(x)", error)
    for name, given in questions:
        yield from _same(subject, ready, name, given)


def _same(subject: Subject, ready: Prepared, name: str, given: Any) -> Iterator[Finding]:
    before = {k: v.clone() for k, v in ready.stack.tensors().items()}
    try:
        out = ready.stack.share(name, given)
    except Exception as error:  # noqa: BLE001 - a model may fail in any way
        yield refused(f"{name}(...)", error)
        return
    if any(not torch.equal(before[k], v) for k, v in ready.stack.tensors().items()):
        ready.stack.load(before)  # a closed form: it sets the model, and gives nothing
        return
    for member in range(len(SEEDS)):
        model = lone(subject, before, member).eval()
        mine = tree_map(lambda tensor, member=member: tensor[member], out)
        if not _alike(mine, getattr(model, name)(given)):
            yield Finding(f"{name}(...) of a stack is not what the model computes by itself")
            return


def _alike(one: Any, other: Any) -> bool:
    try:
        torch.testing.assert_close(one, other)
    except AssertionError:
        return False
    return True


def sampled(subject: Subject) -> Iterator[Finding]:
    """Samples of a density, many at once, are what the plain module computes one by one."""
    ready = prepared(subject)
    ready.stack.train(False)
    for name in (n for n in SAMPLED if hasattr(subject.kind, n)):
        yield from _sampled(subject, ready, name)


def _sampled(subject: Subject, ready: Prepared, name: str) -> Iterator[Finding]:
    stack, source = ready.stack, NoiseSource(SEEDS, "cpu", "noise")
    draws = stack.model.draws_for(name, None)
    each = [{k: v.clone() for k, v in source.draw(draws, FEW).items()} for _ in range(SAMPLES)]
    noise = {k: torch.stack([one[k] for one in each], 1) for k in draws}
    given = () if name == "prior_code" else (ready.batch.x[0],)
    try:
        if given:
            out = stack.sample(name, *given, noise)
        else:
            out = torch.stack([stack.call(name, one) for one in each], 1)
    except Exception as error:  # noqa: BLE001 - a model may fail in any way
        yield refused(f"{name}(...)", error)
        return
    if out.shape[:3] != (len(SEEDS), SAMPLES, FEW) or (out.dim() == 3) != name.startswith("log_"):
        yield Finding(f"{name}(...) gives the shape {tuple(out.shape[2:])} for {FEW} images")
        return
    for member in range(len(SEEDS)):
        model = lone(subject, stack.tensors(), member).eval()
        for sample in range(SAMPLES):
            own = {k: v[member, sample] for k, v in noise.items()}
            if not close(out[member, sample], getattr(model, name)(*given, own)):
                yield Finding(f"{name}(...) of a stack is not what the model computes by itself")
                return
