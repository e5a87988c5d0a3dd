"""Where things are: what comes with `ae`, what a lab has beside it, where results go.

A folder of a library may hold `benchmarks/` (specs), `datasets/` (manifests and small files),
`results/` and `reports/`. The first such folder comes with `ae`: a checkout of the project, or the
data of the installed package. The others are included by a person. Nothing is imported here.
"""

import difflib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from ae.disk import visible
from ae.errors import UserError
from ae.toml.file import listed, no_such, shown

PACKAGE = Path(__file__).resolve().parents[1]
SHARE = PACKAGE / "share"  # in an installed package: what a checkout has around it
BUILT_IN = SHARE if SHARE.is_dir() else PACKAGE.parent
NEAR = 0.65  # how alike two names are of which one may have been meant


@dataclass(frozen=True)
class Library:
    """The folders that specs, manifests and results are read from, and where results go.

    Attributes:
        built_in: What comes with `ae`: benchmarks/, datasets/, reports/.
        home: The folder that a person works in: the checkout, else where the command was given.
        results: Where results are written.
        included: Folders of a lab.
    """

    built_in: Path
    home: Path
    results: Path
    included: tuple[Path, ...] = ()

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The library of one folder, which has everything."""
        return cls(folder, folder, folder / "results")

    @classmethod
    def here(cls, results: Path | None = None, include: Iterable[Path] = ()) -> Self:
        """The library as a command finds it: in a checkout that, else what the package brings.

        Outside a checkout the folder that the command is given in is included by itself.

        Args:
            results: Where results go; by default `results` of the checkout, or of that folder.
            include: A lab's folders.

        Raises:
            UserError: The checkout has no spec.
        """
        here = Path.cwd()
        checkout = next((f for f in (here, *here.parents) if _is_checkout(f)), None)
        home = checkout or here
        own = [] if checkout or here == BUILT_IN else [here]
        built_in = checkout or BUILT_IN
        several = {folder.resolve(): folder for folder in [*include, *own]}
        several.pop(built_in.resolve(), None)
        if not visible(built_in / "benchmarks", "*.toml"):
            raise UserError(
                f"{built_in / 'benchmarks'}: found no spec (*.toml), though ae/ and datasets/ are beside it"
            )
        return cls(built_in, home, results or home / "results", tuple(several))

    def with_results(self, results: Path) -> Self:
        """The same, but results go to another folder."""
        return replace(self, results=results)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders with specs and manifests, that which comes with `ae` first."""
        return (self.built_in, *self.included)

    @property
    def package(self) -> Path:
        """The source of `ae` that specs name code of."""
        own = self.built_in / "ae"
        return own if own.is_dir() else PACKAGE

    def importable(self) -> None:
        """Let the modules of included folders be imported; they come after all others."""
        sys.path += [str(f) for f in self.included if str(f) not in sys.path]

    def shown(self, path: Path) -> Path:
        """A path as messages have it: from the library's folder where it is inside."""
        full = path.resolve()
        for folder in (self.home.resolve(), self.built_in.resolve()):
            if full.is_relative_to(folder):
                return full.relative_to(folder)
        return Path(near(path))

    # ------------------------------------------------------ specs and manifests

    def specs(self) -> list[Path]:
        """Every spec, by name.

        Raises:
            UserError: Two have the same name.
        """
        return list(self._named("spec", "benchmarks").values())

    def spec(self, name: str) -> Path:
        """The spec of that name, with or without `.toml`; whose name alone begins so; or a path.

        Raises:
            UserError: There is none, or the beginning fits several; the message lists what there is.
        """
        specs = self._named("spec", "benchmarks")
        short = name.removesuffix(".toml")
        if short in specs:
            return specs[short]
        if name.endswith(".toml") and Path(name).is_file():
            return Path(name)
        fitting = [known for known in specs if short and known.startswith(short)]
        if len(fitting) == 1:
            return specs[fitting[0]]
        if fitting:
            raise UserError(
                f"spec {shown(name)}: {len(fitting)} names begin so: {', '.join(fitting)}; give more of one"
            )
        raise UserError(
            f"{self._places('benchmarks')}: no spec {shown(name)}{_meant(short, specs)}; there are "
            f"{listed(specs)}"
        )

    def manifests(self) -> dict[str, Path]:
        """Data set -> its manifest.

        Raises:
            UserError: Two have the same name.
        """
        return self._named("data set", "datasets")

    def manifest(self, name: str) -> Path:
        """The manifest of a data set.

        Raises:
            UserError: There is none of that name; the message lists those there are.
        """
        known = self.manifests()
        if name not in known:
            raise UserError(f"{self._places('datasets')}: {no_such('data set', name, known)}")
        return known[name]

    def _named(self, what: str, folder: str) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for path in (p for f in self.folders for p in visible(f / folder, "*.toml")):
            if path.stem in found:
                raise UserError(
                    f"{what} {path.stem!r} is there twice: {near(found[path.stem])} and {near(path)}; "
                    "rename one"
                )
            found[path.stem] = path
        return dict(sorted(found.items()))

    def _places(self, name: str) -> str:
        return ", ".join(near(f / name) for f in self.folders if (f / name).is_dir())

    def embedded(self, name: str) -> Iterator[Path]:
        """The folders in which files of a data set may lie beside its manifest."""
        yield from (folder / "datasets" / name for folder in self.folders)

    # ----------------------------------------------------------------- results

    def all_results(self) -> list[Path]:
        """The folders that records are read from, that which is written to first."""
        places = (self.results, *(folder / "results" for folder in self.included))
        return list({place.resolve(): place for place in places}.values())

    # ----------------------------------------------------------------- reports

    @property
    def templates(self) -> Path:
        """The templates of pages."""
        return self.built_in / "reports" / "templates"

    @property
    def speeds(self) -> list[Path]:
        """Measurements of speed that come with `ae`."""
        return visible(self.built_in / "reports" / "published" / "perf", "*.json")

    @property
    def published(self) -> list[Path]:
        """The folders with published records that are there; an installed package brings none."""
        places = (folder / "reports" / "published" for folder in self.folders)
        return [place for place in places if place.is_dir()]

    def published_record(self, name: str, tier: str) -> Path:
        """Where the published record of a spec in a tier is, or would be."""
        return self._owner(name) / "reports" / "published" / name / tier / "record.json"

    def baseline(self, name: str, *, new: bool = False) -> Path:
        """Where the gate's baseline of a spec is, or would be; where a `new` one goes."""
        return self._report_of(name, "baseline", ".json", new)

    def review(self, name: str, *, new: bool = False) -> Path:
        """Where the reviews of a spec's figures are, or would be; where a `new` one goes."""
        return self._report_of(name, "reviews", ".toml", new)

    @property
    def reviews(self) -> list[Path]:
        """The folders with reviews."""
        places = (folder / "reports" / "reviews" for folder in (*self.folders, self.home))
        return list({place.resolve(): place for place in places if place.is_dir()}.values())

    def _report_of(self, name: str, kind: str, ending: str, new: bool) -> Path:
        """A file about a spec, in its folder; nothing is written into an installed package."""
        own = self._owner(name) / "reports" / kind / f"{name}{ending}"
        mine = self.home / "reports" / kind / own.name
        brought = own.is_relative_to(SHARE)
        return mine if brought and (new or mine.exists()) else own

    def _owner(self, name: str) -> Path:
        """The folder of the library that has the spec of that name."""
        path = self._named("spec", "benchmarks").get(name)
        return self.built_in if path is None else path.parents[1]


def _is_checkout(folder: Path) -> bool:
    """Whether a folder is a checkout of the project, or laid out like one."""
    return all((folder / name).is_dir() for name in ("ae", "benchmarks", "datasets"))


def _meant(name: str, choices: Iterable[str]) -> str:
    """A hint in brackets if one of the choices, or of their beginnings, may have been meant."""
    beginnings = {choice[: len(name)]: choice for choice in choices}
    known = beginnings | {choice: choice for choice in choices}
    found = difflib.get_close_matches(name, known, n=1, cutoff=NEAR) if name else []
    return f" (did you mean {known[found[0]]!r}?)" if found else ""


def near(path: Path) -> str:
    """A path from here, if it is below here."""
    here = Path.cwd()
    return os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
