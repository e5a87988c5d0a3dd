"""The figures of a record: which can be drawn, which are as they were, which are drawn now."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ae.disk import digest
from ae.machine.code import code_digest
from ae.records.figures import FigureRecord
from ae.records.rewording import FIGURE as WORDS
from ae.running.folder import figures_of
from ae.running.paper import Paper
from ae.spec import Figure, Measure
from ae.training.classes import code_name, function
from ae.training.members import TrainedMember
from ae.training.plan import Member
from ae.training.trained_run import Trained

Found = list[tuple[Member, list[TrainedMember]]]
"""Members with their files, the one that counts first."""
Before = Mapping[str, tuple[str, FigureRecord]]
"""Figures of a results folder, see `figures_of`."""
Seeds = Mapping[str, list[int]]
"""Run -> seeds."""


class Pictures:
    """The figures of a paper's members.

    Args:
        paper: The paper.
        by_run: The members of each run that are there.
        measures: Every measure that is taken, with its run: figures may show their values.
        trained: Makes of members of a run what a figure sees.
    """

    def __init__(
        self,
        paper: Paper,
        by_run: Mapping[str, Found],
        measures: Sequence[tuple[str, Measure]],
        trained: Callable[[str, Sequence[tuple[Member, TrainedMember]]], Trained],
    ) -> None:
        self._paper, self._by_run, self._measures = paper, by_run, measures
        self._trained = trained

    def wanted(self) -> list[Figure]:
        """The figures of which every run that the tier has is there.

        With weights, or as it was drawn where they were.
        """
        before = figures_of(self._paper.folder)
        return [
            figure
            for figure, runs in self._there()
            if self._kept(figure, before) is not None or all(map(self._drawable, runs))
        ]

    def _there(self) -> list[tuple[Figure, list[str]]]:
        """The figures of which every run that the tier has is there, with these runs."""
        tier = {cell.name for cell in self._paper.listed}
        found = [(f, [run for run in f.runs if run in tier]) for f in self._paper.spec.figure]
        return [(f, runs) for f, runs in found if runs and self._by_run.keys() >= {*runs}]

    def lost(self, wanted: Sequence[Figure], before: Before) -> str:
        """Which figures were there and are not wanted now, in a line with why; empty if none is."""
        names = {figure.name for figure in wanted}
        gone = [f.name for f, _ in self._there() if f.name in before and f.name not in names]
        if not gone:
            return ""
        return (
            f"not taken over: {', '.join(gone)}: drawn by other code, or of other measures, data or "
            "members; they cannot be drawn anew, for weights are not here"
        )

    def _drawable(self, run: str) -> list[tuple[Member, TrainedMember]]:
        """The members of a run that a figure can be drawn of: those with weights."""
        return [(m, files[0]) for m, files in self._by_run[run] if not files[0].light]

    def _seeds(self, figure: Figure, *, weights: bool = False) -> Seeds:
        """The seeds that are there of the runs that a figure shows; or those with weights."""
        runs = [run for run in figure.runs if run in self._by_run]
        return {
            run: [m.seed for m, files in self._by_run[run] if not (weights and files[0].light)]
            for run in runs
        }

    def key(
        self, figure: Figure, seeds: Seeds | None = None, words: Mapping[str, str] | None = None
    ) -> str:
        """Digest of all that a figure of these seeds depends on, by default of all that are there.

        Its title, its caption and the paper's place are words that stand beside it. `words`: those
        that an older key has in it, see `_kept`.
        """
        runs = [run for run in figure.runs if run in self._by_run]
        shown = self._seeds(figure) if seeds is None else seeds
        members = [
            [m.seed, files[0].path.stem]
            for run in runs
            for m, files in self._by_run[run]
            if m.seed in shown.get(run, ())
        ]
        return digest(
            {
                "code": code_digest(
                    code_name(figure.function, "figures"), "ae.figures.layout.drawing:save"
                ),
                "figure": figure.model_dump(mode="json", exclude=WORDS) | dict(words or {}),
                "members": members,
                "tests": [
                    self._paper.split(self._by_run[run][0][0].cell, "test").sha256 for run in runs
                ],
                "measured": [[run, self._paper.measure_key(run, m)] for run, m in self._measures],
            }
        )

    def _kept(self, figure: Figure, before: Before) -> tuple[str, FigureRecord] | None:
        """The figure as it was drawn, if it shows what it would show now, of as many seeds or more.

        With its key of today. Until December 2026 a key had the figure's words in it, which its
        record has, too, and the record did not say of which seeds it was.
        """
        if figure.name not in before:
            return None
        found, old = before[figure.name]
        ours = self._seeds(figure, weights=True)
        shown = [self._seeds(figure), ours] if old.seeds is None else [old.seeds]
        words = {word: getattr(old, word) for word in WORDS}
        for seeds in shown:
            key = self.key(figure, seeds)
            if found in (key, self.key(figure, seeds, words)) and _many(seeds) >= _many(ours):
                now = {word: getattr(figure, word) for word in WORDS}
                return key, old.model_copy(update={**now, "seeds": dict(seeds)})
        return None

    def drawn(self, figure: Figure, before: Before, staged: Path) -> tuple[str, FigureRecord]:
        """The figure as it was drawn before, if nothing of it has changed; else drawn now.

        With the key of what it shows. Words that changed are those of today.
        """
        kept = self._kept(figure, before)
        if kept is None:
            ours = self._seeds(figure, weights=True)
            return self.key(figure, ours), self._draw(figure, staged)
        for name in kept[1].files:
            shutil.copyfile(self._paper.folder / name, staged / name)
        return kept

    def _draw(self, figure: Figure, staged: Path) -> FigureRecord:
        from ae.figures.layout.drawing import save

        runs = [
            self._trained(run, self._drawable(run)) for run in figure.runs if run in self._by_run
        ]
        saved = save(
            function(figure.function, "figures")(runs, **figure.arguments), staged, figure.name
        )
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
            seeds=dict(self._seeds(figure, weights=True)),
        )


def _many(seeds: Seeds) -> int:
    return sum(map(len, seeds.values()))
