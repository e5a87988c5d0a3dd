"""L-BFGS over a stack: every member on its own, on all examples at once.

torch's L-BFGS with its search for a step that meets the strong Wolfe conditions, one iteration a
step. Members take theirs one after another and share nothing: how often one has to look for its step
is no matter to the others.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from ae.errors import UserError
from ae.models.base import Objective
from ae.spec import Descent
from ae.training.batches import Batches
from ae.training.optimizers import trains
from ae.training.stack import Stack

STATE = ("d", "prev_flat_grad")  # of torch's optimiser: vectors
HISTORY = ("old_dirs", "old_stps", "ro")  # lists of vectors, and of numbers
NUMBERS = ("t", "H_diag", "prev_loss", "n_iter", "func_evals")
EVALUATIONS = 26  # of a step: where it begins, and 25 in search of where it ends


class _Known(NamedTuple):
    """The objective at a point: asked for again at the beginning of the next step."""

    point: list[Tensor]
    loss: Tensor
    gradients: tuple[Tensor, ...]
    parts: dict[str, Tensor]


class FullBatch:
    """The optimisers of a stage whose `optimizer` is LBFGS, one a member.

    A member whose gradient is nowhere above `tolerance_grad`, or whose last step changed neither a
    parameter nor the loss by more than `tolerance_change`, has arrived and stays where it is; so
    does one whose loss is no number.
    """

    def __init__(self, stack: Stack, stage: Descent, batches: Batches) -> None:
        self.stack, self.stage, self.batches = stack, stage, batches
        self.trained = [name for name in stack.parameters if trains(stage, name)]
        if stack.model.adversaries:
            raise UserError(
                f"{type(stack.model).__name__} has adversaries, and LBFGS trains by one loss; "
                "choose another optimizer"
            )
        if stack.model.draws_for(stage.objective, stage.layer):
            raise UserError(
                f"objective {stage.objective!r} of {type(stack.model).__name__} draws noise, and "
                "LBFGS needs one that is always the same; choose another optimizer"
            )
        self._members = [self._own(member) for member in range(len(stack.seeds))]
        given = stage.optimizer.model_dump(exclude={"name", "groups"}, exclude_none=True)
        self._optimizers = [
            torch.optim.LBFGS(
                list(own.values()),
                **given,
                max_iter=1,
                max_eval=EVALUATIONS,
                line_search_fn="strong_wolfe",
            )
            for own in self._members
        ]
        self._known: list[_Known | None] = [None] * len(self._members)
        self._arrived = [False] * len(self._members)

    def _own(self, member: int) -> dict[str, Tensor]:
        """A member's trained parameters as leaves that share their memory with the stack."""
        return {
            name: self.stack.parameters[name].detach()[member].requires_grad_()
            for name in self.trained
        }

    def advance(self) -> dict[str, Tensor]:
        """One iteration of every member: name of a term -> its mean (member,) at the new point."""
        found = [self._step(member) for member in range(len(self._members))]
        return {name: torch.stack([parts[name] for parts in found]) for name in found[0]}

    def _step(self, member: int) -> dict[str, Tensor]:
        own = list(self._members[member].values())
        if not self._arrived[member]:
            before = [p.detach().clone() for p in own]
            first: Tensor = self._optimizers[member].step(  # type: ignore[no-untyped-call]
                lambda: self._at(member)
            )
            loss = self._at(member)
            moved = max(
                float((p.detach() - old).abs().max()) for p, old in zip(own, before, strict=True)
            )
            least = self._optimizers[member].param_groups[0]["tolerance_change"]
            gained = abs(float(loss) - float(first))
            lost = not bool(loss.isfinite())
            self._arrived[member] = moved <= least or gained < least or lost
        self._at(member)
        known = self._known[member]
        assert known is not None
        return known.parts

    def _at(self, member: int) -> Tensor:
        """The loss where a member's parameters are, and the gradients with them."""
        own, known, stage = self._members[member], self._known[member], self.stage
        if known is None or not all(map(torch.equal, known.point, own.values())):
            constants = {} if stage.layer is None else {"layer": stage.layer}
            with torch.enable_grad():
                out: Objective = self.stack.alone(
                    member, own, stage.objective, self.batches.all_of(member), {}, **constants
                )
                loss = out.loss.double().mean()
                gradients = torch.autograd.grad(loss, list(own.values()), allow_unused=True)
            known = _Known(
                [p.detach().clone() for p in own.values()],
                loss.detach(),
                self._used(gradients),
                {n: v.detach().mean(-1) for n, v in {"loss": out.loss, **out.parts}.items()},
            )
            self._known[member] = known
        for parameter, gradient in zip(own.values(), known.gradients, strict=True):
            parameter.grad = gradient
        return known.loss

    def _used(self, gradients: tuple[Tensor | None, ...]) -> tuple[Tensor, ...]:
        for name, gradient in zip(self.trained, gradients, strict=True):
            if gradient is None:
                raise UserError(
                    f"objective {self.stage.objective!r} of {type(self.stack.model).__name__} does "
                    f"not use the parameter {name!r}: leave its module out of the stage's `modules`"
                )
        return tuple(g for g in gradients if g is not None)

    def set(self, key: str, value: float) -> bool:
        """Set the factor on the rate; a step is never recorded, so none is stale by it."""
        assert key == "lr"
        for optimizer in self._optimizers:
            optimizer.param_groups[0]["lr"] = value * self.stage.optimizer.lr
        return False

    def tensors(self) -> dict[str, Tensor]:
        """What the iterations to come depend on, by member and name."""
        found: dict[str, Tensor] = {}
        for member, optimizer in enumerate(self._optimizers):
            state = optimizer.state[optimizer.param_groups[0]["params"][0]]
            if not state:
                continue
            numbers = [float(state[name]) for name in NUMBERS]
            numbers.append(float(self._arrived[member]))
            mine = {"numbers": torch.tensor(numbers, dtype=torch.float64)}
            mine |= {name: state[name] for name in STATE}
            mine |= {name: torch.stack(state[name]) for name in HISTORY if state[name]}
            found |= {f"{member}/{name}": tensor for name, tensor in mine.items()}
        return found

    def state(self) -> dict[str, Tensor]:
        """Copies of `tensors`."""
        return {name: tensor.clone() for name, tensor in self.tensors().items()}

    def load(self, state: dict[str, Tensor]) -> None:
        """Take back what `state` gave, to the parameters' device."""
        for member, optimizer in enumerate(self._optimizers):
            first = optimizer.param_groups[0]["params"][0]
            mine = {
                name.removeprefix(f"{member}/"): tensor.to(first.device, copy=True)
                for name, tensor in state.items()
                if name.startswith(f"{member}/")
            }
            if not mine:
                continue
            numbers = mine["numbers"].tolist()
            own = optimizer.state[first]
            own |= dict(zip(NUMBERS, numbers, strict=False))
            own["n_iter"], own["func_evals"] = int(own["n_iter"]), int(own["func_evals"])
            own |= {name: mine[name] for name in STATE}
            own |= {name: list(mine[name]) if name in mine else [] for name in HISTORY}
            self._arrived[member] = bool(numbers[-1])
