"""Which methods of a model each metric and figure calls, read from the syntax trees.

`python tests/spec/needs.py` prints the two tables as `benchmarks/README.md` has them.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parents[2] / "ae"
STATE = {"buffers": "buffer", "parameters": "parameter"}  # of a stack: tensors by their names
TORCHS = {"modules", "eval", "train", "draws_for", "double", "to"}  # every module's own
CALLS = {"share", "call", "sample", "of"}  # of a stack, or of a trained run: the method by its name
Function = tuple[str, str]  # module, name
OPEN: list[Function] = []  # whose methods are being looked for


class Module(NamedTuple):
    """A file's functions, and what its other names stand for."""

    functions: dict[str, ast.FunctionDef]
    names: dict[str, Function]


@cache
def module(name: str) -> Module:
    """A module of the package, such as `metrics.probe`."""
    path = PACKAGE.joinpath(*name.split(".")).with_suffix(".py")
    if not path.is_file():
        return Module({}, {})
    functions: dict[str, ast.FunctionDef] = {}
    names: dict[str, Function] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = node
            names[node.name] = (name, node.name)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ae."):
            for alias in node.names:
                source = (node.module or "").removeprefix("ae.")
                names[alias.asname or alias.name] = (source, alias.name)
    return Module(functions, names)


@cache
def needed(function: Function) -> frozenset[str]:
    """The methods that a function calls, by itself or by others; `{codes}` is what `codes` names."""
    if function in OPEN:  # two functions that call each other
        return frozenset()
    OPEN.append(function)
    found = frozenset(_needed(function)) - _asked_for(function)
    OPEN.remove(function)
    return found


def _asked_for(function: Function) -> set[str]:
    """The methods that a function calls only of a model that has them: `hasattr(model, "codes")`."""
    node = module(function[0]).functions.get(function[1])
    return {
        part.args[1].value
        for part in (ast.walk(node) if node else ())
        if isinstance(part, ast.Call)
        and isinstance(part.func, ast.Name)
        and part.func.id == "hasattr"
        and isinstance(part.args[1], ast.Constant)
    }


def _needed(function: Function) -> Iterator[str]:
    own = module(function[0])
    node = own.functions.get(function[1])
    if node is None:
        return
    names = _names(node)
    inner = {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            yield from _called(part, names)
            yield from _passed_on(part, own, names)
        elif isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Constant):
            kind = part.value.attr if isinstance(part.value, ast.Attribute) else ""
            if kind in STATE:
                yield f"{STATE[kind]} {part.slice.value}"
        elif isinstance(part, ast.Name) and part.id in {*own.names} - {*names, *inner, node.name}:
            yield from (m for m in needed(own.names[part.id]) if "{" not in m)
        elif isinstance(part, ast.Attribute) and (member := _member(part, own)):
            yield from (m for m in needed(member) if "{" not in m)


def _member(part: ast.Attribute, own: Module) -> Function | None:
    """`curves.line`, where `curves` is a module of the package."""
    source = own.names.get(part.value.id) if isinstance(part.value, ast.Name) else None
    return (f"{source[0]}.{source[1]}", part.attr) if source else None


def _names(node: ast.FunctionDef) -> list[str]:
    """The names of a function's parameters."""
    return [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]


def _called(call: ast.Call, names: list[str]) -> Iterator[str]:
    """The method that a call names: `stack.share("encode", x)`, `partial(stack.share, "encode")`."""
    attribute, arguments = call.func, call.args
    if ast.unparse(attribute).startswith("model.") and isinstance(attribute, ast.Attribute):
        yield from [attribute.attr] if attribute.attr not in TORCHS else ()
    if isinstance(attribute, ast.Name) and attribute.id == "partial" and arguments:
        attribute, arguments = arguments[0], arguments[1:]
    if isinstance(attribute, ast.Attribute) and attribute.attr in CALLS and arguments:
        yield from _word(arguments[0], names)


def _word(argument: ast.expr, names: list[str]) -> Iterator[str]:
    """A method by its name, or by the parameter that names it: each of `methods` is a `method`."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.Name):
        several = argument.id not in names and f"{argument.id}s" in names
        yield f"{{{argument.id}s}}" if several else f"{{{argument.id}}}"


def _passed_on(call: ast.Call, own: Module, names: list[str]) -> Iterator[str]:
    """What a called function needs of the methods that its arguments name."""
    if isinstance(call.func, ast.Name):
        target = own.names.get(call.func.id)
    elif isinstance(call.func, ast.Attribute):
        target = _member(call.func, own)
    else:
        target = None
    node = module(target[0]).functions.get(target[1]) if target else None
    if target is None or node is None:
        return
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    given: dict[str, ast.expr] = {a.arg: d for a, d in pairs if d is not None}
    given |= dict(zip(_names(node), call.args, strict=False))
    given |= {k.arg: k.value for k in call.keywords if k.arg}
    for method in needed(target):
        if method.startswith("{"):
            yield from _word(given[method[1:-1]], names) if method[1:-1] in given else ()
        else:
            yield method


def table(folder: str) -> dict[str, list[str]]:
    """`file.function` of every metric or figure, and the methods that it needs."""
    found = {}
    for path in sorted((PACKAGE / folder).glob("*.py")):
        for name, node in module(f"{folder}.{path.stem}").functions.items():
            if is_named_by_specs(folder, node):
                found[f"{path.stem}.{name}"] = sorted(needed((f"{folder}.{path.stem}", name)))
    return found


def is_named_by_specs(folder: str, node: ast.FunctionDef) -> bool:
    """A metric says what it measures; a figure takes runs and gives a drawing."""
    if folder == "metrics":
        calls = [d.func for d in node.decorator_list if isinstance(d, ast.Call)]
        return any(isinstance(f, ast.Name) and f.id == "measure" for f in calls)
    given = [ast.unparse(a.annotation) for a in node.args.args if a.annotation]
    takes = given == ["list[Trained]"]
    gives = node.returns is not None and ast.unparse(node.returns) == "Drawing"
    return takes and gives and not node.name.startswith("_")


def rows(folder: str) -> list[str]:
    """The table of a folder as Markdown: functions that need the same stand in one row."""
    together: dict[str, list[str]] = {}
    for name, methods in table(folder).items():
        words = ", ".join(_shown(method) for method in methods)
        together.setdefault(words or "none", []).append(f"`{name}`")
    ordered = sorted(together.items(), key=lambda row: (row[0] == "none", row[0]))
    return [f"| {methods} | {', '.join(names)} |" for methods, names in ordered]


def _shown(method: str) -> str:
    kind, _, name = method.rpartition(" ")
    if method.startswith("{"):
        return f"what `{method[1:-1]}` names"
    return f"{kind} `{name}`" if kind else f"`{name}`"


if __name__ == "__main__":
    for folder in ("metrics", "figures"):
        print(f"| methods of the model | {folder} |\n|---|---|")
        print("\n".join(rows(folder)), end="\n\n")
