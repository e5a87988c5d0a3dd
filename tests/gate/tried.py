"""Made-up records of three runs, and what the gate says of them."""

from pathlib import Path

import numpy as np
from project import ROOT

from ae.gate.calibration import from_record
from ae.gate.regress import Outcome, Trial, regress
from ae.records.entries import DataRecord, Environment, RunRecord
from ae.records.record import Record
from ae.spec import read as reading

TEN = tuple(range(100, 110))
ENVIRONMENT = Environment(
    python="3.11.7", platform="Linux", machine="x86_64", processor="A", cores=2, memory_gib=8.0,
    device="CPU", threads=1, thread_policy="", precision="float32",
    versions={"torch": "2.13.0", "numpy": "2.4.0"}, commit="c", dirty=False, code="d",
)  # fmt: skip
SPEC = reading.read_spec(ROOT / "tests" / "tiny2020-dae.toml")


def record(seeds=(0, 1, 2), *, move=None, diverged=None, **changes) -> Record:
    """Three runs whose squared errors are near 20, sd 1; `move` is added to a run's."""
    runs = []
    for i, name in enumerate(("plain", "noisy", "wide")):
        values = [float(np.random.default_rng([seed, i]).normal(20, 1)) for seed in seeds]
        values = [v + (move or {}).get(name, 0.0) for v in values]
        runs.append(
            RunRecord(
                name=name, label=name, seeds=list(seeds), stack="s", diverged=diverged or {},
                metrics={"squared_error": values}, curves=[], parameters=1, steps=1,
                seconds=0.1 * len(seeds), applied={"fit/steps": [10]},
            )
        )  # fmt: skip
    data = DataRecord(
        name="mnist", split="train", examples=320, available=60000, sha256="0" * 64, licence="",
        citation="", url="", note="",
    )  # fmt: skip
    made = Record(
        schema_version=1, name="tiny2020-dae", tier="quick",
        spec=SPEC.model_dump(mode="json", by_alias=True, exclude_none=True),
        spec_digest="e" * 64, source="", started="2026-11-21T10:00:00+00:00", seconds=1.0,
        environment=ENVIRONMENT, data=[data], runs=runs, figures=[],
    )  # fmt: skip
    return made.model_copy(update=changes)


BASELINE = from_record(record(TEN))


def judged(new: Record, old=BASELINE, usage=None) -> Outcome:
    return regress([Trial(new, old, Path("reports/baseline/tiny2020-dae.json"), usage)])
