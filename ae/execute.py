"""Runs a spec: trains its stacks, measures, draws, writes the record; resumes.

A spec's folder is `results/<spec>/<tier>/`. Finished stacks and a finished record are recognised
by their keys and not made again. Interrupted training goes on from its last checkpoint.
"""

import importlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from ae import record as records
from ae.data.dataset import Dataset, load
from ae.energy import Meter, meter
from ae.environment import capture, products
from ae.errors import OutsideError, exhausted
from ae.fitted import Fitted
from ae.fitting import Fitting, Interrupted
from ae.folder import RECORD, finish, finished, forget, held, prune, stage
from ae.manifest import Manifest, find_manifest
from ae.plan import PACKAGE, StackPlan, code_digest, plan
from ae.read import cells, digest_of, read_spec
from ae.record import DataRecord, Environment, FigureRecord, Record, RunRecord, digest
from ae.spec import Cell, Figure, Labels, Measure
from ae.trained import Measured, Trained

__all__ = ["Event", "Execution", "Interrupted"]


CURVE = 1000  # numbers that a record keeps of a curve, over all its seeds
FEWEST_POINTS = 20  # but so many of each seed
MEASURER = (
    "execute.py",
    "fitted.py",
    "fitting.py",
    "pooled.py",
    "trained.py",
)  # and metrics, figures


@dataclass(frozen=True)
class Event:
    """Something that a person who waits may want to see.

    `done` of `total` is the whole spec's work in arbitrary units that cost about the same time;
    `share` is how much of the present stack is done.
    """

    phase: str
    detail: str
    done: float
    total: float
    share: float = 1.0


Executor = Callable[[Sequence[Fitting], Callable[[], bool]], Iterator[tuple[str, float, float]]]
"""Fits stacks until it is told to stop: what it does, the cost that is done, the stack's share."""


def fit_here(
    fittings: Sequence[Fitting], stop: Callable[[], bool]
) -> Iterator[tuple[str, float, float]]:
    """Train one stack after another in this process."""
    done = 0.0
    for fitting in fittings:
        for name, share in fitting.run(stop):
            yield f"{fitting.plan.name}, {name}", done + share * fitting.cost, share
        done += fitting.cost


@dataclass
class Execution:
    """One spec in one tier, to be run.

    Args:
        path: The spec's file.
        tier: Which tier of it.
        root: The project's folder, with `datasets/`.
        results: Where results are kept.
        device: Where stacks train, `cpu` or `cuda`; they are measured there too if this machine can.
        seeds: Instead of the spec's, if any.
        fresh: Forget what was done before.
        stop: Asked after every step; when true, a checkpoint is written and `Interrupted` raised.
        executor: What trains the stacks, here or elsewhere.
        memory: Bytes that a stack may take on the device beside its data, else it is trained in
            halves; by default what is free there.
        draw: Whether to draw the figures; a record with them serves where none are asked for.
    """

    path: Path
    tier: str
    root: Path
    results: Path
    device: str
    seeds: tuple[int, ...] | None = None
    fresh: bool = False
    stop: Callable[[], bool] = lambda: False
    executor: Executor = fit_here
    memory: float | None = None
    draw: bool = True
    _data: dict[tuple[str, str, int | str, Labels | str, int | str], Dataset] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        self.spec = read_spec(self.path)
        self.name = self.path.stem
        self.folder = self.results / self.name / folder_name(self.tier, self.seeds)
        self.cells = cells(self.spec, self.tier, seeds=self.seeds, where=self.path.name)
        self.here = self.device if torch.cuda.is_available() else "cpu"

    def plan(self) -> list[StackPlan]:
        """The stacks that this would train; loads the data that they are keyed by."""
        shapes = {c.data.name: self._manifest(c).shape for c in self.cells}
        data = {c.name: self._split(c, "train").sha256 for c in self.cells}
        return plan(self.cells, shapes, data, self.device)

    def run(self) -> Iterator[Event]:
        """Do what is not done yet; afterwards the record is at `record_path`."""
        at = "its beginning"
        with held(self.folder), products("float32", self.here):
            try:
                for event in self._locked():
                    at = f"{event.phase}, {event.detail}"
                    yield event
            except (MemoryError, RuntimeError) as error:
                if (said := exhausted(error)) is None:
                    raise
                raise OutsideError(
                    f"{self.name}: out of memory (last: {at}): {said}; what is trained is kept"
                ) from None

    @property
    def record_path(self) -> Path:
        """Where the record is, once there is one."""
        return self.folder / RECORD

    def _locked(self) -> Iterator[Event]:
        if self.fresh:
            forget(self.folder)
        yield Event("data", "reading and verifying", 0, 1, 0)
        stacks = self.plan()
        work = self._work_key(stacks, draw=self.draw)
        if finished(self.folder, work) or (
            not self.draw and finished(self.folder, self._work_key(stacks, draw=True))
        ):
            yield Event("done", "already done; nothing to train", 1, 1)
            return
        clock, started = time.perf_counter(), datetime.now(UTC)
        fittings = [
            Fitting(s, self.source(s), self.folder, self.here, limit=self.memory) for s in stacks
        ]
        total = sum(f.cost for f in fittings)
        energy = meter(self.here) if self.executor is fit_here else Meter((), "trained elsewhere")
        for detail, done, share in self.executor(fittings, self.stop):
            energy.read()
            yield Event("train", detail, done, total, share)
        fitted = [f.result for f in fittings if f.result is not None]
        metrics: dict[str, dict[str, dict[int, float]]] = {c.name: {} for c in self.cells}
        trained = self._trained(stacks, fitted, metrics)
        for run, measure in self._measures():
            self._heed()
            energy.read()
            yield Event("measure", f"{measure.name} of {run}", total, total)
            metrics[run][measure.name] = _measured(trained[run], measure)
        figures, staged = [], stage(self.folder)
        for figure in self.spec.figure if self.draw else ():
            if runs := [trained[r] for r in figure.runs if r in trained]:
                self._heed()
                yield Event("draw", figure.name, total, total)
                figures.append(_draw(figure, runs, staged))
        record = self._record(stacks, fitted, trained, figures, started, clock)
        finish(self.folder, record.model_copy(update={"energy": energy.total()}), work)
        prune(self.folder, {s.key for s in stacks})
        yield Event("done", "trained, measured, recorded", 1, 1)

    def _heed(self) -> None:
        if self.stop():
            raise Interrupted("trained stacks are kept")

    def _manifest(self, cell: Cell) -> Manifest:
        return find_manifest(cell.data.name, self.root / "datasets")

    def _split(self, cell: Cell, which: str) -> Dataset:
        table = cell.data
        split, limit, only, labelled = (
            (table.train, table.limit, table.only, table.labelled)
            if which == "train"
            else (table.test, table.test_limit, "all", "all")
        )
        key = (table.name, split, limit, only, labelled)
        if key not in self._data:
            self._data[key] = load(
                self._manifest(cell),
                split,
                limit=limit,
                root=self.root,
                device=self.here,
                only=only,
                labelled=labelled,
            )
        return self._data[key]

    def origins(self) -> dict[str, str]:
        """Which of the two was used of each data set that is an original file or rendered."""
        return {data.name: data.origin for data in self._data.values() if data.origin}

    def source(self, stack: StackPlan) -> Dataset:
        """The training set of a stack."""
        return self._split(stack.cells[0], "train")

    def _work_key(self, stacks: Sequence[StackPlan], *, draw: bool) -> str:
        code = sorted(
            str(p.relative_to(PACKAGE))
            for folder in ("metrics", "figures")
            for p in (PACKAGE / folder).glob("*.py")
        )
        return digest(
            {
                "spec": digest_of(self.spec),
                "source": self.path.read_text(encoding="utf-8"),
                "tier": self.tier,
                "stacks": [s.key for s in stacks],
                "draw": draw,
                "test": [self._split(c, "test").sha256 for c in self.cells],
                "code": code_digest(*code, *MEASURER),
            }
        )

    def _trained(
        self, stacks: Sequence[StackPlan], fitted: Sequence[Fitted], measured: Measured
    ) -> dict[str, Trained]:
        found = {}
        for stack, result in zip(stacks, fitted, strict=True):
            for cell in stack.cells:
                members = stack.members_of(cell.name)
                found[cell.name] = Trained(
                    name=cell.name,
                    label=cell.label,
                    stack=result.stack.select(members),
                    train=self._split(cell, "train").for_seeds(cell.train.seeds),
                    test=self._split(cell, "test").for_seeds(cell.train.seeds),
                    diverged={
                        i: result.diverged[m] for i, m in enumerate(members) if m in result.diverged
                    },
                    curves=[curve.of(members) for curve in result.curves],
                    measured=measured,
                )
        return found

    def _measures(self) -> Iterator[tuple[str, Measure]]:
        """Every measure of all its runs, then the next: it may look at what others have found."""
        changed = next(t for name, t in self.spec.tier.items() if name == self.tier).measure
        for own in self.spec.measure:
            arguments = {**own.arguments, **changed.get(own.name, {})}
            measure = own.model_copy(update={"arguments": arguments})
            for cell in self.cells:
                wanted = measure.runs == "all" or cell.name in measure.runs
                if wanted and self.tier in measure.tiers:
                    yield cell.name, measure

    def _record(
        self,
        stacks: Sequence[StackPlan],
        fitted: Sequence[Fitted],
        trained: dict[str, Trained],
        figures: list[FigureRecord],
        started: datetime,
        clock: float,
    ) -> Record:
        by_run = {}
        for stack, result in zip(stacks, fitted, strict=True):
            for cell in stack.cells:
                by_run[cell.name] = _run_record(stack, result, cell, trained[cell.name])
        return Record(
            schema_version=records.SCHEMA,
            name=self.name,
            tier=self.tier,
            spec=self.spec.model_dump(mode="json", by_alias=True, exclude_none=True),
            spec_digest=digest_of(self.spec),
            source=self.path.read_text(encoding="utf-8"),
            started=started.isoformat(timespec="seconds"),
            seconds=round(time.perf_counter() - clock + sum(f.seconds_before for f in fitted), 3),
            environment=self._environment(),
            data=self._data_records(),
            runs=[by_run[c.name] for c in self.cells],
            figures=figures,
        )

    def _environment(self) -> Environment:
        found = capture(self.root, self.here, code_digest(*_all_code()), self._precision())
        if self.here == self.device:
            return found
        return found.model_copy(update={"device": f"{self.device} elsewhere; measured on a CPU"})

    def _precision(self) -> str:
        """That of products: in training what the spec says, on CUDA; else single."""
        rounded = [c.name for c in self.cells if c.train.precision == "tf32"]
        if self.device == "cpu" or not rounded:
            return "float32"
        return f"tf32 in training {', '.join(rounded)}; else float32"

    def _data_records(self) -> list[DataRecord]:
        return [
            DataRecord(
                name=data.name,
                split=data.described,
                examples=len(data.x),
                available=data.available,
                sha256=data.sha256,
                licence=data.manifest.licence,
                citation=data.manifest.citation,
                url=data.manifest.url,
                note=data.manifest.note,
            )
            for data in self._data.values()
        ]


def folder_name(tier: str, seeds: tuple[int, ...] | None) -> str:
    """The folder of a tier; other seeds than the spec's have one of their own."""
    if seeds is None:
        return tier
    return f"{tier}-seeds-{'-'.join(map(str, seeds)) if len(seeds) < 9 else digest(seeds)[:12]}"


def _measured(trained: Trained, measure: Measure) -> dict[int, float]:
    values: list[float] = _function("metrics", measure.function)(trained, **measure.arguments)
    return {
        seed: float("nan") if i in trained.diverged else float(value)
        for i, (seed, value) in enumerate(zip(trained.seeds, values, strict=True))
    }


def _draw(figure: Figure, runs: list[Trained], folder: Path) -> FigureRecord:
    from ae.figures.drawing import save

    drawing = _function("figures", figure.function)(runs, **figure.arguments)
    saved = save(drawing, folder, figure.name)
    return FigureRecord(
        name=figure.name,
        title=figure.title,
        caption=figure.caption,
        paper=figure.paper,
        image=saved.image,
        vector=saved.vector,
        arrays=saved.arrays,
        digest=saved.digest,
        width=saved.width,
        height=saved.height,
        interaction=saved.interaction,
    )


def _function(folder: str, path: str) -> Callable[..., Any]:
    file, _, name = path.partition(".")
    function: Callable[..., Any] = getattr(importlib.import_module(f"ae.{folder}.{file}"), name)
    return function


def _run_record(
    stack: StackPlan,
    result: Fitted,
    cell: Cell,
    one: Trained,
) -> RunRecord:
    members = stack.members_of(cell.name)
    points = max(FEWEST_POINTS, CURVE // len(members))
    return RunRecord(
        name=cell.name,
        label=cell.label,
        seeds=list(one.seeds),
        stack=stack.key,
        diverged={one.seeds[i]: reason for i, reason in one.diverged.items()},
        metrics={name: [*values.values()] for name, values in one.measured[cell.name].items()},
        curves=[curve.of(members).thinned(points) for curve in result.curves],
        parameters=sum(p[0].numel() for p in one.stack.parameters.values()),
        steps=result.steps,
        seconds=round(result.seconds * len(members) / len(stack.members), 3),
        trained=result.trained,
    )


def _all_code() -> list[str]:
    return [str(p.relative_to(PACKAGE)) for p in PACKAGE.rglob("*.py")]


def choose_device(wanted: str) -> str:
    """`auto` is CUDA where there is one; asking for CUDA where there is none is an error."""
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise OutsideError("--device cuda: this torch sees no CUDA device; use --device cpu")
    return "cuda" if wanted != "cpu" and available else "cpu"
