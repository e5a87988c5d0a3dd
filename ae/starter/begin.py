"""The files of a paper of one's own: a spec, a model, and a data set where images are given."""

import importlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ae.check import FILE_NAME, check_spec
from ae.data.manifest import read_manifest
from ae.disk import write_atomically
from ae.errors import UserError
from ae.library import Library
from ae.spec.read import read_spec
from ae.spec.syntax import NotFound, Unseen, is_foreign, module_file
from ae.starter.images import ImageFile
from ae.starter.spec import changed_spec, spec_text
from ae.toml.file import shown

MODEL = Path(__file__).with_name("model.py")
DATA = "mnist"


@dataclass(frozen=True)
class Begun:
    """What was written.

    Attributes:
        files: In the order in which a person looks at them.
        model: The class that is theirs, as the spec names it; empty where none was copied.
    """

    files: tuple[Path, ...]
    model: str


@dataclass(frozen=True)
class Beginning:
    """What is to be written.

    Args:
        name: Of the spec.
        folder: Where: its benchmarks/, its datasets/, and modules beside them.
        library: What is there already; `folder` is one of its folders.
    """

    name: str
    folder: Path
    library: Library

    @property
    def module(self) -> str:
        """The module of the model."""
        return self.name.replace("-", "_")

    @property
    def _of_package(self) -> bool:
        """Whether the model is to be one of the project's own: the folder is its checkout."""
        return (self.folder / "ae" / "models").is_dir()

    @property
    def _prefix(self) -> str:
        return f"{self.module}." if self._of_package else f"{self.module}:"

    @property
    def _model(self) -> Path:
        inside = self.folder / "ae" / "models" if self._of_package else self.folder
        return inside / f"{self.module}.py"

    @property
    def _spec(self) -> Path:
        return self.folder / "benchmarks" / f"{self.name}.toml"

    def anew(self, images: ImageFile | None = None) -> Begun:
        """Write a spec and a model to begin with, of MNIST or of a file of images.

        Raises:
            UserError: The name does not do, or something is there already.
            OutsideError: A file cannot be written.
        """
        data, train, test = DATA, 60000, 10000
        files: dict[Path, bytes] = {}
        if images is not None:
            data, train, test = images.name, images.train, images.test
            if data in self.library.manifests():
                raise UserError(f"{images.path}: there is a data set {data!r} already; rename it")
            place = self.folder / "datasets"
            files[place / data / images.path.name] = images.path.read_bytes()
            files[place / f"{data}.toml"] = images.manifest.encode()
        model = f"{self._prefix}VAE"
        spec = spec_text(self.name, model, data, train, test)
        own = {self._spec: spec.encode(), self._model: MODEL.read_bytes()}
        return self._written(own | files, model)

    def going_on(self, origin: Path) -> Begun:
        """Write a copy of a spec and of its model.

        Raises:
            UserError: The name does not do, or something is there already.
            OutsideError: A file cannot be written.
        """
        named = read_spec(origin).model["class"]
        text = origin.read_text(encoding="utf-8")
        try:
            source, prefix = self._source(named)
        except NotFound:
            source, prefix = None, ""
        if source is None:
            content = changed_spec(text, origin.stem, "", own="")
            return self._written({self._spec: content.encode()}, "")
        content = changed_spec(text, origin.stem, prefix, own=self._prefix)
        model = f"{self._prefix}{re.split('[.:]', named)[-1]}"
        return self._written({self._spec: content.encode(), self._model: source}, model)

    def _source(self, named: str) -> tuple[bytes | None, str]:
        """The file of a class, and how specs name it; none where it cannot stand alone."""
        if not is_foreign(named):
            file = named.partition(".")[0]
            return (self.library.package / "models" / f"{file}.py").read_bytes(), f"{file}."
        module = named.partition(":")[0]
        text = module_file(module).read_bytes()
        alone = re.search(rb"^\s*from\s+\.", text, re.MULTILINE) is None
        return (text if alone else None), f"{module}:"

    def _written(self, files: Mapping[Path, bytes], model: str) -> Begun:
        self._check_names(files)
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content)
        importlib.invalidate_caches()
        try:
            check_spec(self._spec, self.library)
            for path in (p for p in files if p.parent.name == "datasets"):
                read_manifest(path)
        except UserError:
            for path in files:
                path.unlink()
            raise
        return Begun(tuple(files), model)

    def _check_names(self, files: Mapping[Path, bytes]) -> None:
        if not re.fullmatch(FILE_NAME, self.name, re.ASCII):
            raise UserError(
                f"spec {shown(self.name)}: expected <first author><year>-<model> in small letters, "
                "digits and hyphens, such as doe2026-vae"
            )
        if known := [p for p in self.library.specs() if p.stem == self.name]:
            raise UserError(f"{self.library.shown(known[0])}: is there already; take another name")
        for path in files:
            if path.exists():
                raise UserError(f"{self.library.shown(path)}: is there already; take another name")
        if self._model in files and not self._of_package and self._taken():
            raise UserError(
                f"spec {shown(self.name)}: Python has a module {self.module!r} already; take "
                "another name"
            )

    def _taken(self) -> bool:
        try:
            module_file(self.module)
        except Unseen:
            return importlib.util.find_spec(self.module) is not None
        return True
