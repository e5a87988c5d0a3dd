"""Python runs this before all else, where the folder is on PYTHONPATH: in every child of the tests.

It refuses the network, then does what the environment's own `sitecustomize`, if any, would do.
"""

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path

OWN = Path(__file__).parent


def load(name: str, path: list[str]) -> object:
    """The module of that name in the first folder that has it, if any."""
    spec = PathFinder.find_spec(name, path)
    if spec is None or spec.loader is None:
        return None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFUSED = load("network", [str(OWN.parent)]).refused()  # kept: a generator that is lost ends
REFUSED.__enter__()
load("sitecustomize", [p for p in sys.path if Path(p) != OWN])
