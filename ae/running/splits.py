"""The data sets that a paper's runs train on, are tested on and watch, each loaded once."""

from dataclasses import dataclass, field
from typing import Literal

from ae.data.dataset import Dataset, load
from ae.data.manifest import Manifest, find_manifest
from ae.disk import digest
from ae.library import Library
from ae.machine.memory import trim
from ae.running.drawn import drawn_by
from ae.spec import Cell, Descent, Labels


@dataclass
class Splits:
    """Loads on demand.

    Args:
        library: Where manifests and small files are.
        device: Where the examples are to be.
    """

    library: Library
    device: str
    _data: dict[tuple[str, str, int | str, Labels | str, int | str, bool], Dataset] = field(
        default_factory=dict, repr=False
    )

    @property
    def loaded(self) -> list[Dataset]:
        """Those that were used."""
        return list(self._data.values())

    def origins(self) -> dict[str, str]:
        """Which of the two was used of each data set that is an original file or rendered."""
        return {data.name: data.origin for data in self.loaded if data.origin}

    def manifest(self, cell: Cell) -> Manifest:
        """The manifest of a run's data set."""
        return find_manifest(cell.data.name, self.library)

    def of(self, cell: Cell, which: str) -> Dataset:
        """The data set `train` or `test` of a run.

        Raises:
            MissingData: Its files are not at hand.
        """
        table = cell.data
        if which == "train":
            by_seed = table.labelled_by == "seed"
            return self._load(
                cell, table.train, table.limit, table.only, table.labelled, by_seed=by_seed
            )
        return self._load(cell, table.test, table.test_limit)

    def watched(self, cell: Cell) -> dict[str, Dataset]:
        """By split, all of what the stages of a run watch."""
        stages = (cell.train.stages[name] for name in cell.train.use)
        splits = {w.split for s in stages if isinstance(s, Descent) for w in s.watch.values()}
        return {split: self._load(cell, split) for split in sorted(splits)}

    def seen_in_training(self, cell: Cell) -> str:
        """Digest of a run's training set, and of what else its training looks at."""
        own = self.of(cell, "train").sha256
        watched = {split: data.sha256 for split, data in self.watched(cell).items()}
        return digest({"train": own, "watched": watched}) if watched else own

    def _load(
        self,
        cell: Cell,
        split: str,
        limit: int | Literal["all"] = "all",
        only: Labels | Literal["all"] = "all",
        labelled: int | Literal["all"] = "all",
        *,
        by_seed: bool = False,
    ) -> Dataset:
        key = (cell.data.name, split, limit, only, labelled, by_seed)
        if key not in self._data:
            found = load(
                self.manifest(cell),
                split,
                limit=limit,
                library=self.library,
                device=self.device,
                only=only,
                labelled=labelled,
                by_seed=by_seed,
            )
            self._data[key] = drawn_by(found)
            trim()  # reading takes the set several times
        return self._data[key]
