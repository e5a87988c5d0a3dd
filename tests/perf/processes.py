"""Processes beside this one that train when they are told to."""

import os
import subprocess
import sys
from pathlib import Path

from ae.machine.threads import POLICY


class Process:
    """A script that does what a line of its input names, and answers each."""

    def __init__(self, script, *arguments, env):
        root = str(Path(__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(script)), *arguments],
            env={**env, "PYTHONPATH": root},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, name):
        self.process.stdin.write(f"{name}\n")
        self.process.stdin.flush()

    def wait(self):
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError(f"{self.process.args} ended with {self.process.wait()}")

    def run(self, name):
        self.begin(name)
        self.wait()

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


def peer(workload):
    """The process that trains peers as their users do: without this project's settings."""
    env = {k: v for k, v in os.environ.items() if k not in POLICY}
    return Process("worker.py", workload.name, env=env)
