"""One point of how cost grows, in a process of its own: `growth.py AXIS SEEDS EXAMPLES WIDTH STEPS`.

Prints what `ae.records.speed.Cost` holds, as JSON.
"""

import json
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2]))

from ae.machine.threads import set_policy, use_threads

set_policy()


def peak_mib():
    """Resident at most so far, MiB.

    Not `getrusage`: Linux starts its count from what the process that started this one held.
    """
    (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kib) / 1024


def main(axis, seeds, examples, width, steps):
    import torch
    from arms import protocol, source
    from workloads import aevb

    from ae.training.stack import Stack
    from ae.training.trainer import Training

    use_threads()
    torch._foreach_norm([torch.ones(2)])  # loads what the optimisers load
    empty = peak_mib()
    images = torch.randint(256, (examples, 784), dtype=torch.uint8)
    stack = Stack([aevb(width)] * seeds, range(seeds))
    stage = protocol(100, (steps + 2) * 100 / examples)
    training = Training(stack, [("train", stage)], source(images)).run()
    for _ in range(2):
        next(training)
    start = time.perf_counter()
    for _ in range(steps):
        next(training)
    cost = {"axis": axis, "seeds": seeds, "examples": examples, "width": width, "steps": steps}
    cost["seconds"] = time.perf_counter() - start
    print(json.dumps({**cost, "peak_mib": peak_mib(), "empty_mib": empty}))


if __name__ == "__main__":
    main(sys.argv[1], *(int(a) for a in sys.argv[2:]))
