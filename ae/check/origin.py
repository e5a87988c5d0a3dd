"""Where in a spec's tables a key of a run in a tier comes from."""

from dataclasses import dataclass
from typing import Any

from ae.spec import Run, Spec, TierName
from ae.spec.tiers import layers
from ae.toml.file import Steps


@dataclass(frozen=True)
class Origin:
    """Where a key of a cell comes from: the run's tables, the tier's, or the spec's own."""

    spec: Spec
    tier: TierName
    run: Run

    def key(self, *steps: str | int) -> Steps:
        """The place of a key in the spec's tables."""
        return (*self._place(steps), *steps)

    def model(self) -> Steps:
        """The place of the table that names the model's class."""
        return (*self._place(("model", "class")), "model")

    def _place(self, steps: Steps) -> Steps:
        changes = reversed(layers(self.spec, self.tier, self.run))
        return next((place for place, change in changes if _written(change, steps)), ())


def _written(change: Any, steps: Steps) -> bool:
    """Whether an override holds the key, or replaces the table that the key is of."""
    for step in steps:
        if not isinstance(change, dict):
            return True
        if step not in change:
            return "class" in change
        change = change[step]
    return True
