"""Records that nothing was trained for: three runs of the small spec, a value a seed."""

from pathlib import Path

from project import SPEC

from ae.gate import baseline as baselines
from ae.gate.baseline import Baseline
from ae.gate.calibration import from_record
from ae.records.record import DataRecord, Environment, Record, RunRecord
from ae.records.record import write as write_record
from ae.spec.read import digest_of, read_spec

NAME = SPEC.stem
TEN, FEW = tuple(range(100, 110)), (0, 1, 2)
ENVIRONMENT = Environment(
    python="3.11.7", platform="Linux", machine="x86_64", processor="A", cores=2, memory_gib=8.0,
    device="CPU", threads=1, thread_policy="", precision="float32", versions={"torch": "2.13.0"},
    commit="c", dirty=False, code="d",
)  # fmt: skip


def record(seeds=FEW, *, name: str = NAME, tier: str = "quick", worse: float = 0.0) -> Record:
    """Squared errors near 20 that differ from seed to seed by tenths; `worse` is added to all."""
    spec = read_spec(SPEC)
    runs = [
        RunRecord(
            name=run.name, label=run.label, seeds=list(seeds), stack="s", diverged={},
            metrics={"squared_error": [20 + i + 0.1 * ((7 * s + i) % 10) + worse for s in seeds]},
            curves=[], parameters=1, steps=1, seconds=1.0,
        )
        for i, run in enumerate(spec.run)
    ]  # fmt: skip
    data = DataRecord(
        name="mnist", split="train", examples=320, available=60000, sha256="0" * 64, licence="l",
        citation="c", url="https://example.org", note="n",
    )  # fmt: skip
    return Record(
        schema_version=1, name=name, tier=tier,
        spec=spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        spec_digest=digest_of(spec), source=SPEC.read_text(), started="2026-11-21T10:00:00+00:00",
        seconds=3.0, environment=ENVIRONMENT, data=[data], runs=runs, figures=[],
    )  # fmt: skip


def store(results: Path, made: Record, folder: str | None = None) -> Path:
    """Write a record where a run would have; its path."""
    path = results / made.name / (folder or made.tier) / "record.json"
    write_record(made, path)
    return path


def twin(project: Path, name: str) -> str:
    """The small spec again under another name."""
    source = (project / "benchmarks" / SPEC.name).read_text()
    (project / "benchmarks" / f"{name}.toml").write_text(source)
    return name


def baseline(project: Path, name: str = NAME) -> Baseline:
    """Write what ten seeds make."""
    made = from_record(record(TEN, name=name))
    baselines.write(made, project / "reports" / "baseline" / f"{name}.json")
    return made
