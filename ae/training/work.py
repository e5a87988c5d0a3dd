"""How much of a stack's training is done, by what its steps cost."""

from ae.spec import Descent, Fit
from ae.training.optimizers import trains
from ae.training.position import Progress
from ae.training.trainer import Training

FIT = 1e9  # the work of a stage that ends in one step


class Work:
    """Work in arbitrary units: weights touched, over all steps and examples.

    Args:
        training: The training, at whatever place.
    """

    def __init__(self, training: Training) -> None:
        self.training = training
        self._costs = [self._cost(stage) for _, stage in training.stages]

    @property
    def total(self) -> float:
        """Of all stages."""
        return sum(self._costs)

    def _cost(self, stage: Descent | Fit) -> float:
        if isinstance(stage, Fit):
            return FIT
        named = self.training.stack.parameters.items()
        size = self.training.batches.size(stage)
        trained = sum(p.numel() for step in stage.steps for n, p in named if trains(step, n))
        return float(self.training.steps_of(stage) * trained * (size + 40))

    def share(self, progress: Progress) -> float:
        """What share is done after a step."""
        index = [name for name, _ in self.training.stages].index(progress.stage)
        return self._share(index, progress.step / progress.steps)

    def done(self) -> float:
        """What share is done where the training stands."""
        at = self.training.at
        if at.stage >= len(self._costs):
            return 1.0
        stage = self.training.stages[at.stage][1]
        return self._share(at.stage, at.step / self.training.steps_of(stage))

    def _share(self, stage: int, part: float) -> float:
        done = sum(self._costs[:stage]) + self._costs[stage] * part
        return done / self.total if self.total else 1.0
