"""What is measured of a trained run, and what is drawn."""

from typing import Any, Literal

from ae.spec.table import Direction, Name, Runs, Table, Text, Tiers


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


class Figure(Table):
    """A picture: a function `file.function` of `ae/figures`, its runs and its arguments."""

    name: Name
    function: Text
    title: Text
    caption: str
    paper: str
    runs: Runs
    arguments: dict[str, Any] = {}
