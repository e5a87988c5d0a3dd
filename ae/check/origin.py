"""Where in a spec's file a key of a run in a tier was written."""

from dataclasses import dataclass
from typing import Any

from ae.read import layers
from ae.spec import Run, Spec, TierName
from ae.toml import Steps, dotted


@dataclass(frozen=True)
class Origin:
    """Where in the file a key of a cell was written: in the run's tables or in the tier's."""

    spec: Spec
    tier: TierName
    run: Run

    def key(self, *steps: str) -> str:
        """The place of a key, as a message starts with it."""
        place = self._place(steps)
        return f"{place}: {dotted(steps)}" if place else f"[{dotted(steps[:-1])}]: {steps[-1]}"

    def model(self) -> str:
        """The place of the table that names the model's class."""
        place = self._place(("model", "class"))
        return f"{place}: model" if place else "[model]"

    def _place(self, steps: Steps) -> str | None:
        changes = reversed(layers(self.spec, self.tier, self.run))
        return next((place for place, change in changes if _written(change, steps)), None)


def _written(change: Any, steps: Steps) -> bool:
    """Whether an override holds the key, or replaces the table that the key is of."""
    for step in steps:
        if not isinstance(change, dict):
            return True
        if step not in change:
            return "class" in change
        change = change[step]
    return True
