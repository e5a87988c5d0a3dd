"""What is measured of a trained run, and what is drawn."""

from typing import Any, Literal

from ae.spec.words import Direction, Name, Runs, Table, Text, Tiers


class Measure(Table):
    """A number per seed: a function `file.function` of `ae/metrics` and its arguments."""

    name: Name
    function: Text
    label: Text
    unit: str
    direction: Direction
    runs: Runs | Literal["all"] = "all"
    tiers: Tiers = ("paper", "quick", "smoke")
    arguments: dict[str, Any] = {}

    @property
    def sign(self) -> int:
        """1 where a higher value is better, else -1."""
        return 1 if self.direction == "higher" else -1


class Figure(Table):
    """A picture: a function `file.function` of `ae/figures`, its runs and its arguments."""

    name: Name
    function: Text
    title: Text
    caption: str
    paper: str = ""
    runs: Runs
    arguments: dict[str, Any] = {}
