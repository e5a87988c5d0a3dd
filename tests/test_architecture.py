"""The arrows between modules, held over the syntax trees; and the house rules."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "ae").rglob("*.py"))

# What families of models derive from; a model imports no other model.
BASES = (
    "models.benchmark_code",
    "models.gaussian_code",
    "models.codebook_code",
    "models.latent_groups",
    "models.masked_code",
    "models.sampled_code",
    "models.sphere_code",
)
MAY = {  # package -> what of ae it may import; the floors of the house, from the bottom up
    "errors": set(),
    "maths": set(),
    "redaction": set(),
    "disk": {"errors"},
    "locks": {"disk", "errors"},
    "models": {"maths", "models.base", *BASES},
    "toml": {"errors"},
    "library": {"disk", "errors", "toml"},
    "spec": {"disk", "errors", "toml"},
    "records": {"disk", "errors", "spec", "toml"},
    "data": {"disk", "errors", "library", "locks", "models.base", "redaction", "spec", "toml"},
    "machine": {"disk", "errors", "records", "spec"},
    "check": {"data", "disk", "errors", "library", "records", "spec", "toml"},
    "verdict": {"disk", "errors", "maths", "records", "spec"},
    "results": {"disk", "errors", "machine", "records", "spec", "verdict"},
    "tracking": {"disk", "errors", "locks", "records", "redaction", "spec"},
    "report": {
        "disk",
        "errors",
        "library",
        "locks",
        "machine",
        "records",
        "redaction",
        "results",
        "spec",
        "tracking",
        "verdict",
    },
    "training": {"data", "disk", "errors", "machine", "models.base", "records", "spec"},
    "metrics": {"data", "errors", "maths", "models.base", "spec", "training"},
    "figures": {"disk", "errors", "maths", "metrics", "records", "training"},
    "running": {
        "data",
        "disk",
        "errors",
        "figures",
        "library",
        "locks",
        "machine",
        "records",
        "redaction",
        "spec",
        "toml",
        "training",
        "verdict",
    },
    "contract": {"errors", "library", "machine", "models.base", "spec", "training"},
    "starter": {
        "check",
        "data",
        "disk",
        "errors",
        "library",
        "maths",
        "models.base",
        "models.gaussian_code",
        "spec",
        "toml",
    },
    "gate": {"disk", "errors", "library", "machine", "records", "spec", "verdict"},
    "cli": {
        "check",
        "contract",
        "data",
        "disk",
        "errors",
        "gate",
        "library",
        "locks",
        "machine",
        "records",
        "redaction",
        "report",
        "results",
        "running",
        "spec",
        "starter",
        "toml",
        "tracking",
        "verdict",
    },
}
TOP = {"__main__", "__init__"}  # may import what they need
LINES = 250  # of a file at most
LONG: dict[str, str] = {  # files that are longer, and why
    "metrics.disentanglement": "six scores, each with its label, of one protocol",
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "ae").with_suffix("").parts)


@functools.cache
def imports(path: Path) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def own(path: Path) -> set[str]:
    """The modules of ae that a file imports, as `models.base` or `spec`."""
    found = set()
    for name in imports(path):
        head, _, rest = name.partition(".")
        if head == "ae" and rest:
            parts = rest.split(".")
            base = parts[0]
            shared = ".".join(parts[:2])
            found.add(shared if shared in {"models.base", *BASES} else base)
    return found - {"__version__"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_the_arrows_between_modules_hold(path):
    name = name_of(path)
    group = name.partition(".")[0]
    if group in TOP:
        return
    allowed = MAY[group] | ({group} if group not in {"models"} else set())
    strange = {m for m in own(path) if m not in allowed}
    assert strange == set(), f"{name} imports {sorted(strange)}"


@pytest.mark.parametrize(
    ("library", "owner"),
    [
        ("mlflow", "tracking"),
        ("jinja2", "report"),
        ("pandas", "results"),
        ("weasyprint", "report"),
        ("pypdf", "report"),
        ("latex2mathml", "spec"),
        ("ray", "running"),
        ("torchvision", "data"),
    ],
)
def test_a_library_has_one_importer(library, owner):
    users = {
        name_of(path)
        for path in SOURCES
        if any(m == library or m.startswith(f"{library}.") for m in imports(path))
    }
    assert {u.partition(".")[0] for u in users} <= {owner}


def test_no_model_imports_another():
    for path in (ROOT / "ae" / "models").glob("*.py"):
        assert {m for m in imports(path) if m.startswith("ae.models")} <= {
            m
            for m in imports(path)
            if m.startswith(("ae.models.base", *(f"ae.{base}" for base in BASES)))
        } | {"ae.models"}


def test_a_file_is_short():
    long = {name_of(p) for p in SOURCES if len(p.read_text("utf-8").splitlines()) > LINES}
    assert long - LONG.keys() == set(), f"more than {LINES} lines: divide them along their nouns"
    assert LONG.keys() - long == set(), "short by now: strike them from LONG"


def test_few_files_lie_at_the_root():
    assert len(list((ROOT / "ae").glob("*.py"))) <= 6


def test_no_arrow_goes_up_and_none_in_a_circle():
    """Packages: what one may import may not, by any way, import it."""
    reached: dict[str, set[str]] = {}
    for name in MAY:
        todo, found = [name], set()
        while todo:
            for other in {m.partition(".")[0] for m in MAY[todo.pop()]} - found - {name}:
                found.add(other)
                todo.append(other)
        reached[name] = found
    circles = {(a, b) for a in MAY for b in reached[a] if a in reached[b] and a != b}
    assert circles == set()


def test_no_module_imports_itself_by_any_way():
    """Modules, but for what only a function or a type checker imports."""
    graph = {name_of(p).removesuffix(".__init__"): at_once(p) for p in SOURCES}
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path, name])
        if name in finished:
            return
        for other in sorted(graph.get(name, ())):
            visit(other, (*path, name))
        finished.add(name)

    for name in graph:
        visit(name, ())


def at_once(path: Path) -> set[str]:
    """The modules of ae that a file imports when it is itself imported."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ae."):
            base = node.module.removeprefix("ae.")
            names = {f"{base}.{alias.name}" for alias in node.names}
            modules = {
                n for n in names if (ROOT / "ae" / n.replace(".", "/")).with_suffix(".py").exists()
            }
            found |= modules or {base}
    return found


def test_only_the_command_prints_or_exits():
    strange = []
    for path in SOURCES:
        if name_of(path).partition(".")[0] in {"cli", "__main__"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in {"print", "exit", "quit", "sys.exit", "os._exit", "click.echo"}:
                    strange.append(f"{name_of(path)}:{node.lineno} {called}")
    assert strange == []


def test_declarations_hold_no_python():
    for folder in ("benchmarks", "datasets", "reports"):
        assert list((ROOT / folder).rglob("*.py")) == []


@pytest.mark.parametrize(
    "module",
    [
        "spec",
        "spec.read",
        "records.record",
        "records.reviews",
        "check",
        "verdict",
        "results",
        "report",
        "cli.session",
        "running.devices",
        "running.suite",
    ],
)
def test_judging_reporting_and_sharing_work_out_need_no_torch(module):
    code = (
        f"import sys; sys.modules['torch'] = None; sys.modules['mlflow'] = None\nimport ae.{module}"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


def test_help_loads_nothing_heavy():
    code = (
        "import sys, ae.cli.main\n"
        "heavy = {'torch', 'mlflow', 'numpy', 'scipy', 'pandas', 'matplotlib', 'weasyprint',\n"
        "    'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60, capture_output=True
    )
    assert done.stdout.decode().strip() == "[]"
