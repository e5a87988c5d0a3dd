"""One optimiser step over fixed buffers, so that CUDA can record it once and replay it as a graph.

A graph replays the same kernels on the same addresses. What changes from step to step therefore
lives in tensors that stay where they are: the batch's index, scheduled buffers and learning rates
(filled between replays), noise (each seed's generator is registered with the graph), parameters,
optimiser state and the sums of the curve. Other numbers are part of the graph.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ae.spec import Descent

REHEARSALS = 3  # libraries choose and set up their kernels in the first few calls


class CaptureError(RuntimeError):
    """CUDA could not record a step; the message says why, in a line."""


class StaticStep:
    """A step that reads its batch from a fixed index and adds its terms to fixed sums.

    Args:
        step: One step on the batch of an index: name of a term -> its value (member,).
        index: Which examples each seed sees (seed, batch); filled before every step.
        sums: Where the terms are added up; terms that are missing start from zero.
        tensors: All that a step changes, by name. State that the first step makes (of an
            optimiser) starts from zero.
        generators: What a step draws from.
    """

    def __init__(
        self,
        step: Callable[[Tensor], dict[str, Tensor]],
        index: Tensor,
        sums: dict[str, Tensor],
        *,
        tensors: Callable[[], dict[str, Tensor]],
        generators: Sequence[torch.Generator],
    ) -> None:
        self.index, self.sums, self.generators = index, sums, generators
        self._step, self._tensors = step, tensors

    def run(self) -> None:
        """Take the step; reads nothing back to the host."""
        for name, value in self._step(self.index).items():
            self.sums[name].add_(value)

    def rehearse(self, times: int) -> None:
        """Take the step and undo it, so that everything it needs exists; an error undoes it too."""
        before = {name: tensor.clone() for name, tensor in self._tensors().items()}
        states = [g.get_state() for g in self.generators]
        try:
            for _ in range(times):
                for name, value in self._step(self.index).items():
                    self.sums.setdefault(name, torch.zeros_like(value))
        finally:
            with torch.no_grad():
                for name, tensor in self._tensors().items():
                    if name in before:
                        tensor.copy_(before[name])
                    else:
                        tensor.zero_()
            for g, state in zip(self.generators, states, strict=True):
                g.set_state(state)


Capture = Callable[[StaticStep], Callable[[], None]]


def captured(step: StaticStep) -> Callable[[], None]:
    """`step` as one CUDA graph; every call of the result is a step, the first one included.

    Raises:
        CaptureError: CUDA cannot record it. Parameters and states are as before, but generators
            may be left as if they were still being recorded: replace them.
    """
    main, side = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(main)
    with torch.cuda.stream(side):
        step.rehearse(REHEARSALS)
    main.wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    try:
        for g in step.generators:
            graph.register_generator_state(g)
        with torch.cuda.graph(graph):
            step.run()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise CaptureError(str(error).partition("\n")[0]) from error
    return graph.replay


def obstacle(stage: Descent, *, even: bool) -> str | None:
    """Why a stage's step cannot be one graph, or None; `even` if all its batches are of one size."""
    if stage.optimizer.name == "LBFGS":
        return "it searches for the length of a step"
    if not even:
        return "the last batch of an epoch is smaller"
    if stage.update == "alternating":
        return "its updates alternate"
    if any(phase.labelled is not None for phase in stage.phases):
        return "a phase sees labelled examples by themselves"
    for schedule in (s for step in stage.steps for s in step.schedules):
        moves = schedule.kind != "step" and schedule.key != "lr"
        if moves and not schedule.key.startswith("buffer:"):
            return f"its {schedule.key!r} changes at every step"
    return None
