"""Trains seeds of a workload as a worker of `ae run` does: `seeds.py WORKLOAD SEED...`.

One after another, each by itself, one thread: every network here is above the size from which seeds
train alone on a CPU. Each line of the input is an epoch of each; it answers `done`.
"""

import os
import sys

from ae.machine.threads import set_policy

set_policy()
answers = os.fdopen(os.dup(1), "w")
sys.stdout = sys.stderr

from arms import Stacked
from workloads import WORKLOADS

from ae.machine.threads import use_threads
from ae.running.paper import GRAIN

use_threads()
workload = WORKLOADS[sys.argv[1]]
assert workload.flops > GRAIN / 1.5  # else `ae run` would train several at once
made = [Stacked(workload, [int(seed)]) for seed in sys.argv[2:]]
fresh = True
for _ in sys.stdin:
    for seed in made:
        if fresh:
            seed.warm()
        seed.run()
    fresh = False
    answers.write("done\n")
    answers.flush()
