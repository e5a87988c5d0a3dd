"""What a model's class derives from, in its own file and in those that it imports from."""

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ae.spec.syntax import imported_from

ROOT_CLASS = "Autoencoder"
PACKAGE = "ae.models"
PLAIN = {ROOT_CLASS, "ABC", "Generic", "Module", "Protocol", "object"}  # no ancestors of a model
Tree = Callable[[str], ast.Module | None]


class Line(NamedTuple):
    """A class and its ancestors, the nearest first, the root left out.

    `abstract` are the methods that they leave to others, where they lead to the root at all;
    `strange` are bases of which nothing is known.
    """

    nodes: tuple[ast.ClassDef, ...]
    rooted: bool
    abstract: frozenset[str]
    strange: tuple[str, ...]


def line(file: str, name: str, tree: Tree) -> Line:
    """The line of a class.

    Args:
        file: Its file in `ae/models`; of another package, the module's whole name and a colon.
        name: The class.
        tree: Gives the syntax of such a file, None where there is none.
    """
    waiting, seen = [(file, name)], set()
    nodes, rooted, strange = [], False, list[str]()
    while waiting:
        place = waiting.pop(0)
        node = None if place in seen else _class(tree(place[0]), place[1])
        seen.add(place)
        if node is not None:
            nodes.append(node)
            bases = [ast.unparse(base).split("[")[0] for base in node.bases]
            rooted |= any(base.split(".")[-1] == ROOT_CLASS for base in bases)
            known = _known(place[0], tree(place[0]))
            waiting += [known[base] for base in bases if base in known]
            strange += [base for base in bases if not _is_known(base, known, tree)]
    root = _class(tree("base"), ROOT_CLASS)
    whole = [n for n in nodes if n.name != ROOT_CLASS]
    left = _left_open([*whole, *([root] if root else [])])
    return Line(tuple(whole), rooted, left, tuple(strange))


def _is_known(base: str, known: dict[str, tuple[str, str]], tree: Tree) -> bool:
    """Whether it is clear what a base is: the root, a class that is seen, or none of a model."""
    if base.split(".")[-1] in PLAIN:
        return True
    return base in known and _class(tree(known[base][0]), known[base][1]) is not None


def _class(tree: ast.Module | None, name: str) -> ast.ClassDef | None:
    return _classes(tree).get(name)


def _classes(tree: ast.Module | None) -> dict[str, ast.ClassDef]:
    body = [] if tree is None else tree.body
    return {node.name: node for node in body if isinstance(node, ast.ClassDef)}


def _known(file: str, tree: ast.Module | None) -> dict[str, tuple[str, str]]:
    """Classes by the names that they have in a file: its own, and those that it imports."""
    own = file.removesuffix(":") if file.endswith(":") else f"{PACKAGE}.{file}"
    found = dict(_imported([] if tree is None else tree.body, own))
    return found | {name: (file, name) for name in _classes(tree)}


def _imported(body: Iterable[ast.stmt], own: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in (n for n in body if isinstance(n, ast.ImportFrom)):
        module = imported_from(node, own)
        ours = module.startswith(f"{PACKAGE}.")
        file = module.removeprefix(f"{PACKAGE}.") if ours else f"{module}:"
        yield from ((alias.asname or alias.name, (file, alias.name)) for alias in node.names)


def _left_open(nodes: Iterable[ast.ClassDef]) -> frozenset[str]:
    """Methods that are abstract in a line of classes, the nearest first, and not made since."""
    closed: set[str] = set()
    found: set[str] = set()
    for node in nodes:
        for item in (i for i in node.body if isinstance(i, ast.FunctionDef)):
            if any("abstractmethod" in ast.unparse(d) for d in item.decorator_list):
                found |= {item.name} - closed
            else:
                closed.add(item.name)
    return frozenset(found)
