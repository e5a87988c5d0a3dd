"""Functions and classes that a spec names, found in syntax trees: nothing is imported.

Those of the project are named `file.function`, found in a folder of the package; those of another
package `package.module:function`, found where Python would import them from.
"""

import ast
import importlib.util
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from ae.disk import visible
from ae.toml.file import no_such

OWN = re.compile(r"[A-Za-z]\w*\.[A-Za-z]\w*", re.ASCII)
FOREIGN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


class NotFound(LookupError):
    """The source tree lacks what a spec names; the message says what there is."""


class Unseen(NotFound):
    """Code of another package that is not installed here, so that it cannot be looked into."""


def is_foreign(path: str) -> bool:
    """Whether a name is that of another package's code."""
    return FOREIGN.fullmatch(path) is not None


def tree_of(
    package: Path,
    folder: str,
    path: str,
    form: str,
    offered: Callable[[str], bool] = lambda file: True,
) -> tuple[ast.Module, str, str]:
    """The syntax tree of the file that `path` names, the file as messages have it, the last name.

    Args:
        package: The folder of `ae`.
        folder: Its folder where the project's own code of that kind is.
        path: `file.name`, or `package.module:name`.
        form: What a message says was expected, such as `file.function`.
        offered: Which files a message names when there is none of that name.

    Raises:
        NotFound: There is no such file, it is no Python, or the path has another form.
        Unseen: It is of a package that is not here.
    """
    if is_foreign(path):
        module, _, name = path.partition(":")
        return _foreign(module, name, ())
    if not OWN.fullmatch(path):
        expected = f"expected {form!r} of ae/{folder}, or 'package.module:name'"
        raise NotFound(f"found {path!r}; {expected}")
    file, _, name = path.partition(".")
    source, shown = package / folder / f"{file}.py", f"ae/{folder}/{file}.py"
    if not source.is_file():
        stems = [p.stem for p in visible(source.parent, "[!_]*.py") if p.stem != "base"]
        there = [f"{stem}.py" for stem in stems if offered(stem)]
        raise NotFound(f"ae/{folder}: {no_such('file', f'{file}.py', there)}")
    return _parsed(source, shown), shown, name


def function(package: Path, folder: str, path: str) -> ast.FunctionDef:
    """The function that `path` names.

    Raises:
        NotFound: There is none.
        Unseen: It is of a package that is not here.
    """
    tree, shown, name = tree_of(package, folder, path, "file.function")
    found = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
    if name not in found:
        raise NotFound(f"{shown}: {no_such('function', name, found)}")
    return found[name]


def _foreign(module: str, name: str, seen: tuple[str, ...]) -> tuple[ast.Module, str, str]:
    """As `tree_of`, of another package's name: the module that defines it, by way of imports."""
    tree = _parsed(module_file(module), module)
    defined = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    for node in tree.body if name not in defined and module not in seen else ():
        if isinstance(node, ast.ImportFrom):
            source = imported_from(node, module)
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _foreign(source, alias.name, (*seen, module))
    return tree, module, name


def imported_from(node: ast.ImportFrom, module: str) -> str:
    """The whole name of the module that a statement of `module` imports from."""
    if not node.level:
        return node.module or ""
    steps = module.split(".")
    within = module_file(module).name == "__init__.py"
    up = steps[: len(steps) - node.level + within]
    return ".".join([*up, *filter(None, [node.module])])


def module_file(module: str) -> Path:
    """The file of another package's module, as Python would import it; nothing is imported.

    Raises:
        NotFound: The package is here, and has no such module.
        Unseen: The package is not here, or not as source.
    """
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise Unseen(f"{module}: not installed here; not checked")
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    for number, step in enumerate(rest, 1):
        files = [place / f"{step}.py" for place in places if (place / f"{step}.py").is_file()]
        if files and number == len(rest):
            return files[0]
        inner = [place / step for place in places if (place / step).is_dir()]
        if not inner and places and not any([*place.glob(f"{step}.*")] for place in places):
            there = {p.stem for place in places for p in place.glob("[!_]*.py")}
            inside = ".".join([first, *rest[: number - 1]])
            raise NotFound(f"{inside}: {no_such('module', step, sorted(there))}")
        places = inner
    inits = [place / "__init__.py" for place in places if (place / "__init__.py").is_file()]
    if not rest and spec.origin and not inits:
        inits = [Path(spec.origin)]
    if not inits or inits[0].suffix != ".py" or not inits[0].is_file():
        raise Unseen(f"{module}: no source of it is here; not checked")
    return inits[0]


def _parsed(source: Path, shown: str) -> ast.Module:
    state = source.stat()
    try:
        return _read(source, state.st_mtime_ns, state.st_size)
    except SyntaxError as error:
        raise NotFound(f"{shown}: not Python: line {error.lineno}: {error.msg}") from None


@lru_cache(maxsize=512)
def _read(source: Path, changed: int, size: int) -> ast.Module:
    """A file's syntax tree; read again when the file changes."""
    return ast.parse(source.read_bytes())
