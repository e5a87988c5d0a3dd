"""What needs a package that is not here is not collected."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("pythae") else ["test_pythae.py"]
