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
        tier = {cell.name for cell in self._paper.listed}
        found, before = [], figures_of(self._paper.folder)
        for figure in self._paper.spec.figure:
            own = [run for run in figure.runs if run in tier]
            lacking = [run for run in own if run not in self._by_run]
            if not own or lacking:
                continue
            kept = self._kept(figure, before) is not None
            if kept or all(self._drawable(run) for run in own):
                found.append(figure)
        return found

    def _drawable(self, run: str) -> list[tuple[Member, TrainedMember]]:
        """The members of a run that a figure can be drawn of: those with weights."""
        return [(m, files[0]) for m, files in self._by_run[run] if not files[0].light]

    def key(
        self, figure: Figure, *, weights: bool = False, words: Mapping[str, str] | None = None
    ) -> str:
        """Digest of all that a figure depends on; of all members, or of those with weights.

        Its title, its caption and the paper's place are words that stand beside it. `words`: those
        that an older key has in it, see `_kept`.
        """
        runs = [run for run in figure.runs if run in self._by_run]
        members = {
            run: self._drawable(run) if weights else [(m, f[0]) for m, f in self._by_run[run]]
            for run in runs
        }
        return digest(
            {
                "code": code_digest(
                    code_name(figure.function, "figures"), "ae.figures.layout.drawing:save"
                ),
                "figure": figure.model_dump(mode="json", exclude=WORDS) | dict(words or {}),
                "members": [[m.seed, f.path.stem] for run in runs for m, f in members[run]],
                "tests": [
                    self._paper.split(self._by_run[run][0][0].cell, "test").sha256 for run in runs
                ],
                "measured": [[run, self._paper.measure_key(run, m)] for run, m in self._measures],
            }
        )

    def _kept(self, figure: Figure, before: Before) -> tuple[str, FigureRecord] | None:
        """The figure as it was drawn, if it shows what it would show now; with its key of today.

        Until December 2026 a key had the figure's words in it, which its record has, too.
        """
        if figure.name not in before:
            return None
        found, old = before[figure.name]
        words = {word: getattr(old, word) for word in WORDS}
        for weights in (False, True):
            key = self.key(figure, weights=weights)
            if found in (key, self.key(figure, weights=weights, words=words)):
                now = {word: getattr(figure, word) for word in WORDS}
                return key, old.model_copy(update=now)
        return None

    def drawn(self, figure: Figure, before: Before, staged: Path) -> tuple[str, FigureRecord]:
        """The figure as it was drawn before, if nothing of it has changed; else drawn now.

        With the key of what it shows. Words that changed are those of today.
        """
        kept = self._kept(figure, before)
        if kept is None:
            return self.key(figure, weights=True), self._draw(figure, staged)
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
        )
