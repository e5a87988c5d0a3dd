"""Time and memory against seeds, examples and width, each point in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ae.records.speed import Cost

SCRIPT = Path(__file__).with_name("growth.py")
POINTS = [
    *(("seeds", s, 6000, 500, max(4, 100 // s)) for s in (1, 2, 4, 10, 16, 32, 64)),
    *(("examples", 1, n, 500, n // 100) for n in (7500, 15000, 30000, 60000)),
    *(("width", 10, 6000, w, max(4, 5000 // w)) for w in (125, 250, 500, 1000, 2000)),
]


@pytest.mark.parametrize("point", POINTS, ids=lambda p: "-".join(map(str, p)))
def test_growth(point, results):
    command = [sys.executable, str(SCRIPT), *map(str, point)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    cost = Cost.model_validate(json.loads(done.stdout))
    results.growth.append(cost)
    if cost.axis == "seeds" and cost.seeds == 10:
        assert cost.peak_mib < 1500  # the aim; memory does not depend on who else is running
