"""A small project in a folder: one spec of seconds, the real data and templates."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUARD = ROOT / "tests" / "guard"
PYTHONPATH = os.pathsep.join((str(GUARD), str(ROOT)))  # for children: no network, this copy of ae
SPEC = ROOT / "tests" / "tiny2020-dae.toml"


def make(folder: Path, **replacements: str) -> Path:
    """Lay the project out; each replacement changes a line of the spec that begins `key = `."""
    (folder / "benchmarks").mkdir()
    (folder / "reports").mkdir()
    for name in ("ae", "datasets"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "reports" / "templates").symlink_to(ROOT / "reports" / "templates")
    write(folder, **replacements)
    return folder


def write(folder: Path, **replacements: str) -> Path:
    """(Re)write the spec."""
    lines = SPEC.read_text().splitlines()
    for key, value in replacements.items():
        (at,) = [i for i, line in enumerate(lines) if line.startswith(f"{key} = ")][:1]
        lines[at] = f"{key} = {value}"
    path = folder / "benchmarks" / SPEC.name
    path.write_text("\n".join(lines) + "\n")
    return path
