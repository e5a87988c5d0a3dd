"""Claims and records for the tests of the verdict rule."""

import json
from typing import Any

import numpy as np

from ae.records.entries import Environment, RunRecord
from ae.records.record import Record
from ae.spec import (
    EqualClaim,
    ExactClaim,
    FigureClaim,
    OrderClaim,
    PooledClaim,
    Spread,
    TrendClaim,
    ValueClaim,
)

BASE: dict[str, Any] = {
    "id": "c",
    "statement": "as the paper says",
    "metric": "nll",
    "source": "table 1",
    "status": "read",
    "primary": True,
    "tiers": ("paper", "quick"),
}
MARGIN: dict[str, Any] = {"margin": 1.0, "margin_reason": "half the gap"}
NONE = Spread(kind="none")
FIVE = np.array([3.1, 2.7, 3.4, 2.9, 3.2])


def value_claim(value: float = 3.0, digits: int = 30, **changes: Any) -> ValueClaim:
    keys = BASE | MARGIN | {"run": "a", "printed": f"{value:.{digits}f}"}
    return ValueClaim(**keys | {"kind": "value", "spread": NONE} | changes)


def order_claim(better: str = "a", worse: str = "b", **changes: Any) -> OrderClaim:
    """Of a metric of which less is better, as all of these are."""
    runs = {"lower": better, "higher": worse}
    return OrderClaim(**BASE | MARGIN | {"kind": "order"} | runs | changes)


def equal_claim(**changes: Any) -> EqualClaim:
    return EqualClaim(**BASE | MARGIN | {"kind": "equal", "runs": ("a", "b")} | changes)


def trend_claim(length: int = 4, **changes: Any) -> TrendClaim:
    names = tuple("abcdefghij"[:length])
    return TrendClaim(**BASE | MARGIN | {"kind": "trend", "runs": names, "moves": "up"} | changes)


def figure_claim(**changes: Any) -> FigureClaim:
    keys = {"run": "a", "readings": (2.9, 3.1), "half_width": 0.05, "figure": "fig. 5"}
    return FigureClaim(**BASE | MARGIN | keys | {"kind": "figure"} | changes)


def exact_claim(**changes: Any) -> ExactClaim:
    keys = {"run": "a", "value": 1.0, "tolerance": 0.5, "tolerance_reason": "float32"}
    return ExactClaim(**BASE | keys | {"kind": "exact"} | changes)


def pooled_claim(**changes: Any) -> PooledClaim:
    keys = {
        "statistic": "mean", "groups": (("a", "b"), ("c",)), "sense": "above", "bound": 0.0,
        "bound_reason": "a test",
    }  # fmt: skip
    return PooledClaim(**BASE | keys | {"kind": "pooled"} | changes)


ENVIRONMENT = Environment(
    python="3", platform="p", machine="m", processor="c", cores=1, memory_gib=1.0, device="cpu",
    threads=1, thread_policy="", precision="float32", versions={}, commit="", dirty=False, code="",
)  # fmt: skip


def run(name: str, values: Any, **changes: Any) -> RunRecord:
    """A run of the record, its seeds from 0 on; `values` of the metric nll, or a table of metrics."""
    metrics = values if isinstance(values, dict) else {"nll": values}
    metrics = {name: list(map(float, given)) for name, given in metrics.items()}
    keys: dict[str, Any] = {
        "name": name,
        "label": name,
        "seeds": list(range(len(next(iter(metrics.values()), ())))),
        "stack": "",
        "diverged": {},
        "metrics": metrics,
        "curves": [],
        "parameters": 1,
        "steps": 1,
        "seconds": 1.0,
    }
    return RunRecord(**keys | changes)


def record(
    claims: list[Any],
    runs: list[RunRecord],
    tier: str = "paper",
    *,
    seeds: int | None = None,
    others: tuple[str, ...] = (),
) -> Record:
    """A record of these claims; the spec lists for a run as many seeds as it has, or `seeds`."""

    def listed(one: RunRecord) -> list[int]:
        return list(range(seeds or len(one.seeds)))

    stages = {"main": {"fit": "fit"}}
    measures = [
        {"name": name, "function": "f.g", "label": "NLL", "unit": "nats", "direction": "lower"}
        for name in ("nll", *others)
    ]
    spec = {
        "paper": {
            "title": "T", "authors": "A", "venue": "V", "year": 2014, "url": "u",
            "family": "f", "idea": "i",
        },
        "data": {"name": "d", "train": "a", "test": "b", "limit": "all", "test_limit": "all"},
        "model": {"class": "pca.PCA"},
        "train": {"seeds": [0], "use": ["main"], "stages": stages},
        "measure": measures,
        "run": [
            {"name": r.name, "label": r.name, "train": {"seeds": listed(r)}} for r in runs if r.seeds
        ]
        or [{"name": "z", "label": "z"}],
        "claim": [claim.model_dump(mode="json") for claim in claims],
        "deviation": [],
        "tier": {"paper": {}, "quick": {}, "smoke": {}},
    }  # fmt: skip
    return Record(
        schema_version=1, name="spec", tier=tier, spec=json.loads(json.dumps(spec)),
        spec_digest="", source="", started="2026-11-21", seconds=1.0, environment=ENVIRONMENT, data=[],
        runs=runs, figures=[],
    )  # fmt: skip
