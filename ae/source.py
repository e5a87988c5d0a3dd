"""What the source tree holds, read from its syntax trees: nothing is imported.

Models, metrics and figures are found by path, as a spec names them: `file.Class` in `ae/models`,
`file.function` in `ae/metrics` and `ae/figures`.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ae.toml import no_such

ROOT_CLASS = "Autoencoder"
WORDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "int": ("a whole number", (int,)),
    "float": ("a number", (int, float)),
    "bool": ("true or false", (bool,)),
    "str": ("a string", (str,)),
}


class NotFound(LookupError):
    """The source tree lacks what a spec names; the message says what there is."""


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
    """

    path: str
    name: str
    constructor: tuple[Parameter, ...]
    methods: dict[str, Function]
    attributes: frozenset[str] | None


class Source:
    """The source tree under `root`; every file is read and parsed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._trees: dict[Path, ast.Module] = {}
        self._models: dict[str, Model] = {}

    def function(self, folder: str, path: str) -> Function:
        """The function `file.function` of `ae/folder`.

        Raises:
            NotFound: There is no such file or function, or the path has another form.
        """
        file, name = self._split(folder, path, "file.function")
        found = {
            node.name: node
            for node in self._tree(folder, file).body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        }
        if name not in found:
            raise NotFound(f"ae/{folder}/{file}.py: {no_such('function', name, found)}")
        return _function(found[name].args)

    def model(self, path: str) -> Model:
        """The class `file.Class` of `ae/models`.

        Raises:
            NotFound: There is no such file or class, or it is no `Autoencoder`.
        """
        if path not in self._models:
            self._models[path] = self._find_model(path)
        return self._models[path]

    def _find_model(self, path: str) -> Model:
        file, name = self._split("models", path, "file.Class")
        body = self._tree("models", file).body
        classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
        lines = {n: list(_line(n, classes)) for n in classes}
        models = [n for n in classes if ROOT_CLASS in _bases(lines[n])]
        where = f"ae/models/{file}.py"
        if name not in classes:
            raise NotFound(f"{where}: {no_such('model', name, models)}")
        if name not in models:
            raise NotFound(
                f"{where}: {name} is no model, for it does not derive from {ROOT_CLASS}; "
                f"models there: {', '.join(models) or 'none'}"
            )
        methods = self._inherited()
        for node in reversed(lines[name]):
            methods |= _methods(node)
        methods.pop("draws_for", None)
        constructor = methods.pop("__init__", Function(())).parameters
        return Model(where, name, constructor, methods, _attributes(lines[name]))

    def _inherited(self) -> dict[str, Function]:
        try:
            body = self._tree("models", "base").body
        except NotFound:
            return {}
        roots = (n for n in body if isinstance(n, ast.ClassDef) and n.name == ROOT_CLASS)
        return {name: f for root in roots for name, f in _methods(root).items()}

    def _split(self, folder: str, path: str, form: str) -> tuple[str, str]:
        if not re.fullmatch(r"[A-Za-z]\w*\.[A-Za-z]\w*", path, re.ASCII):
            raise NotFound(f"found {path!r}; expected {form!r} of ae/{folder}")
        file, _, name = path.partition(".")
        return file, name

    def _tree(self, folder: str, file: str) -> ast.Module:
        path = self.root / "ae" / folder / f"{file}.py"
        if path not in self._trees:
            if not path.is_file():
                there = sorted(p.name for p in path.parent.glob("[!_]*.py") if p.stem != "base")
                raise NotFound(f"ae/{folder}: {no_such('file', f'{file}.py', there)}")
            try:
                self._trees[path] = ast.parse(path.read_bytes())
            except SyntaxError as error:
                line = f"line {error.lineno}: {error.msg}"
                raise NotFound(f"ae/{folder}/{file}.py: not Python: {line}") from None
        return self._trees[path]


def _line(name: str, classes: dict[str, ast.ClassDef]) -> Iterator[ast.ClassDef]:
    """A class and its ancestors in the same file, the nearest first."""
    waiting, seen = [name], set()
    while waiting:
        name = waiting.pop(0)
        if name in classes and name not in seen:
            seen.add(name)
            yield classes[name]
            waiting += _bases([classes[name]])


def _bases(nodes: Iterable[ast.ClassDef]) -> list[str]:
    """The last words of the names of what the classes derive from."""
    return [ast.unparse(base).split("[")[0].split(".")[-1] for n in nodes for base in n.bases]


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
    """Names that the classes give to `self`, in their bodies or by `register_buffer` and kin."""
    found: set[str] = set()
    for node in (n for root in nodes for n in ast.walk(root)):
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


def misfit(annotation: ast.expr | None, value: Any) -> str | None:
    """What a parameter of that annotation expects, if `value` is something else.

    Knows int, float, bool, str, their lists, tuples and unions, and `Literal`; an annotation of
    another kind takes anything.
    """
    match annotation:
        case ast.Name(id=name) if name in WORDS:
            words, types = WORDS[name]
            fits = isinstance(value, types) and (isinstance(value, bool) == (name == "bool"))
            return None if fits else words
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            constants = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            choices = [c.value for c in constants if isinstance(c, ast.Constant)]
            return None if value in choices else f"one of {', '.join(map(repr, choices))}"
        case ast.Subscript(value=ast.Name(id="list" | "tuple" | "Sequence"), slice=inner):
            return _misfit_of_items(inner, value)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            expected = [misfit(left, value), misfit(right, value)]
            said = [e for e in expected if e not in (None, "nothing")]
            return None if None in expected else " or ".join(e for e in said if e)
        case ast.Constant(value=None):
            return "nothing"
    return None


def _misfit_of_items(inner: ast.expr, value: Any) -> str | None:
    each = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    item = each[0]
    said = misfit(item, object())
    whole = f"a list, each item {said}" if said else "a list"
    if not isinstance(value, list) or any(misfit(item, v) for v in value):
        return whole
    open_ended = len(each) == 1 or ast.unparse(each[-1]) == "..."
    return None if open_ended or len(each) == len(value) else f"{whole}, {len(each)} of them"
