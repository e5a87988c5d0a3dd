"""Where records lie in a folder of results or of published records."""

from pathlib import Path

from ae.disk import visible

RECORD = "record.json"


def listed(folder: Path) -> list[Path]:
    """The records of a folder, `SPEC/TIER/record.json`, by name.

    Trials, and other seeds of former versions, are left out.
    """
    return [path for path in visible(folder, f"*/*/{RECORD}") if not is_trial(path.parent)]


def is_trial(folder: Path) -> bool:
    """Whether a record in this folder is of changed settings or of other seeds."""
    return "+" in folder.name or "-seeds-" in folder.name
