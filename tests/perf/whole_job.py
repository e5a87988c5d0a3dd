"""One job done twice, by scripts of pythae and by `ae run`: table and wall time of each.

The job is the table of test bounds of Auto-Encoding Variational Bayes after 10^6 images: five sizes of
the code, five seeds each, by the protocol of benchmarks/kingma2014-vae.toml. The clock runs from an
installed checkout to the numbers: interpreters start, data are read, networks trained and measured. It
needs an idle machine: `tox -e whole-job`, or `-- --images 100000` for a tenth of it.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from ae.machine.threads import POLICY

SIZES = (3, 5, 10, 20, 200)
SEEDS = 5
WHOLE = 1_000_000  # images, for which the spec has runs
EXAMPLES = 60_000  # of the training set, at 10^6 images

Bounds = dict[str, list[float]]


def by_pythae(images, folder):
    """Size of the code -> a bound a seed; in a process without this project's settings."""
    env = {k: v for k, v in os.environ.items() if k not in POLICY} | {"PYTHONPATH": str(ROOT)}
    script, found = Path(__file__).with_name("pythae_job.py"), folder / "pythae.json"
    sizes = ",".join(map(str, SIZES))
    command = [sys.executable, str(script), str(images), sizes, str(SEEDS), str(found)]
    logged(command, env, folder / "pythae.log")
    return json.loads(found.read_text())


def by_suite(images, folder):
    """The same by `ae run`, from its record.

    Fewer images are as many epochs of fewer: with fewer epochs other runs of the spec would be the same
    as these, and be measured, too.
    """
    command = [sys.executable, "-m", "ae", "run", "kingma2014-vae", "--tier", "paper"]
    command += ["--run", "aevb-*-1e6", "--seeds", f"0-{SEEDS - 1}", "--no-track", "--no-pdf"]
    command += ["--device", "cpu", "--results", str(folder)]
    if images != WHOLE:
        command += ["--set", f"data.limit={images * EXAMPLES // WHOLE}"]
    logged(command, os.environ | {"PYTHONPATH": str(ROOT)}, folder / "suite.log")
    (path,) = (folder / "kingma2014-vae").glob("paper*/record.json")
    runs = {run["name"]: run for run in json.loads(path.read_text())["runs"]}
    return {str(size): runs[f"aevb-{size}-1e6"]["metrics"]["bound"] for size in SIZES}


def logged(command, env, log):
    """Run a command whose output goes to a file.

    Raises:
        SystemExit: It failed.
    """
    with log.open("w") as out:
        done = subprocess.run(command, env=env, stdout=out, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{log.read_text()}")


def table(bounds: Mapping[str, Sequence[float]]) -> str:
    """A line a size: mean over seeds and their standard deviation, nats."""
    lines = [f"{'latent':>8}  {'bound':>9}  {'deviation':>9}"]
    for size, each in bounds.items():
        mean, deviation = statistics.mean(each), statistics.stdev(each)
        lines.append(f"{size:>8}  {mean:9.2f}  {deviation:9.2f}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=WHOLE, help="Seen by each network.")
    images = parser.parse_args().images
    seconds = {}
    with tempfile.TemporaryDirectory(prefix="whole-job-") as folder:
        for name, job in (("pythae's scripts", by_pythae), ("ae run", by_suite)):
            start = time.perf_counter()
            bounds = job(images, Path(folder))
            seconds[name] = time.perf_counter() - start
            print(f"{name}: {seconds[name]:.0f} s\n{table(bounds)}\n", flush=True)
    slow, fast = seconds.values()
    job = f"{len(SIZES)} sizes, {SEEDS} seeds, {images:,} images"
    print(f"{job}: pythae's scripts take {slow / fast:.2f} times as long")


if __name__ == "__main__":
    main()
