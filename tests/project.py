"""A small project in a folder: one spec of seconds, the real data and templates."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GUARD = ROOT / "tests" / "guard"
PYTHONPATH = os.pathsep.join((str(GUARD), str(ROOT)))  # for children: no network, this copy of ae
SPEC = ROOT / "tests" / "tiny2020-dae.toml"
ON_TRAIN = '{ function = "reconstruction.squared_error", split = "train" }'  # of another split


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


def settings(project: Path, results: str = "results", **keys: Any) -> Any:
    """What is wanted of the small project's papers, on the CPU."""
    from ae.library import Library
    from ae.running.settings import Settings

    library = Library.at(project).with_results(project / results)
    facts = {"tier": "smoke", "device": "cpu", **keys}
    return Settings(library=library, **facts)


def paper(project: Path, results: str = "results", name: str = "tiny2020-dae", **keys: Any) -> Any:
    """The small project's paper, ready to run."""
    from ae.running.paper import Paper

    return Paper(project / "benchmarks" / f"{name}.toml", settings(project, results, **keys))


def run(
    project: Path,
    results: str = "results",
    *,
    name: str = "tiny2020-dae",
    stop: Callable[[], bool] = lambda: False,
    **keys: Any,
) -> tuple[list[Any], Any]:
    """Events and record of a run in this process."""
    from ae.records import record as records
    from ae.running.happening import Progress, Recorded
    from ae.running.state import Request
    from ae.running.suite import Suite

    request = Request(project / "benchmarks" / f"{name}.toml", settings(project, results, **keys))
    happened = list(Suite([request], stop, jobs=0).run())
    (recorded,) = [h for h in happened if isinstance(h, Recorded)]
    events = [h.event for h in happened if isinstance(h, Progress)]
    return events, records.read(recorded.record)


def trained(events: list[Any]) -> set[str]:
    """The stacks that were trained."""
    return {e.detail for e in events if e.phase == "train" and e.detail.endswith(", trained")}


def interrupted(project: Path, after: int, results: str = "results", **keys: Any) -> None:
    """Run until so many steps of training were heard of, then ask it to stop.

    Raises:
        Interrupted: It stopped.
    """
    from ae.running.happening import Progress
    from ae.running.state import Request
    from ae.running.suite import Suite

    heard: list[str] = []
    request = Request(project / "benchmarks" / SPEC.name, settings(project, results, **keys))
    for happened in Suite([request], lambda: len(heard) >= after, jobs=0).run():
        if isinstance(happened, Progress) and happened.event.phase == "train":
            heard.append(happened.event.detail)
