"""What a person asked for: which tier, where, of which seeds, runs and claims. One object for all."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from ae.library import Library
from ae.spec import TierName


@dataclass(frozen=True)
class Settings:
    """One call of `ae run`, as suite, workers and papers see it.

    Attributes:
        library: Where specs, manifests and results are.
        tier: Which tier.
        device: Where stacks train, `cpu` or `cuda`.
        seeds: Instead of the specs', if any.
        runs: Patterns of the runs that are wanted.
        claims: Patterns of the claims that are wanted: what they need is trained. Without runs and
            claims, everything is wanted.
        wanted: The runs and their seeds themselves, where they are known; else those of `seeds`,
            `runs` and `claims`.
        spend: Whether only what the next looks of the claims need is wanted, see `budget`.
        changes: `key=value` pairs that change the tier, for a trial in a folder of its own.
        untrained: Whether every stage ends after one step, for the null run in a folder of its own.
        fresh: Forget what was trained before.
        exact: Whether a record holds the wanted runs and seeds alone, or all that are there.
        draw: Whether to draw the figures; a record with them serves where none are asked for.
        memory: Bytes that a stack may take on the device beside its data, else it is trained in
            halves; by default what is free there.
    """

    library: Library
    tier: TierName
    device: str = "cpu"
    seeds: tuple[int, ...] | None = None
    runs: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    wanted: tuple[tuple[str, tuple[int, ...]], ...] | None = None
    spend: bool = False
    changes: tuple[str, ...] = ()
    untrained: bool = False
    fresh: bool = False
    exact: bool = False
    draw: bool = True
    memory: float | None = None

    @property
    def results(self) -> Path:
        """Where results are kept."""
        return self.library.results

    @property
    def whole(self) -> bool:
        """Whether everything of a spec is wanted."""
        return not (self.runs or self.claims)

    def with_(self, **changes: object) -> Self:
        """The same, but for some fields."""
        return replace(self, **changes)  # type: ignore[arg-type]
