"""What a model says that it sweeps, against what its constructor does with it; by syntax alone.

Runs that differ in a swept argument train in one stack, which tells them apart by buffers and by
nothing else. Here is seen what can be seen without torch; a stack that is planned is built and
compared (`ae.training.sweeps`), which also sees what other files' code does.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

BUILTINS = {"abs", "bool", "float", "int", "list", "max", "min", "round", "str", "sum", "tuple"}
LIBRARIES = {"math", "nn", "np", "torch"}  # nothing of theirs makes a buffer of an argument
REMEDY = "register it as a buffer, or take it out of `sweeps`"


def misplaced(tree: ast.Module, name: str) -> Iterator[tuple[str, str]]:
    """Swept arguments of a class of this file that reach no buffer or another place, and why."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    swept = _swept(tree, classes[name])
    flow = _flow(name, classes, frozenset())
    if flow is None:
        return
    for argument in sorted(swept or ()):
        if argument not in flow.arguments:
            yield argument, "`sweeps` names it, but the constructor takes no such argument"
        elif argument in flow.kept:
            where = flow.kept[argument]
            yield argument, f"`sweeps` names it, but it is kept as {where}; {REMEDY}"
        elif argument not in flow.buffered | flow.unknown:
            yield argument, f"`sweeps` names it, but no buffer is made of it; {REMEDY}"


def swept_by(tree: ast.Module, nodes: Iterable[ast.ClassDef]) -> frozenset[str]:
    """What a line of classes, the nearest first, names in `sweeps`, as far as it can be read."""
    declared = (_swept(tree, node) for node in nodes)
    return next((names for names in declared if names is not None), frozenset())


def _swept(tree: ast.Module, node: ast.ClassDef) -> frozenset[str] | None:
    """What the class itself declares; None where it does not, or by an expression of another kind."""
    constants = _assigned(tree.body)
    declared = _assigned(node.body).get("sweeps")
    return None if declared is None else _strings(declared, constants)


def _assigned(body: list[ast.stmt]) -> dict[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
    return found


def _strings(node: ast.expr, constants: dict[str, ast.expr]) -> frozenset[str] | None:
    match node:
        case ast.Call(func=ast.Name(id="frozenset" | "set"), args=[]):
            return frozenset()
        case ast.Call(func=ast.Name(id="frozenset" | "set"), args=[inner]):
            return _strings(inner, constants)
        case ast.Set(elts=items) | ast.List(elts=items) | ast.Tuple(elts=items):
            values = [item.value for item in items if isinstance(item, ast.Constant)]
            return frozenset(map(str, values)) if len(values) == len(items) else None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            one, other = _strings(left, constants), _strings(right, constants)
            return None if one is None or other is None else one | other
        case ast.Name(id=name) if name in constants:
            return _strings(constants[name], constants)
    return None


@dataclass
class _Flow:
    """Where a constructor's arguments go.

    Attributes:
        classes: Those of the file, by name.
        above: The classes whose constructors lead here.
        arguments: Names of the constructor's.
        origins: Local name -> the arguments that its value comes from.
        buffered: Arguments that a buffer is made of.
        kept: Argument -> the attribute, other than a buffer or a submodule, that holds it.
        unknown: Arguments that code of elsewhere gets.
    """

    classes: dict[str, ast.ClassDef]
    above: frozenset[str]
    arguments: frozenset[str]
    origins: dict[str, set[str]]
    buffered: set[str] = field(default_factory=set)
    kept: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def follow(self, body: list[ast.stmt]) -> None:
        """Take the statements in, in their order; each branch and each loop once."""
        for statement in body:
            match statement:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self.assign(target, value)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self.assign(target, value)
                case ast.AugAssign(target=target, value=value):
                    self.assign(target, value)
                case ast.For(target=target, iter=value):
                    self.loop(target, value)
                case ast.Expr(value=ast.Call() as call):
                    self.call(call)
            for block in ("body", "orelse", "finalbody"):
                if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
                    self.follow(getattr(statement, block, []))

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Give a value to a name, an attribute, or several of them."""
        match target, value:
            case ast.Tuple(elts=names), ast.Tuple(elts=values) if len(names) == len(values):
                for name, item in zip(names, values, strict=True):
                    self.assign(name, item)
            case ast.Tuple(elts=names), _:
                for name in names:
                    self.assign(name, value)
            case ast.Name(id=name), _:
                self.origins[name] = self.origins.get(name, set()) | self.sources(value)
            case ast.Attribute(value=ast.Name(id="self"), attr=name), _:
                self.keep(value, f"self.{name}")

    def loop(self, target: ast.expr, values: ast.expr) -> None:
        """Give each name of a loop's target what all of the values are made of."""
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self.assign(node, values)

    def call(self, call: ast.Call) -> None:
        """A call that stands alone: of `register_buffer`, or of anything that gets `self`."""
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="self"), attr="register_buffer"),
                args=[_, *values],
            ):
                for value in (*values, *(k.value for k in call.keywords)):
                    self.buffered |= self.sources(value)
            case _:
                self.unknown |= self.sources(call)

    def keep(self, value: ast.expr, place: str) -> None:
        """Take in an expression whose value an attribute holds."""
        match value:
            case ast.Name(id=name):
                self.kept |= dict.fromkeys(self.origins.get(name, ()), place)
            case ast.GeneratorExp(elt=item) | ast.ListComp(elt=item):
                for each in value.generators:
                    self.loop(each.target, each.iter)
                self.keep(item, place)
            case ast.Call(func=ast.Name(id=name)) if name in self.classes:
                self.delegate(value, name, place)
            case ast.Call(func=function) if not _plain(function):
                self.unknown |= self.sources(value)
            case _:
                for child in ast.iter_child_nodes(value):
                    if isinstance(child, ast.keyword):
                        child = child.value
                    if isinstance(child, ast.expr):
                        self.keep(child, place)

    def delegate(self, call: ast.Call, name: str, place: str) -> None:
        """Arguments that go to the constructor of a class of the same file."""
        inner = _flow(name, self.classes, self.above)
        if inner is None:
            self.unknown |= self.sources(call)
            return
        given = dict(zip(_parameters(self.classes[name]), call.args, strict=False))
        given |= {k.arg: k.value for k in call.keywords if k.arg is not None}
        for parameter, value in given.items():
            sources = self.sources(value)
            if parameter in inner.kept:
                inside = inner.kept[parameter].removeprefix("self.")
                self.kept |= dict.fromkeys(sources, f"{place}.{inside}")
            elif parameter in inner.buffered:
                self.buffered |= sources
            elif parameter in inner.unknown:
                self.unknown |= sources

    def sources(self, value: ast.AST) -> set[str]:
        """The arguments that an expression is made of."""
        names = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
        return {source for name in names for source in self.origins.get(name, ())}


def _flow(name: str, classes: dict[str, ast.ClassDef], above: frozenset[str]) -> _Flow | None:
    """Where the arguments of a class's constructor go; None where it has none of its own."""
    constructor = _constructor(classes[name])
    if constructor is None or name in above:
        return None
    arguments = _parameters(classes[name])
    flow = _Flow(classes, above | {name}, frozenset(arguments), {a: {a} for a in arguments})
    flow.follow(constructor.body)
    return flow


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    found = (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    return next(found, None)


def _parameters(node: ast.ClassDef) -> list[str]:
    constructor = _constructor(node)
    if constructor is None:
        return []
    a = constructor.args
    return [argument.arg for argument in (*a.posonlyargs, *a.args, *a.kwonlyargs)][1:]


def _plain(function: ast.expr) -> bool:
    """Whether a function is Python's or a library's, and so registers nothing with the model."""
    root = function
    while isinstance(root, ast.Attribute):
        root = root.value
    known = LIBRARIES if isinstance(function, ast.Attribute) else BUILTINS
    return isinstance(root, ast.Name) and root.id in known
