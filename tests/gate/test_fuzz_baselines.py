"""Damaged baselines, the project's own: the gate compares with them or refuses them in one line."""

import io
import json
from pathlib import Path

import pytest
from fuzz import chances, damaged, mutated, refusal
from rich.console import Console

from ae.gate import baseline as baselines
from ae.gate import show
from ae.gate.github import annotations
from ae.gate.junit import junit
from ae.gate.regress import Trial, regress
from ae.records import record
from ae.spec.read import read_spec

ROOT = Path(__file__).parents[2]
NAME = "hinton2006-deep-autoencoder"
USAGE = baselines.Usage(cpu=20.0, wall=11.0, peak_mib=900.0, yardstick=0.5)
GIVEN = json.loads((ROOT / "reports" / "baseline" / f"{NAME}.json").read_bytes())
GIVEN["usage"] = USAGE.model_dump()  # so that time and memory are compared, too
RECORD = record.read(ROOT / "reports" / "published" / NAME / "quick" / "record.json")
SPEC = read_spec(ROOT / "benchmarks" / f"{NAME}.toml")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("baselines") / f"{NAME}.json"


def use(path: Path) -> None:
    """All that the gate does with a baseline."""
    baseline = baselines.read(path)
    baselines.check(baseline, path, SPEC, NAME)
    outcome = regress([Trial(RECORD, baseline, path, USAGE)])
    list(annotations(outcome))
    junit(outcome)
    json.loads(show.as_json(outcome))
    show.markdown(outcome)
    show.show(outcome, Console(file=io.StringIO()), everything=True)


def tried(path: Path, content: bytes) -> str | None:
    path.write_bytes(content)
    return refusal(lambda: use(path))


def test_the_given_baseline_is_whole(path):
    assert tried(path, json.dumps(GIVEN).encode()) is None


@chances(100)
def test_a_baseline_with_other_values_is_used_or_refused_in_one_line(path, chance):
    tried(path, json.dumps(mutated(GIVEN, chance)).encode())


@chances(60)
def test_a_baseline_with_damaged_bytes_is_used_or_refused_in_one_line(path, chance):
    tried(path, damaged(json.dumps(GIVEN).encode(), chance))
