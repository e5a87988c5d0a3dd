"""Run the small project with too little memory: `PYTHONPATH=. python tests/limited.py FOLDER`.

The system itself refuses: after a run without a limit this process may grow by so many MiB, then by
fewer, and no more. Prints what was said of halves, whether the record is the first one's, and the error.
"""

import gc
import re
import resource
import sys
from contextlib import suppress
from pathlib import Path

import project as small
import torch
from project import make

from ae.errors import OutsideError
from ae.running import paper

GRANTED = (140, 20)  # four members of 12.5 MiB: trained by two, not even made


def run(root: Path, results: str) -> tuple[list[str], str]:
    """Run it: what was said of halves, and the record's digest."""
    events, record = small.run(root, results)
    halves = dict.fromkeys(h for e in events for h in re.findall(r"\((half .*)\)", e.detail))
    return list(halves), record.digest


def grant(mib: int) -> None:
    """Let this process grow by so much."""
    gc.collect()
    size = re.search(r"VmSize:\s+(\d+)", Path("/proc/self/status").read_text())
    assert size is not None
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (int(size[1]) * 1024 + mib * 2**20, most))


def filled(mib: int) -> list[torch.Tensor]:
    """What it may still have, but for so much: also what was freed and is not given back."""
    blocks = []
    with suppress(RuntimeError):
        while True:
            blocks.append(torch.empty(2**19))  # 2 MiB
    return blocks[: -mib // 2]


def main(folder: str) -> None:
    """As the module says."""
    root = make(Path(folder), epochs="1", limit="96", hidden="2000", seeds='"0-1"')
    _, whole = run(root, "whole")
    for mib in GRANTED:
        grant(mib)
        held = filled(mib) if mib == min(GRANTED) else []
        try:
            halves, digest = run(root, f"granted{mib}")
            print(f"{mib} MiB: {'; '.join(halves)}: {'equal' if digest == whole else 'other'}")
        except OutsideError as error:
            print(f"{mib} MiB: {error}")
        del held


if __name__ == "__main__":
    torch.set_num_threads(1)
    paper.GRAIN = 1e12  # all members in one stack, whatever they cost
    main(*sys.argv[1:])
