"""Nothing that `ae` reads is run: held over the syntax trees of the package."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "ae").rglob("*.py"))
MODULES = (
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "scipy.io",
    "yaml",
)
CALLS = ("eval", "exec", "compile", "__import__", "torch.load", "os.system", "os.popen")
METHODS = ("read_pickle", "to_pickle", "extractall", "loadmat", "hub_load", "unpack_archive")


def name(node: ast.expr) -> str:
    """`torch.load` of such an expression; nothing for others."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{name(node.value)}.{node.attr}"
        case _:
            return ""


def dangers(tree: ast.AST):
    """Lines that could run code out of data, each with what is wrong there."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                used = [alias.name for alias in node.names]
            case ast.ImportFrom():
                used = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
            case ast.Call():
                called = name(node.func)
                keys = {k.arg: k.value for k in node.keywords}
                safe = keys.get("allow_pickle")
                if called.endswith(".load") and called.split(".")[0] in ("np", "numpy"):
                    if not (isinstance(safe, ast.Constant) and safe.value is False):
                        yield node.lineno, f"{called} without allow_pickle=False"
                elif safe is not None and not (isinstance(safe, ast.Constant) and not safe.value):
                    yield node.lineno, f"{called} with allow_pickle"
                shell = keys.get("shell")
                if shell is not None and not (isinstance(shell, ast.Constant) and not shell.value):
                    yield node.lineno, f"{called} with a shell"
                if called in CALLS or called.rpartition(".")[2] in METHODS:
                    yield node.lineno, called
                continue
            case _:
                continue
        for module in used:
            if any(module == m or module.startswith(f"{m}.") for m in MODULES):
                yield node.lineno, f"imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_nothing_is_unpickled_evaluated_or_extracted(path):
    assert list(dangers(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from scipy.io import loadmat",
        "from scipy import io",
        "torch.load(path)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
        "np.save(path, x, allow_pickle=True)",
        "eval(text)",
        "subprocess.run(text, shell=True)",
        "archive.extractall(folder)",
        "pandas.read_pickle(path)",
    ],
)
def test_the_test_sees_what_it_looks_for(line):
    assert len(list(dangers(ast.parse(line)))) >= 1


def test_what_is_allowed_passes():
    allowed = "np.load(path, allow_pickle=False)\nre.compile('x')\nstore.load(path, 'cpu')"
    assert list(dangers(ast.parse(allowed))) == []
