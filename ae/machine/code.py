"""The code that a result depends on: definitions that are reached from a function or a class.

A definition is reached if the text of one that is reached names it, in its own module or by an
import from the same package; code of a lab also reaches `ae`, and what else is not installed but
lies in a folder of somebody's. Each is digested as its syntax tree without docstrings, comments,
annotations of parameters, assertions and the words of errors, so that none of these, nor a helper
that is added beside it, makes a result stale. Nothing is imported here.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from ae.disk import digest, visible
from ae.errors import UserError
from ae.machine.bare import bare
from ae.machine.modules import PACKAGE, follows, path_of

EFFECTS = "<module>"  # what a module does when it is imported, beside defining names


@cache
def code_of(*roots: str) -> Mapping[str, str]:
    """Digest of every definition that is reached from `roots`, by `module:name`.

    It is read once in a process: what has been imported does not change when its file does.

    Args:
        roots: Definitions, as `ae.models.vae:VAE`; without a name, all of a module's.

    Raises:
        UserError: There is no such module or name.
    """
    found: dict[str, str] = {}
    todo = [*roots]
    while todo:
        module, _, name = todo.pop().partition(":")
        if f"{module}:{name}" in found:
            continue
        here = _module(module)
        if not name:
            found[f"{module}:"] = ""
            todo += [f"{module}:{each}" for each in (*here.definitions, EFFECTS)]
            continue
        if name != EFFECTS and name not in here.definitions:
            if not (elsewhere := [*here.imported(name)]):
                raise UserError(f"{module}: found no {name!r}")
            todo += [*elsewhere, f"{module}:{EFFECTS}"]
            continue
        found[f"{module}:{name}"] = here.digest(name)
        todo.append(f"{module}:{EFFECTS}")
        todo += here.reached(name)
    return MappingProxyType({place: sha for place, sha in sorted(found.items()) if sha})


def code_digest(*roots: str) -> str:
    """One digest over `code_of`."""
    return digest(dict(code_of(*roots)))


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The definitions in which two codes differ, for people: `vae.VAE`."""
    different = [p for p in sorted({*before, *now}) if before.get(p) != now.get(p)]
    return [p.removeprefix("ae.").replace(":", ".") for p in different]


class _Module:
    """A module's definitions and what its names stand for."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.definitions: dict[str, list[ast.stmt]] = {}
        self._imports: dict[str, str] = {}
        self._stars: list[str] = []
        self._effects: list[ast.stmt] = []
        self._bare: set[str] = set()  # names whose definitions are stripped by now
        self._package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError as error:
            raise UserError(f"{path}: line {error.lineno}: not Python: {error.msg}") from None
        for node in tree.body:
            self._take(node)

    def _take(self, node: ast.stmt) -> None:
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
            ):
                self.definitions.setdefault(name, []).append(node)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign() if _bound(node):
                for name in _bound(node):
                    self.definitions.setdefault(name, []).append(node)
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.If() if "TYPE_CHECKING" in ast.unparse(node.test):
                pass
            case ast.Expr(value=ast.Constant()):
                pass
            case _:
                self._effects.append(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._imports[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
            return
        module = self._source(node)
        for alias in node.names:
            if alias.name == "*":
                self._stars.append(f"{module}:")
            else:
                self._imports[alias.asname or alias.name] = f"{module}:{alias.name}"

    def _source(self, node: ast.ImportFrom) -> str:
        """The whole name of the module that a statement imports from."""
        if not node.level:
            return node.module or ""
        steps = self._package.split(".")
        return ".".join([*steps[: len(steps) - node.level + 1], *filter(None, [node.module])])

    def imported(self, name: str) -> Iterator[str]:
        """Where a name that this module imports is defined, if that is followed."""
        if name in self._imports:
            yield from self._target(self._imports[name], ())

    def digest(self, name: str) -> str:
        text = "\n".join(map(ast.unparse, self._nodes(name)))
        return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""

    def _nodes(self, name: str) -> list[ast.stmt]:
        """Of a definition, bare; most of a module's are never asked for."""
        nodes = self._effects if name == EFFECTS else self.definitions[name]
        if name not in self._bare:
            self._bare.add(name)
            nodes[:] = map(bare, nodes)
        return nodes

    def reached(self, name: str) -> Iterator[str]:
        """What the definition of this name names, of the code that is followed."""
        if name == EFFECTS:  # of a module whose names are all taken, all is taken
            yield from (star for star in self._stars if follows(self.name, star[:-1]))
        for node in self._nodes(name):
            local = {*self._imports_within(node)}
            for used, attributes in _names(node):
                if used in self.definitions and used != name:
                    yield f"{self.name}:{used}"
                elif used in self._imports:
                    yield from self._target(self._imports[used], attributes)
            for target, attributes in local:
                yield from self._target(target, attributes)

    def _imports_within(self, node: ast.stmt) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Imports in the body of a function."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.ImportFrom):
                source = self._source(inner)
                yield from ((f"{source}:{alias.name}", ()) for alias in inner.names)
            elif isinstance(inner, ast.Import):
                yield from ((alias.name, ()) for alias in inner.names)

    def _target(self, target: str, attributes: tuple[str, ...]) -> Iterator[str]:
        """The definition that an imported name stands for, if that is followed."""
        module, _, name = target.partition(":")
        if not follows(self.name, module):
            return
        steps = [*filter(None, [name]), *attributes]
        while steps and path_of(f"{module}.{steps[0]}") is not None:
            module = f"{module}.{steps.pop(0)}"
        if not steps:
            yield f"{module}:"  # a module that is handed on as a whole
            return
        if path_of(module) is None:  # a folder of packages, and no such module in it
            return
        there = _module(module)
        if steps[0] in there.definitions:
            yield f"{module}:{steps[0]}"
        elif steps[0] in there._imports:
            yield from there._target(there._imports[steps[0]], tuple(steps[1:]))


def _bound(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = (n for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
    return {n.id for n in names if isinstance(n.ctx, ast.Store)}


def _names(node: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every name that is read, with the attributes that are taken of it: `a.b.c` -> a, (b, c)."""
    inner: set[int] = set()
    for field in ast.walk(node):  # what an annotation names decides no number
        if isinstance(field, ast.AnnAssign):
            inner |= {id(part) for part in ast.walk(field.annotation)}
    for found in ast.walk(node):
        if isinstance(found, ast.Attribute) and id(found) not in inner:
            steps: list[str] = []
            step: ast.expr = found
            while isinstance(step, ast.Attribute):
                inner.add(id(step))
                steps.insert(0, step.attr)
                step = step.value
            if isinstance(step, ast.Name):
                inner.add(id(step))
                yield step.id, tuple(steps)
        elif isinstance(found, ast.Name) and id(found) not in inner:
            yield found.id, ()


@cache
def _parsed(module: str, path: Path, stamp: tuple[int, int]) -> _Module:
    return _Module(module, path)


def _module(name: str) -> _Module:
    path = path_of(name)
    if path is None:
        raise UserError(f"found no module {name!r}")
    facts = path.stat()
    return _parsed(name, path, (facts.st_mtime_ns, facts.st_size))


def all_code(folder: Path = PACKAGE) -> str:
    """Digest of every file of the package, word for word: which code a record was made by."""
    paths = visible(folder, "**/*.py")
    return digest({str(p.relative_to(folder)): p.read_text(encoding="utf-8") for p in paths})
