"""How a run is trained: its seeds, its stages, the optimiser and the schedules of each."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Tag

from ae.spec.optimizer import ARGUMENTS, FIXED, Optimizer, Schedule
from ae.spec.watch import Keep, Watch
from ae.spec.words import (
    Amount,
    Count,
    Index,
    Modules,
    Name,
    Positive,
    Precision,
    Seeds,
    Table,
    Text,
    rule,
    unique,
)


class StepTable(Table):
    """What every optimiser step says: who is trained, by which objective, how."""

    objective: Text
    layer: Index | None = None
    modules: Modules | Literal["all"]
    optimizer: Optimizer
    schedules: tuple[Schedule, ...] = ()
    clip: Positive | None = None

    @rule
    def _schedulable(self) -> None:
        unique(tuple(s.key for s in self.schedules), "schedules: the key")
        takes = [a for a in ARGUMENTS[self.optimizer.name] if a not in FIXED]
        for key in (s.key for s in self.schedules):
            if key not in takes and not (key.startswith("buffer:") and key != "buffer:"):
                raise ValueError(
                    f"schedules: {self.optimizer.name} has no {key!r} to schedule; "
                    f"it has {', '.join(takes)}, and a model has buffer:NAME"
                )


class Phase(StepTable):
    """A further optimiser step in every training step of a stage, with an optimiser of its own.

    It sees the examples of the training step, or with `labelled` so many of those that show their
    label, in an order of their own; its noise is drawn anew. Two phases may train one module.
    """

    name: Name
    labelled: Count | None = None


class Refresh(Table):
    """Before the first step, and every so many steps, a method of the model sees the training set."""

    call: Text
    every: Count


class Descent(StepTable):
    """A stage of gradient descent: its own step and those of its phases, in order; how long.

    A step sees `batch` examples, or all of them. `order` is that of the examples in an epoch:
    shuffled anew, `stored` as the data set has them, or in `batches` of the same examples whose order
    alone is shuffled; `apart`, shuffled, but those that show their label have batches of their own,
    spread over the epoch; `labelled`, only these. Examples that fill no batch at the end of an epoch
    are left out, or with `remainder` `kept` a smaller batch. `points` are steps at which the curves
    have a point beside those that every curve has. LBFGS takes all examples at once, in the data
    set's order, and a step is one of its iterations.
    """

    start: Text | None = None
    batch: Amount
    epochs: Positive
    refresh: Refresh | None = None
    update: Literal["simultaneous", "alternating"] = "simultaneous"
    order: Literal["shuffled", "stored", "batches", "apart", "labelled"] = "shuffled"
    remainder: Literal["dropped", "kept"] = "dropped"
    points: tuple[Count, ...] = ()
    watch: dict[Name, Watch] = {}
    keep: Keep | None = None
    phases: tuple[Phase, ...] = ()

    @property
    def steps(self) -> tuple[StepTable, ...]:
        """The optimiser steps of a training step: the stage's own, then its phases'."""
        return (self, *self.phases)

    @rule
    def _apart(self) -> None:
        unique(tuple(phase.name for phase in self.phases), "phases: the name")
        if self.phases and "LBFGS" in [step.optimizer.name for step in self.steps]:
            raise ValueError("phases: LBFGS takes all examples at once, and is a stage of its own")

    @rule
    def _whole(self) -> None:
        if self.order in ("apart", "labelled") and self.remainder == "kept":
            raise ValueError(f"remainder: found 'kept'; order = {self.order!r} drops it")
        if self.batch == "all" and self.order not in ("shuffled", "stored"):
            raise ValueError(f"order: found {self.order!r}; batch = 'all' has one order, 'stored'")
        if self.optimizer.name != "LBFGS":
            return
        if self.batch != "all":
            raise ValueError(f"batch: found {self.batch}; LBFGS needs 'all'")
        if self.clip is not None:
            raise ValueError("clip: LBFGS chooses its own step; leave the key out")

    @rule
    def _watched(self) -> None:
        unique(self.points, "points: the step")
        for name, watch in self.watch.items():
            if (watch.by == "log_weights") != (watch.samples is not None):
                expected = "a number of them" if watch.samples is None else "none"
                raise ValueError(f"watch.{name}: samples: by {watch.by!r} takes {expected}")
            if watch.by == "log_weights" and watch.silent:
                raise ValueError(f"watch.{name}: silent: 'log_weights' takes none")
        if self.keep is not None and self.keep.watch not in self.watch:
            known = ", ".join(self.watch) or "none"
            raise ValueError(f"keep: no watch {self.keep.watch!r}; there are {known}")


class Fit(Table):
    """A stage without descent: the model's method `fit` sees the training set once.

    It takes `x`, and `noise` where it needs any: one draw of it a seed.
    """

    fit: Text


def _stage(value: Any) -> str:
    fits = isinstance(value, Fit) or (isinstance(value, dict) and "fit" in value)
    return "Fit" if fits else "Descent"


Stage = Annotated[
    Annotated[Descent, Tag("Descent")] | Annotated[Fit, Tag("Fit")], Discriminator(_stage)
]


class Train(Table):
    """Which seeds, which stages in which order; `use` names the stages that a run takes.

    `precision` is that of matrix products and convolutions in training on CUDA: `tf32` rounds their
    factors to 10 bits after the point, and is several times faster. Elsewhere it changes nothing.
    """

    seeds: Seeds
    use: tuple[str, ...]
    precision: Precision = "float32"
    stages: dict[Name, Stage]

    @rule
    def _known(self) -> None:
        unique(self.seeds, "seeds: the seed")
        unique(self.use, "use: the stage")
        if strange := [name for name in self.use if name not in self.stages]:
            raise ValueError(
                f"use: no stage {strange[0]!r}; there are {', '.join(self.stages) or 'none'}"
            )
        for name in self.use[:-1]:
            stage = self.stages[name]
            if isinstance(stage, Descent) and stage.keep and stage.keep.patience is not None:
                raise ValueError(
                    f"use: the stage {name!r} may end early, as keep.patience says: "
                    "expected it to be the last"
                )
