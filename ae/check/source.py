"""What the source tree holds, read from its syntax trees: nothing is imported.

Models, metrics and figures are found by path, as a spec names them: `file.Class` in `ae/models`,
`file.function` in `ae/metrics` and `ae/figures`, `package.module:name` in another package.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ae.check.ancestors import ROOT_CLASS, Line, line
from ae.check.sweeps import misplaced, swept_by
from ae.spec.syntax import NotFound, Unseen, function, is_foreign, tree_of
from ae.toml.file import no_such


class Parameter(NamedTuple):
    """A parameter of a function: its annotation's syntax, and whether it has a default."""

    name: str
    annotation: ast.expr | None
    optional: bool
    positional: bool


class Function(NamedTuple):
    """A function or a method, `self` left out."""

    parameters: tuple[Parameter, ...]

    @property
    def positional(self) -> tuple[Parameter, ...]:
        """The parameters that a caller may give by position."""
        return tuple(p for p in self.parameters if p.positional)


@dataclass(frozen=True)
class Model:
    """A model's class: where it is, its constructor, its methods, and its attributes' names.

    `attributes` is None where the class names some by expressions, so that they are not known.
    `misplaced` are arguments that it sweeps and keeps elsewhere than in a buffer, `swept` all of them.
    `whole` is false where it derives from a class that is not here, so that its methods are not
    known either.
    """

    path: str
    name: str
    constructor: tuple[Parameter, ...] | None
    methods: dict[str, Function]
    attributes: frozenset[str] | None
    misplaced: list[tuple[str, str]]
    swept: frozenset[str]
    whole: bool = True


class Source:
    """The source tree under `root`.

    Attributes:
        unseen: What is said of code of other packages that specs name and that is not here, so that
            nothing checks it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.package = root / "ae"
        self.unseen: dict[str, str] = {}
        self._models: dict[str, Model] = {}

    def function(self, folder: str, path: str) -> Function:
        """The function that a spec names, of the project's `folder` or of another package.

        Raises:
            NotFound: There is no such file or function, or the path has another form.
            Unseen: It is of a package that is not here.
        """
        try:
            return _function(function(self.package, folder, path).args)
        except Unseen:
            self.unseen[path] = f"{path} is not installed here; not checked"
            raise

    def model(self, path: str) -> Model:
        """The class that a spec names, of `ae/models` or of another package.

        Raises:
            NotFound: There is no such file or class, or it is no `Autoencoder`.
            Unseen: It is of a package that is not here.
        """
        if path not in self._models:
            try:
                self._models[path] = self._find_model(path)
            except Unseen:
                self.unseen[path] = f"{path} is not installed here; not checked"
                raise
        return self._models[path]

    def _find_model(self, path: str) -> Model:
        tree, where, name = tree_of(self.package, "models", path, "file.Class", self._has_model)
        file = f"{where}:" if is_foreign(path) else path.rpartition(".")[0]
        lines = self._lines(file, tree)
        models = [n for n, own in lines.items() if own.rooted and not own.abstract]
        if name not in lines:
            raise NotFound(f"{where}: {no_such('model', name, models)}")
        own = lines[name]
        whole = own.rooted or not own.strange
        if not whole:
            self.unseen[path] = (
                f"{path}: nothing is known of its base {own.strange[0]}; not checked"
            )
        elif name not in models:
            left = ", ".join(sorted(own.abstract))
            why = f"leaves {left} to others" if own.rooted else f"does not derive from {ROOT_CLASS}"
            raise NotFound(
                f"{where}: {name} is no model, for it {why}; "
                f"models there: {', '.join(models) or 'none'}"
            )
        methods = self._inherited()
        for node in reversed(own.nodes):
            methods |= _methods(node)
        methods.pop("draws_for", None)
        known = whole or "__init__" in methods
        constructor = methods.pop("__init__", Function(())).parameters if known else None
        attributes = _attributes(own.nodes) if whole else None
        wrong, swept = [*misplaced(tree, name)], swept_by(tree, own.nodes)
        return Model(where, name, constructor, methods, attributes, wrong, swept, whole)

    def _lines(self, file: str, tree: ast.Module) -> dict[str, Line]:
        """The classes of a model's file, each with what it derives from."""

        def other(name: str) -> ast.Module | None:
            return tree if name == file else self._tree(name)

        names = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
        return {name: line(file, name, other) for name in names}

    def _tree(self, file: str) -> ast.Module | None:
        """A file of models where there is one that is Python; see `ancestors.line`."""
        place = f"{file}{ROOT_CLASS}" if file.endswith(":") else f"{file}.{ROOT_CLASS}"
        try:
            return tree_of(self.package, "models", place, "file.Class")[0]
        except NotFound:
            return None

    def _has_model(self, file: str) -> bool:
        tree = self._tree(file)
        lines = {} if tree is None else self._lines(file, tree)
        return any(own.rooted and not own.abstract for own in lines.values())

    def _inherited(self) -> dict[str, Function]:
        try:
            body = tree_of(self.package, "models", f"base.{ROOT_CLASS}", "file.Class")[0].body
        except NotFound:
            return {}
        roots = (n for n in body if isinstance(n, ast.ClassDef) and n.name == ROOT_CLASS)
        return {name: f for root in roots for name, f in _methods(root).items()}


def _methods(node: ast.ClassDef) -> dict[str, Function]:
    return {
        item.name: Function(_function(item.args).parameters[1:])
        for item in node.body
        if isinstance(item, ast.FunctionDef)
        and (item.name == "__init__" or not item.name.startswith("_"))
        and not {"property", "staticmethod", "classmethod"}
        & {*map(ast.unparse, item.decorator_list)}
    }


def _function(arguments: ast.arguments) -> Function:
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = len(positional) - len(arguments.defaults)
    found = [Parameter(a.arg, a.annotation, i >= needed, True) for i, a in enumerate(positional)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found += [Parameter(a.arg, a.annotation, d is not None, False) for a, d in keywords]
    return Function(tuple(found))


def _attributes(nodes: Iterable[ast.ClassDef]) -> frozenset[str] | None:
    """Names that the classes give to `self`; none are known if one is not."""
    found: set[str] = set()
    for node in nodes:
        if (own := _given(node)) is None:
            return None
        found |= own
    return frozenset(found)


@cache
def _given(root: ast.ClassDef) -> frozenset[str] | None:
    """Names that a class gives to `self`, in its body or by `register_buffer` and kin."""
    found: set[str] = set()
    for statement in (s for s in root.body if isinstance(s, ast.Assign)):
        found |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    for node in ast.walk(root):
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="self"), attr=call), args=[first, *_]
            ):
                if call in ("register_buffer", "register_parameter", "add_module"):
                    if not isinstance(first, ast.Constant):
                        return None
                    found.add(str(first.value))
    return frozenset(found)
