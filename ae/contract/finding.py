"""What is wrong with a model, in the contract's words, and where."""

import linecache
import re
import traceback
from pathlib import Path
from typing import NamedTuple

from ae.errors import plain
from ae.library import PACKAGE, near
from ae.machine.modules import libraries
from ae.training.rules import REFUSALS


class Finding(NamedTuple):
    """One thing that is wrong, and the line of code where it is seen, if it is seen in one."""

    text: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


def refused(what: str, error: Exception) -> Finding:
    """What an error in a model's method means; `what` is the method, for people."""
    said = str(error)
    for pattern, text in REFUSALS.items():
        if re.search(pattern, said):
            return Finding(f"{what} {text}", place(error))
    return Finding(f"{what} fails: {type(error).__name__}: {plain(said)}", place(error))


def place(error: Exception) -> str:
    """The innermost line of an error that is neither a library's nor ours, or of a model of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_models(Path(frame.filename))]
    if not own:
        return ""
    last = own[-1]
    line = linecache.getline(last.filename, last.lineno or 0).strip()
    return f"{near(Path(last.filename))}:{last.lineno}: `{line}`"


def _is_models(path: Path) -> bool:
    if path.is_relative_to(PACKAGE):
        return path.parent.name == "models"
    return path.exists() and not any(path.is_relative_to(place) for place in libraries())
