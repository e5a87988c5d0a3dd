"""A project with many specs, many records and long curves, laid out without training anything."""

import copy
import json
from pathlib import Path

from project import ROOT, SPEC

from ae.gate import baseline
from ae.gate.calibration import from_record
from ae.library import Library
from ae.records import record as records
from ae.records.record import Record
from ae.spec.read import digest_of, read_spec

GIVEN = Path(__file__).with_name("tracked-record.json")
FOLDERS = ("paper", "quick", "smoke", "quick-seeds-1000", "quick-seeds-1001")
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636000000002000148afa4710000000049454e44ae426082"
)


def lay(folder: Path, *, specs: int, each: int, points: int) -> int:
    """So many specs with records in so many tiers, with `points` points of curves in all."""
    for name in ("benchmarks", "reports", "results"):
        (folder / name).mkdir(parents=True)
    for name in ("ae", "datasets"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "reports" / "templates").symlink_to(ROOT / "reports" / "templates")
    rows = points // (specs * each * 9)  # three runs of three seeds
    made = 0
    for i in range(specs):
        path = folder / "benchmarks" / f"author{2000 + i % 20}-model-{i}.toml"
        path.write_text(SPEC.read_text())
        base = record(path, rows)
        for name in FOLDERS[:each]:
            place = folder / "results" / path.stem / name
            place.mkdir(parents=True)
            tier = name.partition("-")[0]
            records.write(base.model_copy(update={"tier": tier}), place / "record.json")
            (place / "filters.png").write_bytes(PNG)
            made += 1
    return made


def record(path: Path, rows: int) -> Record:
    """A record of a spec with curves of so many points a seed; its values are made up."""
    spec = read_spec(path)
    given = copy.deepcopy(json.loads(GIVEN.read_text()))
    steps = list(range(10, 10 * rows + 10, 10))
    runs = [
        {
            "name": run.name,
            "label": run.label,
            "seeds": [0, 1, 2],
            "stack": f"{j:064x}",
            "diverged": {},
            "metrics": {"squared_error": [30.0 + 5 * j, 31.0 + 5 * j, 30.5 + 5 * j]},
            "curves": [
                {
                    "stage": "fit",
                    "part": "loss",
                    "steps": steps,
                    "examples": [32 * s for s in steps],
                    "values": [[100 / (1 + s) + seed + j for s in steps] for seed in range(3)],
                }
            ],
            "parameters": 1000,
            "steps": 40,
            "seconds": 1.0,
        }
        for j, run in enumerate(spec.run)
    ]
    return Record.model_validate(
        given
        | {
            "name": path.stem,
            "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
            "spec_digest": digest_of(spec),
            "source": path.read_text(),
            "runs": runs,
        }
    )


def lay_baselines(folder: Path) -> None:
    """A baseline of ten seeds for every spec, which its records do not depart from."""
    seeds = list(range(100, 110))
    for path in sorted((folder / "results").glob("*/quick/record.json")):
        given = records.read(path)
        runs = [
            run.model_copy(
                update={
                    "seeds": seeds,
                    "metrics": {"squared_error": [30.5 + 5 * j + (i - 4.5) / 7 for i in range(10)]},
                }
            )
            for j, run in enumerate(given.runs)
        ]
        made = from_record(given.model_copy(update={"runs": runs}))
        place = Library.at(folder).baseline(given.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        baseline.write(made, place)
