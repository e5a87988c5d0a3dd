"""What all papers would take at so many seeds: core-hours, money, storage, memory.

`python tests/scale.py --seeds 50 --price 0.04` prints the tables as `docs/scale.md` has them.

A run whose seeds are in a published record of the tier paper costs what their processors took. Any
other costs the arithmetic of its steps, at the rate that the measured runs have reached: `Rates`.
"""

import argparse
import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ae.data.manifest import find_manifest
from ae.disk import digest
from ae.errors import UserError
from ae.library import Library
from ae.records import folders
from ae.records import record as records
from ae.records import speed as speeds
from ae.records.entries import RunRecord
from ae.running.estimate import PACE, USED, Speeds, labelled, steps_of
from ae.running.keeping import FILE, read_light
from ae.spec import Cell, Descent
from ae.spec.read import find_specs, read_spec
from ae.spec.tiers import cells
from ae.training.classes import model_class
from ae.training.memory import empty
from ae.training.plan import Member, StackPlan, builder

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "reports" / "published"
TIER = "paper"
FLOAT = 4  # bytes
LEAST = 1e11  # operations of a member, below which its time is not that of its arithmetic
ADAM = 4  # weights, gradients and two moments
CORES = (2, 64, 1024)
HOUR = 3600.0
Sizes = Mapping[tuple[str, str], int]
"""Data set and split -> how many examples it has."""
FILED = {("cifar10", "train"): 50_000, ("cifar10", "test"): 10_000, ("celeba", "train"): 162_770}


class Work(NamedTuple):
    """One run, a seed.

    Attributes:
        spec: Its spec's name.
        run: Its name.
        operations: Floating-point operations of its steps: of those that were timed, else of all.
        seconds: Of one core, measured, the mean over seeds; None where nothing was measured.
        weights: Bytes of its parameters.
    """

    spec: str
    run: str
    operations: float
    seconds: float | None
    weights: int


class Counted(Speeds):
    """Operations of a step, with its share of evaluations, counted once for runs that are alike."""

    def __init__(self) -> None:
        super().__init__([], "", 1 / USED)  # so that a second is an operation
        self._counted: dict[str, float] = {}

    def step(
        self,
        member: Member,
        stage: Descent,
        features: int,
        examples: int,
        watched: Mapping[str, int],
    ) -> float:
        """As of `Speeds`; what a model sweeps lives in buffers, and costs nothing."""
        swept = model_class(member.cell.model["class"]).sweeps
        model = {k: v for k, v in member.cell.model.items() if k not in swept}
        table = stage.model_dump(mode="json", exclude=PACE)
        key = digest([model, table, features, examples, dict(watched)])
        if key not in self._counted:
            self._counted[key] = super().step(member, stage, features, examples, watched)
        return self._counted[key]


class Rates(NamedTuple):
    """Operations a second of one core that measured runs have reached: quartiles."""

    low: float
    middle: float
    high: float


class Total(NamedTuple):
    """Of some runs at so many seeds; `measured` is the part of `hours` that rests on a clock."""

    members: int
    hours: float
    measured: float
    weights: int
    longest: float


def rates(runs: Iterable[Work]) -> Rates:
    """What the runs with a measured time reached, each counted once."""
    found = [r.operations / r.seconds for r in runs if r.seconds and r.operations > LEAST]
    return Rates(*statistics.quantiles(found, n=4, method="inclusive"))


def seconds_of(run: Work, rate: float) -> float:
    """Seconds of one core that a seed of a run takes."""
    return run.operations / rate if run.seconds is None else run.seconds


def total(runs: Iterable[Work], seeds: int, rate: float) -> Total:
    """What these runs take at so many seeds, `longest` hours for the longest member."""
    runs = list(runs)
    taken = [seconds_of(run, rate) / HOUR for run in runs]
    clocked = [run.seconds / HOUR for run in runs if run.seconds is not None]
    return Total(
        members=seeds * len(runs),
        hours=seeds * sum(taken),
        measured=seeds * sum(clocked),
        weights=seeds * sum(run.weights for run in runs),
        longest=max(taken, default=0.0),
    )


# ---------------------------------------------------------------- what is there to read


def sizes(library: Library, published: Path) -> dict[tuple[str, str], int]:
    """How many examples splits have: by manifests, by what records found, else `FILED`."""
    found = dict(FILED)
    found |= {
        (d.name, d.split): d.available
        for path in folders.listed(published)
        for d in records.read(path).data
    }
    for path in sorted((library.built_in / "datasets").glob("*.toml")):
        manifest = find_manifest(path.stem, library)
        for name, split in manifest.splits.items():
            if count := split.count or sum(piece.count for piece in split.pieces):
                found[path.stem, name] = count
    return found


def measured(run: RunRecord, steps: int, parameters: int) -> float | None:
    """Seconds of one core a seed, the mean, of a run that is the one of today; else None.

    It may have stopped early, so it may have fewer steps than planned.
    """
    same = run.parameters == parameters and run.steps <= steps
    own = [m.cpu_seconds for m in run.members if m.trained.get("device") == "CPU"]
    return statistics.mean(own) if own and same else None


def read_works(library: Library, published: Path) -> tuple[list[Work], list[str]]:
    """Every run of every paper's own tier; and what was left out, each with its reason."""
    found: list[Work] = []
    left: list[str] = []
    known, counted = sizes(library, published), Counted()
    for path in find_specs(library.built_in / "benchmarks"):
        spec = read_spec(path)
        try:
            listed = cells(spec, TIER, seeds=(0,), where=path.name)
        except UserError:
            continue  # it has no such tier
        own = published / path.stem / TIER / folders.RECORD
        before = {r.name: r for r in records.read(own).runs} if own.is_file() else {}
        try:
            found += _works(path.stem, listed, before, known, library, counted)
        except KeyError as error:
            left.append(
                f"`{path.stem}`: how many examples {error} has is known from its files alone"
            )
    return found, left


def _works(
    name: str,
    listed: Sequence[Cell],
    before: Mapping[str, RunRecord],
    known: Sizes,
    library: Library,
    counted: Counted,
) -> Iterator[Work]:
    for cell in listed:
        manifest = find_manifest(cell.data.name, library)
        member = Member(cell, 0, builder(cell, manifest.shape), "", {}, {})
        features, examples = math.prod(manifest.shape), _examples(cell, known, manifest.classes)
        shown = labelled(StackPlan((member,)), examples)
        steps, operations = 0, 0.0
        for _, stage in member.stages:
            many = steps_of(stage, examples, shown)
            steps += many
            if isinstance(stage, Descent):
                watched = {w.split: known[cell.data.name, w.split] for w in stage.watch.values()}
                one = counted.step(member, stage, features, examples, watched)
                operations += many * one
        parameters = sum(p.numel() for p in empty(member).parameters())
        record = before.get(cell.name)
        seconds = None if record is None else measured(record, steps, parameters)
        share = 1.0 if record is None or seconds is None else record.steps / max(steps, 1)
        yield Work(
            spec=name,
            run=cell.name,
            operations=share * operations,
            seconds=seconds,
            weights=FLOAT * parameters,
        )


def _examples(cell: Cell, known: Sizes, classes: int) -> int:
    data = cell.data
    found = known[data.name, data.train]
    if data.only != "all":
        found = found * len(data.only) // classes  # classes are about as frequent
    return found if data.limit == "all" else min(found, data.limit)


class Kept(NamedTuple):
    """What published records keep and took beside training, a member."""

    records: int
    members: int
    bytes: float
    seconds: float


def kept(published: Path) -> Kept:
    """Bytes of record, figures and notes, and seconds of measuring: the mean a member."""
    places = [p.parent for p in folders.listed(published) if (p.parent / FILE).is_file()]
    members, held, seconds = 0, 0, 0.0
    for place in places:
        light = read_light(place / FILE)
        members += len(light.measured)
        held += sum(path.stat().st_size for path in place.iterdir())
        seconds += sum(m["seconds"] for own in light.measured.values() for m in own.values())
    return Kept(len(places), members, held / members, seconds / members)


def driver_bytes(library: Library, published: Path) -> tuple[int, int]:
    """Bytes of training sets that `ae run --executor ray` holds: a copy a paper; each once."""
    known, each, once = sizes(library, published), 0, {}
    for path in find_specs(library.built_in / "benchmarks"):
        own = {}
        for cell in _listed(path):
            manifest = find_manifest(cell.data.name, library)
            row = (len(manifest.factor) or math.prod(manifest.shape)) + 8  # and its label
            count = _examples(cell, known, manifest.classes)
            own[cell.data.name, cell.data.train, count] = row * count
        each += sum(own.values())
        once |= own
    return each, sum(once.values())


def _listed(path: Path) -> list[Cell]:
    try:
        return cells(read_spec(path), TIER, seeds=(0,), where=path.name)
    except UserError:
        return []


# ---------------------------------------------------------------- what is printed


class Beside(NamedTuple):
    """What is not training: `kept`, and the bytes of training sets that the driver holds."""

    kept: Kept
    each: int
    once: int


def by_spec(works: Iterable[Work]) -> dict[str, list[Work]]:
    """The runs of each spec."""
    found: dict[str, list[Work]] = {}
    for work in works:
        found.setdefault(work.spec, []).append(work)
    return found


def cheapest(works: Iterable[Work], many: int, rate: float) -> list[Work]:
    """The runs of so many specs, those that take least."""
    groups = sorted(by_spec(works).values(), key=lambda own: total(own, 1, rate).hours)
    return [work for own in groups[:many] for work in own]


def in_all(works: Sequence[Work], many: int, seeds: int, price: float, beside: Beside) -> list[str]:
    """The table of the whole: the cheapest so many specs, so many at the mean, all."""
    found, specs = rates(works), len(by_spec(works))
    few = cheapest(works, many, found.middle)
    share = many / specs
    rows: list[list[str]] = []

    def row(name: str, show: Callable[[float], str], of: Callable[[Sequence[Work]], float]) -> None:
        values = (of(few), share * of(works), of(works))
        rows.append([name, *(show(value) for value in values)])

    def hours(rate: float) -> Callable[[Sequence[Work]], float]:
        return lambda runs: total(runs, seeds, rate).hours

    def members(runs: Sequence[Work]) -> float:
        return total(runs, seeds, found.middle).members

    row("members", whole, members)
    row("core-hours", brief, hours(found.middle))
    row("at the upper quartile's rate", brief, hours(found.high))
    row("at the lower quartile's rate", brief, hours(found.low))
    row("of them measured", brief, lambda w: total(w, seeds, found.middle).measured)
    row(f"money at {price:g} a core-hour", brief, lambda w: price * hours(found.middle)(w))
    row("weights, GB", brief, lambda w: total(w, seeds, found.middle).weights / 1e9)
    row("records and figures, GB", brief, lambda w: members(w) * beside.kept.bytes / 1e9)
    row("hours of measuring", brief, lambda w: members(w) * beside.kept.seconds / HOUR)
    heads = [f"{seeds} seeds", f"the {many} that take least", f"{many} at the mean", f"all {specs}"]
    return table(heads, rows)


def waiting(works: Sequence[Work], many: int, seeds: int, beside: Beside) -> list[str]:
    """Days at least, by cores: of all hours shared out, the longest member, and measuring."""
    found = rates(works)
    rows = []
    for cores in CORES:
        row = [f"{cores:,}"]
        for runs in (cheapest(works, many, found.middle), works):
            own = total(runs, seeds, found.middle)
            measuring = own.members * beside.kept.seconds / HOUR
            least = {
                "cores": own.hours / cores,
                "the longest member": own.longest,
                "measuring": measuring,
            }
            why = max(least, key=lambda name: least[name])
            row.append(f"{least[why] / 24:,.1f} ({why})")
        rows.append(row)
    return table(["cores", f"the {many} that take least", f"all {len(by_spec(works))}"], rows)


def dearest(works: Sequence[Work], seeds: int, most: int = 10) -> list[str]:
    """The specs that take most."""
    rate = rates(works).middle
    totals = {name: total(own, seeds, rate) for name, own in by_spec(works).items()}
    order = sorted(totals, key=lambda name: -totals[name].hours)
    rows = [
        [f"`{n}`", whole(t.members), *map(brief, t[1:3]), brief(t.longest)]
        for n, t in ((name, totals[name]) for name in order[:most])
    ]
    rest = [work for name in order[most:] for work in by_spec(works)[name]]
    t = total(rest, seeds, rate)
    name = f"the other {len(order[most:])}"
    rows.append([name, whole(t.members), *map(brief, t[1:3]), brief(t.longest)])
    return table(["spec", "members", "core-hours", "of them measured", "longest member, h"], rows)


def whole(value: float) -> str:
    """A count."""
    return f"{value:,.0f}"


def brief(value: float) -> str:
    """Three digits, for no more are known."""
    return f"{float(f'{value:.3g}'):,g}" if value < 1000 else whole(float(f"{value:.3g}"))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def facts(works: Sequence[Work], beside: Beside) -> list[str]:
    """What the tables rest on, a line each."""
    found, clocked = rates(works), [w for w in works if w.seconds is not None]
    largest = max(works, key=lambda work: work.weights)
    (perf,) = [speeds.read(path) for path in sorted((PUBLISHED / "perf").glob("*.json"))]
    base = max(cost.empty_mib for cost in perf.growth)
    low, middle, high = (rate / 1e9 for rate in found)
    return [
        (
            f"- measured: {len(clocked)} of {len(works)} runs, of {len(by_spec(clocked))} of "
            f"{len(by_spec(works))} specs"
        ),
        f"- GFLOP/s of one core that they reached: {middle:.1f}; quartiles {low:.1f} and {high:.1f}",
        (
            f"- the largest member, of `{largest.spec}`: {largest.weights / 1e6:.1f} MB of weights, "
            f"{ADAM * largest.weights / 1e6:.0f} MB with gradients and Adam's two moments"
        ),
        f"- a process before it has data: {base:.0f} MiB",
        (
            f"- measuring a member: {beside.kept.seconds:.1f} s, record and figures of one: "
            f"{beside.kept.bytes / 1e3:.0f} kB; means over {beside.kept.members} members of "
            f"{beside.kept.records} records"
        ),
        (
            f"- training sets: {beside.each / 1e9:.1f} GB, a copy a paper; {beside.once / 1e9:.1f} GB, "
            "each once"
        ),
    ]


def main() -> None:
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--specs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--price", type=float, required=True, help="of a core-hour, in your money")
    given = parser.parse_args()
    library = Library.at(ROOT)
    works, left = read_works(library, PUBLISHED)
    beside = Beside(kept(PUBLISHED), *driver_bytes(library, PUBLISHED))
    parts = [
        in_all(works, given.specs, given.seeds, given.price, beside),
        waiting(works, given.specs, given.seeds, beside),
        dearest(works, given.seeds),
        facts(works, beside),
        [f"- left out: {reason}" for reason in left],
    ]
    print("\n\n".join("\n".join(part) for part in parts))


if __name__ == "__main__":
    main()
