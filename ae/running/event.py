"""What happens while a spec is run, for whoever shows it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Something that a person who waits may want to see.

    Attributes:
        phase: `data`, `train`, `measure`, `draw` or `done`.
        detail: What is being done.
        done: Of `total` of the phase's work, in units that cost about the same time.
        total: See `done`.
        share: How much of the present stack is done.
        news: Lines that a person should read at once, such as that a seed diverged.
    """

    phase: str
    detail: str
    done: float
    total: float
    share: float = 1.0
    news: tuple[str, ...] = ()
