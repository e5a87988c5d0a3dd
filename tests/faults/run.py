"""Run every test of what goes wrong elsewhere, and show them by kind.

    PYTHONPATH=. python tests/faults/run.py [further arguments of pytest]

The exit code is pytest's. With two idle cores it takes less than two minutes.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
KINDS = {  # number, kind: where its tests are, as `file` or `file::part of a name`
    "1 atomic replace of what a person named": (
        "test_disk",
        "faults/test_gate::link",
        "faults/test_gate::writ",
    ),
    "2 absence counts as passing": ("faults/test_gate", "faults/test_small::without_its_data"),
    "3 a copy is believed": ("faults/test_tracking",),
    "4 credentials": ("test_redaction", "data/test_files::asked_by"),
    "5 the copy costs the report": ("faults/test_tracking",),
    "6 a path pasted into a URI": ("faults/test_tracking",),
    "7 an incomplete key": ("faults/test_versions::library", "faults/test_versions::build"),
    "8 settings that are never needed": ("faults/test_environment",),
    "9 whose answer is it": ("machine/test_git",),
    "10 one output takes the others along": (
        "faults/test_gate",
        "report/test_folder",
        "faults/test_small::report",
    ),
    "11 a dead end after a change of version": ("faults/test_versions::schema",),
    "12 one bad measure takes the record along": ("running/test_unmeasured",),
    "13 hidden files": ("faults/test_hidden",),
    "14 streams": ("faults/test_streams",),
    "15 what a file system cannot do": ("test_disk",),
    "16 limits of containers": ("machine/test_limits",),
    "17 the last writer wins": ("report/test_folder", "records/test_reviews::at_once"),
    "18 stale output": ("report/test_folder",),
    "19 control characters": ("toml/test_file", "records/test_shown"),
    "20 a false reason": ("test_locks", "faults/test_small::locks"),
    "21 advice that destroys": ("data/test_files::passed_over",),
    "22 absurd but finite": (
        "metrics/test_factors::any_size",
        "metrics/test_factors::double_precision",
    ),
    "23 smaller": ("faults/test_small", "toml/test_file", "faults/test_streams"),
}


def place(name: str) -> tuple[str, str]:
    """A test's file, from `tests/` and without its ending, and the part of a name that is meant."""
    file, _, part = name.partition("::")
    return file, part


def main() -> int:
    """As the module says."""
    files = sorted({f"tests/{place(name)[0]}.py" for names in KINDS.values() for name in names})
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder, "found.xml")
        command = ["-m", "pytest", "-q", "-n", "2", f"--junitxml={found}", *files, *sys.argv[1:]]
        code = subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode
        cases = list(ElementTree.parse(found).iter("testcase"))
    for kind, names in KINDS.items():
        mine = [case for case in cases if any(_is(case, *place(name)) for name in names)]
        bad = [
            case
            for case in mine
            if case.find("failure") is not None or case.find("error") is not None
        ]
        print(f"{'FAILED' if bad else 'ok' if mine else 'NOT RUN':8}{len(mine):4} tests  {kind}")
    spent = os.times()
    cpu = spent.children_user + spent.children_system
    print(f"{time.monotonic() - begun:.0f} s, {cpu:.0f} s of a core")
    return code


def _is(case: ElementTree.Element, file: str, part: str) -> bool:
    module = case.attrib["classname"].replace(".", "/")
    return module.endswith(file) and part in case.attrib["name"]


if __name__ == "__main__":
    sys.exit(main())
