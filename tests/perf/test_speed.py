"""Every arm of a workload in turn, round by round."""

import pytest
from arms import Peak, names
from workloads import WORKLOADS

TURNS = [
    pytest.param(w, name, id=f"{w.name}-{turn}-{name}")
    for w in WORKLOADS.values()
    for turn in range(w.rounds)
    for name in names(w)
]


@pytest.mark.parametrize(("workload", "name"), TURNS)
def test_speed(workload, name, results, benchmark):
    arm = results.arm(workload, name)
    benchmark.extra_info.update(seeds=arm.seeds, steps=arm.steps)
    benchmark.pedantic(arm.run, rounds=6 if name == "peak" else 1)
    seconds = benchmark.stats["min"]
    if isinstance(arm, Peak):
        results.peaks.append(arm.flops / seconds)
    else:
        results.seconds[workload.name, name][3].append(seconds)
