"""Trains peers as their users run them: `worker.py WORKLOAD`, then a peer's name a line.

Imports nothing that sets how threads wait or how memory is kept. Answers `done` after each epoch.
"""

import os
import sys

from arms import PEERS
from workloads import WORKLOADS

from ae.machine.threads import use_threads

answers = os.fdopen(os.dup(1), "w")
sys.stdout = sys.stderr  # peers may print
use_threads()
workload, made = WORKLOADS[sys.argv[1]], {}
for line in sys.stdin:
    name = line.strip()
    if name not in made:
        made[name] = PEERS[name](workload)
    made[name].run()
    answers.write("done\n")
    answers.flush()
