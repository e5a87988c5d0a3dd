"""One spec in one tier: its data, its members, which of them are there, what is left to train."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch

from ae.data.dataset import Dataset
from ae.data.manifest import Manifest
from ae.errors import UserError
from ae.machine.provenance import of_training
from ae.running.estimate import flops
from ae.running.folder import folder_of
from ae.running.measurements import Measurements, measure_key
from ae.running.selection import (
    Wanted,
    cells_with,
    changed,
    chosen_claims,
    tier_measures,
    wanted_runs,
)
from ae.running.settings import Settings
from ae.running.splits import Splits
from ae.spec import Cell, Claim, Measure
from ae.spec.read import read_spec
from ae.spec.untrained import untrained
from ae.training.checkpoints import begun
from ae.training.members import Members, TrainedMember, here
from ae.training.plan import Member, StackPlan, plan, stacks
from ae.training.stack_training import StackTraining, Step

GRAIN = 6e7  # operations of a step, below which members train together on a CPU


@dataclass
class Paper:
    """A spec, ready to run.

    Args:
        path: The spec's file.
        settings: What is wanted.
    """

    path: Path
    settings: Settings

    def __post_init__(self) -> None:
        settings = self.settings
        self.spec = changed(read_spec(self.path), settings.tier, settings.changes)
        if settings.untrained:
            self.spec = untrained(self.spec, settings.tier, self.path.name)
        self.name = self.path.stem
        self.folder = folder_of(self.path, settings)
        self.here = settings.device if torch.cuda.is_available() else "cpu"
        self.splits = Splits(settings.library, self.here)
        self.store = Members(self.folder)
        self.where = here(self.settings.device)
        self._measure_keys: dict[tuple[str, str], str] = {}
        listed = cells_with(self.spec, settings.tier, settings.changes, self.path.name)
        self.claims = self._claims()
        self.seeds = {cell.name: settings.seeds or cell.train.seeds for cell in listed}
        self.wanted: Wanted = {run: self.seeds[run] for run in self._runs(listed)}
        if settings.wanted is not None:
            self.wanted = dict(settings.wanted)
        self.listed = listed

    def _claims(self) -> list[Claim]:
        if not self.settings.claims:
            return []
        found = chosen_claims(self.spec, self.settings.claims, self.path.name)
        return [claim for claim in found if self.settings.tier in claim.tiers]

    def _runs(self, listed: Sequence[Cell]) -> list[str]:
        if self.settings.whole:
            return [cell.name for cell in listed]
        return wanted_runs(self.spec, listed, self.settings.runs, self.claims, self.path.name)

    # ------------------------------------------------------------------ data

    def manifest(self, cell: Cell) -> Manifest:
        """The manifest of a run's data set."""
        return self.splits.manifest(cell)

    def split(self, cell: Cell, which: str) -> Dataset:
        """The data set `train` or `test` of a run.

        Raises:
            MissingData: Its files are not at hand.
        """
        return self.splits.of(cell, which)

    def watched(self, cell: Cell) -> dict[str, Dataset]:
        """By split, all of what the stages of a run watch."""
        return self.splits.watched(cell)

    @property
    def loaded(self) -> list[Dataset]:
        """The splits that were used."""
        return self.splits.loaded

    # --------------------------------------------------------------- members

    def members_of(self, chosen: Mapping[str, Sequence[int]]) -> list[Member]:
        """The members of these runs and seeds, whether they are trained or not."""
        found = [
            cell.model_copy(
                update={"train": cell.train.model_copy(update={"seeds": tuple(chosen[cell.name])})}
            )
            for cell in self.listed
            if chosen.get(cell.name)
        ]
        shapes = {cell.data.name: self.manifest(cell).shape for cell in found}
        data = {cell.name: self.splits.seen_in_training(cell) for cell in found}
        try:
            return plan(found, shapes, data)
        except UserError as error:
            raise UserError(f"{self.path.name}: {error}") from None

    def narrow(self, names: Iterable[tuple[str, int]]) -> None:
        """Want these runs and seeds alone, from now on."""
        wanted: dict[str, list[int]] = {}
        for run, seed in names:
            wanted.setdefault(run, []).append(seed)
        self.wanted = {run: tuple(sorted(set(seeds))) for run, seeds in wanted.items()}
        self.__dict__.pop("members", None)

    @cached_property
    def members(self) -> list[Member]:
        """The members that are wanted."""
        return self.members_of(self.wanted)

    def missing(self) -> list[Member]:
        """Those that have no file yet."""
        return [m for m in self.members if not self.files(m)]

    def files(self, member: Member) -> list[TrainedMember]:
        """The files of a member that a record may rest on.

        One without weights only serves while all that is wanted of it was measured, by the code,
        the data and the libraries of today.
        """
        files = self.store.of(member, self.where)
        return [f for f in files if not f.light or self._valued(member.run, f)]

    def _valued(self, run: str, file: TrainedMember) -> bool:
        return file.diverged is not None or not self.lacking(run, file.path.stem, self._known)

    def lacking(self, run: str, stem: str, known: Measurements) -> list[str]:
        """The measures that are wanted of a member's file and are not among those that are known."""
        wanted = self.measures(known, {run: [stem]})
        return [m.name for _, m in wanted if known.value(stem, self.measure_key(run, m)) is None]

    @cached_property
    def _known(self) -> Measurements:
        return Measurements(self.folder)

    def measure_key(self, run: str, measure: Measure) -> str:
        """Digest of all that a run's value of a measure depends on, beside the member."""
        if (run, measure.name) not in self._measure_keys:
            cell = next(cell for cell in self.listed if cell.name == run)
            train, test = (self.split(cell, which).sha256 for which in ("train", "test"))
            self._measure_keys[run, measure.name] = measure_key(measure, train, test)
        return self._measure_keys[run, measure.name]

    def to_train(self) -> list[StackPlan]:
        """The stacks of what is missing; a stack that was begun goes on as it was."""
        missing = self.missing()
        going = begun(self.folder, self.members, missing)
        taken = {m.key for plan in going for m in plan.members}
        return [*going, *stacks([m for m in missing if m.key not in taken], self._most)]

    def _most(self, member: Member) -> int:
        """How many members like this train together."""
        if self.settings.device != "cpu":
            return len(self.members)
        source = self.source(member)
        cost = flops(member, source.features, len(source.x))
        return max(1, round(GRAIN / max(cost, 1.0)))

    def source(self, member: Member) -> Dataset:
        """The training set of a member."""
        return self.split(member.cell, "train")

    def train(self, plan: StackPlan, stop: Callable[[], bool]) -> Iterator[Step]:
        """Train a stack; afterwards its members are there.

        Raises:
            Interrupted: `stop` said so; a checkpoint is written.
        """
        yield from self.training(plan).run(stop)

    def training(self, plan: StackPlan) -> StackTraining:
        """The training of a stack, to be run here."""
        return StackTraining(
            plan,
            self.source(plan.members[0]),
            self.folder,
            self.here,
            of_training(self.settings.library.built_in, self.here, plan.precision),
            held_out=self.watched(plan.members[0].cell),
            limit=self.settings.memory,
        )

    def stack(self, names: Sequence[tuple[str, int]]) -> StackPlan:
        """The stack of these runs and seeds.

        Raises:
            UserError: The spec or the code is another by now.
        """
        known = {(m.run, m.seed): m for m in self.members}
        try:
            return StackPlan(tuple(known[name] for name in names))
        except KeyError as error:
            raise UserError(f"{self.name}: its runs have changed meanwhile: {error}") from None

    # ------------------------------------------------------ what a record has

    def there(self) -> list[tuple[Member, list[TrainedMember]]]:
        """Every member that a record would hold, with its files, the one that counts first.

        With `exact` those that are wanted, else also what other sessions have trained.
        """
        chosen = {run: list(seeds) for run, seeds in self.wanted.items()}
        if not self.settings.exact:
            for cell in self.listed:
                chosen.setdefault(cell.name, []).extend(cell.train.seeds)
            for trained in self.store.all():
                if trained.run in self.seeds:
                    chosen.setdefault(trained.run, []).append(trained.seed)
        chosen = {run: sorted(set(seeds)) for run, seeds in chosen.items()}
        held = {trained.key for trained in self.store.all()}
        found = [m for m in self.members_of(chosen) if m.key in held]
        return [(m, files) for m in found if (files := self.files(m))]

    def measures(
        self, known: Measurements, files: Mapping[str, Sequence[str]]
    ) -> list[tuple[str, Measure]]:
        """Every measure of all its runs, then the next: it may look at what others have found."""
        return tier_measures(self.spec, self.settings.tier, self.claims, known, files)
