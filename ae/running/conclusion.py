"""What follows training: measure the members that are there, draw, write the record."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from ae.data.dataset import Dataset
from ae.disk import digest
from ae.errors import Interrupted, Unmeasurable, UserError, plain
from ae.records import record as records
from ae.records.figures import FigureRecord
from ae.running.event import Event
from ae.running.folder import figures_of, finish, finished, prune, stage
from ae.running.measurements import Measurements, Watched
from ae.running.paper import Paper
from ae.running.pictures import Found, Pictures
from ae.running.record import assembled
from ae.spec import Cell, Measure
from ae.spec.read import digest_of
from ae.training.classes import function
from ae.training.members import TrainedMember, curves
from ae.training.plan import Member
from ae.training.stack import Stack
from ae.training.trained_run import InParts, Trained


class Conclusion:
    """The measuring, drawing and recording of a paper's members.

    Args:
        paper: The paper; its members that are there are taken.
        stop: Asked between measures and between figures.
    """

    def __init__(self, paper: Paper, stop: Callable[[], bool]) -> None:
        self.paper, self.stop = paper, stop
        self.found: Found = paper.there()
        self.known = Measurements(paper.folder)
        self.by_run: dict[str, Found] = {}
        for member, files in self.found:
            self.by_run.setdefault(member.run, []).append((member, files))
        first = {run: [files[0].path.stem for _, files in own] for run, own in self.by_run.items()}
        self.measures = paper.measures(self.known, first)
        self.values: dict[str, dict[str, dict[int, float]]] = {run: {} for run in self.by_run}
        self.twins: dict[tuple[str, str], dict[str, float]] = {}
        self.notes: list[str] = []
        self.unmeasured: dict[str, dict[str, dict[int, str]]] = {}
        self._pictures = Pictures(
            paper,
            self.by_run,
            self.measures,
            lambda run, group: self._trained(run, group, Watched(self.values)),
        )

    @property
    def key(self) -> str:
        """Digest of all that the record depends on."""
        return self._key(draw=self.paper.settings.draw)

    def _key(self, *, draw: bool) -> str:
        paper = self.paper
        return digest(
            {
                "schema": records.SCHEMA,
                "spec": digest_of(paper.spec),
                "source": paper.path.read_text(encoding="utf-8"),
                "tier": paper.settings.tier,
                "members": [[m.run, m.seed, *(f.path.stem for f in fs)] for m, fs in self.found],
                "measures": [[run, self.paper.measure_key(run, m)] for run, m in self.measures],
                "figures": [self._pictures.key(figure) for figure in self._pictures.wanted()]
                if draw
                else [],
                "draw": draw,
            }
        )

    def done(self) -> bool:
        """Whether the record is there already, with figures if they are wanted."""
        keys = [self.key] if self.paper.settings.draw else [self.key, self._key(draw=True)]
        return any(finished(self.paper.folder, key) for key in keys)

    def run(self) -> Iterator[Event]:
        """Measure, draw, record.

        Raises:
            Interrupted: `stop` said so; what is measured is kept.
            UserError: There is no member to measure; or a measure refuses its arguments.
        """
        if not self.found:
            raise UserError(
                f"{self.paper.name}: nothing is trained yet in tier {self.paper.settings.tier}"
            )
        clock, started = time.perf_counter(), datetime.now(UTC)
        try:
            for index, (run, measure) in enumerate(self.measures):
                self._heed()
                yield Event("measure", f"{measure.name} of {run}", index, len(self.measures))
                self._measure(run, measure)
        finally:
            self.known.save()
        figures: list[FigureRecord] = []
        staged, before = stage(self.paper.folder), figures_of(self.paper.folder)
        drawn = self._pictures.wanted() if self.paper.settings.draw else []
        if self.paper.settings.draw and (lost := self._pictures.lost(drawn, before)):
            self.notes.append(lost)
        keys = {}
        for index, figure in enumerate(drawn):
            self._heed()
            yield Event("draw", figure.name, index, len(drawn))
            key, made = self._pictures.drawn(figure, before, staged)
            keys[figure.name] = key
            figures.append(made)
        record = assembled(self, started, time.perf_counter() - clock, figures)
        finish(self.paper.folder, record, self.key, keys)
        prune(self.paper.folder, [m for m, _ in self.found], self.paper.store)
        yield Event("done", "measured, recorded", 1, 1, news=tuple(self.notes))

    def _heed(self) -> None:
        if self.stop():
            raise Interrupted("trained members are kept")

    # --------------------------------------------------------------- measure

    def _cell(self, run: str) -> Cell:
        return self.by_run[run][0][0].cell

    def _measure(self, run: str, measure: Measure) -> None:
        """Take a measure of all members of a run of which it is not known, twins included."""
        key = self.paper.measure_key(run, measure)
        every = [(m, f) for m, files in self.by_run[run] for f in files]
        known = {f.path.stem: self.known.value(f.path.stem, key) for _, f in every}
        sound = [(m, f) for m, f in every if f.diverged is None]
        lacking = [(m, f) for m, f in sound if known[f.path.stem] is None and not f.light]
        for group in self._groups(lacking):
            watched = Watched(self.values)
            began = time.process_time()
            values = self._taken(run, group, measure, watched)
            taken = (time.process_time() - began) / len(group)
            refused = self.unmeasured.get(run, {}).get(measure.name, {})
            for (member, file), value in zip(group, values, strict=True):
                known[file.path.stem] = float(value)
                if not watched.seen and member.seed not in refused:
                    self.known.put(file.path.stem, key, measure.name, float(value), taken)
        self.values[run][measure.name] = {
            m.seed: self._value(run, measure.name, files[0], known) for m, files in self.by_run[run]
        }
        for _, files in self.by_run[run]:
            for file in files[1:]:
                value = self._value(run, measure.name, file, known)
                self.twins.setdefault((run, file.path.stem), {})[measure.name] = value

    def _value(
        self, run: str, measure: str, file: TrainedMember, known: Mapping[str, float | None]
    ) -> float:
        """A member's value; NaN if it diverged, or without weights has one that is not known."""
        value = known[file.path.stem]
        if file.diverged:
            return math.nan
        if value is None:  # what is wanted of it is known (`Paper.files`); this is of other members
            assert file.light
            why = "its weights are not here, and it was not measured where they were"
            self.unmeasured.setdefault(run, {}).setdefault(measure, {})[file.seed] = why
            return math.nan
        return value

    def _taken(
        self,
        run: str,
        group: Sequence[tuple[Member, TrainedMember]],
        measure: Measure,
        watched: Watched,
    ) -> list[float]:
        """A measure of these members; NaN, with the reason, of those of which it cannot be taken."""
        trained = self._trained(run, group, watched)
        # A curve of one step is too short for some measures, which is no fault of the spec.
        refused = UserError if self.paper.settings.untrained else Unmeasurable
        try:
            return list(function(measure.function, "metrics")(trained, **measure.arguments))
        except (refused, ArithmeticError, np.linalg.LinAlgError) as why:
            if len(group) > 1:
                return [v for one in group for v in self._taken(run, [one], measure, watched)]
            (seed,), said = trained.seeds, plain(why)
            self.unmeasured.setdefault(run, {}).setdefault(measure.name, {})[seed] = said
            self.notes.append(f"{run}, seed {seed}: {measure.name} is not measured: {said}")
            return [math.nan]

    def _groups(
        self, lacking: Sequence[tuple[Member, TrainedMember]]
    ) -> list[list[tuple[Member, TrainedMember]]]:
        """Members that are measured together; one by one where each has test noise of its own."""
        if not lacking:
            return []
        data = self.paper.split(lacking[0][0].cell, "test")
        access = data.manifest.access
        if access is not None and access.test == "fresh":
            return [[one] for one in lacking]
        first = {f.path.stem for _, files in self.by_run[lacking[0][0].run] for f in files[:1]}
        own = [one for one in lacking if one[1].path.stem in first]
        twins = [one for one in lacking if one[1].path.stem not in first]
        return [group for group in (own, twins) if group]

    def _trained(
        self, run: str, group: Sequence[tuple[Member, TrainedMember]], measured: Watched
    ) -> Trained:
        """Members of a run as metrics and figures see them."""
        cell = self._cell(run)
        seeds = tuple(member.seed for member, _ in group)
        here = self.paper.here
        tensors = [file.tensors(here) for _, file in group]
        return Trained(
            name=run,
            label=cell.label,
            stack=InParts(Stack.of(group[0][0].build, seeds, tensors, here)),
            train=self._for(cell, "train", seeds),
            test=self._for(cell, "test", seeds),
            diverged={i: f.diverged for i, (_, f) in enumerate(group) if f.diverged},
            curves=curves([file for _, file in group]),
            measured=measured,
        )

    def _for(self, cell: Cell, which: str, seeds: tuple[int, ...]) -> Dataset:
        return self.paper.split(cell, which).for_seeds(seeds)
