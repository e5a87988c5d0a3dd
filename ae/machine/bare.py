"""A definition's syntax without what changes no number."""

import ast


def bare(node: ast.stmt) -> ast.stmt:
    """A definition without what changes no number; it is changed in place."""
    stripped: ast.stmt = _Bare().visit(node)
    return stripped


class _Bare(ast.NodeTransformer):
    """Takes away docstrings, annotations in functions, assertions, the words of errors."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for argument in [*every, *filter(None, [node.args.vararg, node.args.kwarg])]:
            argument.annotation = None
        node.body = _without_docstring(node.body)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        node.body = _without_docstring(node.body)
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        node.cause = None
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return ast.Pass()


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest or [ast.Pass()]
    return body
